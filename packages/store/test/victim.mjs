// A process to be killed. Writes statistics each step and a checkpoint every third, from where it was left, for ever.
import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

const [dist, folder, elements] = process.argv.slice(2);
const store = await import(pathToFileURL(join(dist, 'index.js')).href);

/** Bytes that only this step has. */
const fill = (step) => {
  const seed = createHash('sha256').update(String(step)).digest();
  return Uint8Array.from({ length: Number(elements) }, (_, i) => seed[i % 32] ^ (i >> 5));
};
const checkpoints = join(folder, 'checkpoints');
const { newest } = await store.newestWholeCheckpoint(checkpoints);
let step = newest === undefined ? 0 : newest.step + 1;
const options = { resumeAtStep: step, flushMilliseconds: 0 };
const steps = store.openStatistics(join(folder, 'steps.arrow'), store.stepStatistics, options);
const tensors = store.openStatistics(join(folder, 'tensors.arrow'), store.tensorStatistics, options);
process.stdout.write('ready\n');
for (; ; step++) {
  steps.append([{ step, loss: 1 / (step + 1) }]);
  const row = { step, site: 'down', operand: 'input', format: 'e4m3fn', amax: step };
  tensors.append(Array.from({ length: 50 }, (_, layer) => ({ ...row, layer })));
  if (step % 3 === 0) {
    const data = fill(step);
    const weights = [
      { name: 'w', role: 'weight', format: 'uint8', shape: [data.length], data },
      { name: 'w', role: 'moment1', format: 'uint8', shape: [data.length], data: data.slice().reverse() },
    ];
    const path = join(checkpoints, store.checkpointFileName(step));
    try {
      await store.writeCheckpoint(path, { step: String(step) }, weights, { chunkBytes: 65536 });
    } catch (error) {
      process.stderr.write(`${error.name}: ${error.message}\n`);
      process.exit(1);
    }
    process.stdout.write(`saved ${step}\n`);
  }
  await new Promise((resolve) => setImmediate(resolve));
}
