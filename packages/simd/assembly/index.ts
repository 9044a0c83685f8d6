/** @file What the host sees of the kernels. */
export { runAlone, runShared, work } from './control';
