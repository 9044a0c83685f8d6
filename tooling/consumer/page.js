/**
 * @file The page that a consumer's bundle makes: every example of the browser packages as it stands in the READMEs, the
 * conformance suite on gpu.js, and a kernel that is a function; what came of them goes to the test.
 */
import { FP32 } from '@octavo/formats';
import { createGpuDevice, elements } from '@octavo/kernels';
import { conformance } from '@octavo/kernels/conformance';
import { examples } from './examples.js'; // written beside this file: [name, () => import(…)] of each

const printed = {};
const log = console.log;
for (const [name, load] of examples) {
  const lines = [];
  console.log = (...values) => lines.push(values.join(' '));
  await load().catch((error) => lines.push(String(error)));
  printed[name] = lines;
}
console.log = log;

const failures = {};
for (const [backend, limits] of [
  ['webasm', {}],
  ['webgpu', { subnormals: false, exponentialOfNan: false }],
]) {
  const how = { expectName: `gpu:${backend}`, exact: true, ...limits };
  const all = conformance(() => createGpuDevice({ backend, allowSoftware: true }), how);
  // gpu.js gives every WebAssembly kernel a memory of its own; those of all cases are too many for one page: the first of each.
  const first = new Map(all.map((one) => [one.operator ?? one.name, one]).reverse());
  const cases = backend === 'webasm' ? [...first.values()].reverse() : all;
  const failed = [];
  for (const one of cases) await one.run().catch((error) => failed.push(`${one.name}: ${error.message}`));
  failures[backend] = { cases: cases.length, failed };
}

/** What a user's own operator says whose kernel is a function, or its text. */
async function own(kernel) {
  const device = await createGpuDevice({ backend: 'webasm' });
  const operator = {
    name: 'negate',
    shape: (_, [x]) => x,
    reference: () => undefined,
    passes: ({ out }) => [
      { name: 'negate', kernel, constants: {}, cells: elements(out), arguments: ['in0'] },
    ],
  };
  const [x, y] = [device.alloc([3], FP32), device.alloc([3], FP32)];
  device.write(x, [1, -2, 3]);
  try {
    device.run(operator, {}, [x], [y]);
    return [...(await device.read(y))].join(' ');
  } catch (error) {
    return error.message;
  } finally {
    await device.destroy();
  }
}

const owns = {
  text: await own('function (values) { const value = values[this.thread.x]; return 0 - value; }'),
  function: await own(function (values) {
    const value = values[this.thread.x];
    return 0 - value;
  }),
};

await fetch('/result', { method: 'POST', body: JSON.stringify({ printed, failures, owns }) });
