/** @file A group of one: every operation is a copy. */
import { type Communicator, checkExchange, checkParts, checkRoot, type Movable } from './communicator.ts';

export function soloCommunicator(): Communicator {
  const copy = async (from: Movable, to: Movable): Promise<void> => to.set(from);
  return {
    rank: 0,
    size: 1,
    description: 'one process',
    async allReduce() {},
    async reduceScatter(values, own) {
      checkParts('reduceScatter', own, values, 1);
      await copy(values, own);
    },
    async allGather(own, values) {
      checkParts('allGather', own, values, 1);
      await copy(own, values);
    },
    async allToAll(values, received) {
      checkExchange(values, received, 1);
      await copy(values, received);
    },
    async broadcast(_, root) {
      checkRoot(root, 1);
    },
    async barrier() {},
    progress() {},
    async close() {},
    abort: (exitCode) => process.exit(exitCode),
  };
}
