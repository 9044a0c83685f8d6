export type { Communicator, Movable, Operation, Reducible } from './communicator.ts';
export { launchedHere, launchedRank, launchedSize, openCommunicator } from './open.ts';
export { soloCommunicator } from './solo.ts';
export { createThreadGroup, joinThreadGroup, type ThreadGroup } from './threads.ts';
export { fromFirst, gatherValues } from './values.ts';
