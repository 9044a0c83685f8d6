/** @file A rank of the tests under mpirun, on the built package; its argument says what it does. */
import { openCommunicator } from '../dist/index.js';
import { faultsOf } from './operations.mjs';

const [kind] = process.argv.slice(2);
const stalls = kind === 'stalled';
const group = openCommunicator({ patience: stalls ? 2 : 60 });
const { rank, size, description } = group;
try {
  const faults = stalls ? await stalled() : await faultsOf(group, [1, 5, 1000], 5_000_000); // the longest in several messages
  process.stdout.write(`${rank} of ${size} by ${description}: ${faults.join('; ') || 'right'}\n`);
  await group.close();
} catch (error) {
  process.stderr.write(`rank ${rank}: ${/** @type {Error} */ (error).message}\n`);
  group.abort(1);
}

/** The last rank stops, as on a machine that hangs. @returns {Promise<string[]>} */
async function stalled() {
  await group.barrier();
  if (rank === size - 1) process.kill(process.pid, 'SIGSTOP');
  await group.allReduce(new Float32Array(4), 'sum');
  return ['nobody noticed'];
}
