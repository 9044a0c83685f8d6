/** @file Cases of the contract itself: memory, order, copies, and what must be refused. Each makes a device of its own. */
import { BF16, E4M3FN, FP32, formats, OctavoError } from '@octavo/formats';
import type { Device } from '../device.ts';
import { quantizeCurrent } from '../fused/quantize.ts';
import { add } from '../operators/elementwise.ts';
import { scaleBy } from '../operators/scale.ts';
import { sum } from '../operators/sums.ts';
import { elements, type Shape, type Tensor } from '../tensor.ts';
import { agree, type ConformanceCase, type ConformanceOptions, differ } from './case.ts';
import { normal, valuesIn } from './data.ts';

type Check = (device: Device, options: ConformanceOptions) => Promise<void>;

const EXACT = { format: FP32, exact: true, tolerance: 0 };

const filled = (
  device: Device,
  values: ArrayLike<number>,
  shape: Shape = [values.length],
  format = FP32,
): Tensor => {
  const tensor = device.alloc(shape, format);
  device.write(tensor, values);
  return tensor;
};

const holds = async (name: string, device: Device, tensor: Tensor, values: ArrayLike<number>) =>
  agree(name, Float32Array.from(values), await device.read(tensor), EXACT);

function refuses(what: string, action: () => void): void {
  try {
    action();
  } catch (error) {
    if (OctavoError.is(error)) return;
    throw error;
  }
  differ(what, 'no error', 'an OctavoError');
}

const checks: Readonly<Record<string, Check>> = {
  'the device is the one asked for': async (device, { expectName }) => {
    if (device.name !== expectName) differ('name of the device', device.name, expectName);
    if (device.description === '' || device.description.includes('\n')) {
      differ('description', JSON.stringify(device.description), 'one line');
    }
  },

  'every format holds its values': async (device, { subnormals = true }) => {
    for (const format of Object.values(formats)) {
      const values = valuesIn(format).filter((v) => subnormals || v === 0 || Math.abs(v) >= 2 ** -126);
      const tensor = filled(device, values, [values.length], format);
      if (tensor.format !== format) {
        differ(format.name, tensor.format.name, 'its format');
      }
      agree(`values of ${format.name}`, values, await device.read(tensor), EXACT);
      device.free(tensor);
    }
  },

  'shapes are kept': async (device) => {
    for (const shape of [[1], [3, 5], [2, 3, 4], [1, 1, 1]] as const) {
      const values = normal(elements(shape), 1);
      const tensor = filled(device, values, shape);
      if (tensor.shape.join() !== shape.join()) differ('shape', `[${tensor.shape}]`, `[${shape}]`);
      await holds('values', device, tensor, values);
    }
  },

  'a write takes the values of its moment': async (device) => {
    const values = Float32Array.of(1, 2, 3);
    const tensor = filled(device, values);
    values.fill(9);
    await holds('written values', device, tensor, [1, 2, 3]);
    device.write(tensor, [4, 5, 6]);
    await holds('a plain array', device, tensor, [4, 5, 6]);
  },

  'a read gives a copy of its moment': async (device) => {
    const tensor = filled(device, [1, 2, 3]);
    const early = device.read(tensor);
    device.write(tensor, [7, 8, 9]);
    agree('read before a write', Float32Array.of(1, 2, 3), await early, EXACT);
    (await device.read(tensor)).fill(5);
    await holds('after its copy changed', device, tensor, [7, 8, 9]);
  },

  'everything happens in the order of the calls': async (device) => {
    const x = device.alloc([4], FP32);
    const y = device.alloc([4], FP32);
    const all = device.alloc([5, 4], FP32);
    const two = filled(device, [2]);
    for (let i = 0; i < 5; i++) {
      device.write(x, [i, i + 1, i + 2, i + 3]);
      device.run(scaleBy, {}, [x, two], [y]);
      device.copy(all, y, { to: 4 * i });
      if (i === 2) await device.flush();
    }
    await device.flush();
    const expected = [0, 1, 2, 3, 4].flatMap((i) => [2 * i, 2 * i + 2, 2 * i + 4, 2 * i + 6]);
    await holds('results', device, all, expected);
  },

  'freed memory does not leak into what was computed from it': async (device) => {
    const source = filled(device, [1, 2, 3, 4]);
    const first = device.alloc([4], FP32);
    const second = device.alloc([4], FP32);
    device.run(add, {}, [source, source], [first]);
    device.run(add, {}, [first, source], [second]);
    device.free(first);
    const third = filled(device, [9, 9, 9, 9]);
    await holds('result', device, second, [3, 6, 9, 12]);
    await holds('new tensor', device, third, [9, 9, 9, 9]);
  },

  'copies regions, also within a tensor': async (device) => {
    const x = filled(device, [0, 1, 2, 3, 4, 5, 6]);
    const y = filled(device, [9, 9, 9, 9, 9]);
    device.copy(y, x, { from: 3, to: 1, length: 3 });
    await holds('region', device, y, [9, 3, 4, 5, 9]);
    device.copy(y, filled(device, [7]));
    await holds('whole of a smaller tensor', device, y, [7, 3, 4, 5, 9]);
    device.copy(x, x, { from: 0, to: 4, length: 3 });
    await holds('within one tensor', device, x, [0, 1, 2, 3, 0, 1, 2]);
    device.copy(y, x, { from: 1, length: 0 });
    await holds('nothing', device, y, [7, 3, 4, 5, 9]);
    const codes = filled(device, [1, -2, 0.5, 448, 0], [5], E4M3FN);
    const copied = filled(device, [0, 0, 0, 0, 0], [5], E4M3FN);
    device.copy(copied, codes, { from: 1, to: 2, length: 3 });
    await holds('codes', device, copied, [0, 0, -2, 0.5, 448]);
  },

  'refuses copies that do not fit': async (device) => {
    const x = filled(device, [1, 2, 3, 4, 5]);
    const y = filled(device, [1, 2, 3]);
    refuses('a copy of more than fits', () => device.copy(y, x));
    refuses('a copy from beyond the end', () => device.copy(y, x, { from: 4, length: 2 }));
    refuses('a copy to beyond the end', () => device.copy(y, x, { to: 2, length: 2 }));
    refuses('a negative start', () => device.copy(y, x, { from: -1, length: 2 }));
    refuses('half an element', () => device.copy(y, x, { length: 1.5 }));
    refuses('a copy between formats', () => device.copy(filled(device, [1, 2, 3], [3], BF16), y));
    await holds('the target', device, y, [1, 2, 3]);
  },

  'refuses wrong values, outputs and inputs': async (device) => {
    const x = filled(device, [1, 2, 3, 4]);
    const y = device.alloc([4], FP32);
    refuses('too few values', () => device.write(x, [1]));
    refuses('too many values', () => device.write(x, [1, 2, 3, 4, 5]));
    refuses('an output that is an input', () => device.run(add, {}, [x, y], [x]));
    refuses('an output of another size', () => device.run(add, {}, [x, x], [device.alloc([5], FP32)]));
    refuses('inputs that do not fit', () => device.run(add, {}, [x, filled(device, [1])], [y]));
    refuses('too few inputs', () => device.run(add, {}, [x], [y]));
    refuses('no output', () => device.run(add, {}, [x, x], []));
    refuses('two outputs of one', () => device.run(add, {}, [x, x], [y, device.alloc([4], FP32)]));
    await holds('an input after refusals', device, x, [1, 2, 3, 4]);
  },

  'runs compositions, and refuses what does not fit them': async (device) => {
    const x = filled(device, [1, -2, 3, -448], [2, 2]);
    const codes = device.alloc([2, 2], E4M3FN);
    const [scale, maximum] = [device.alloc([1, 1], FP32), device.alloc([1, 1], FP32)];
    const how = { rounding: 'nearest-even', overflow: 'saturate', stream: 0, margin: 0 } as const;
    const quantize = (from: Tensor, ...outs: readonly Tensor[]) =>
      device.run(quantizeCurrent, { ...how, blockRows: 2, blockColumns: 2, powerOfTwo: false }, [from], outs);
    const { live } = device.memory();
    quantize(x, codes, scale, maximum);
    await holds('codes', device, codes, [1, -2, 3, -448]);
    await holds('scale', device, scale, [1]);
    await holds('maximum', device, maximum, [448]);
    refuses('an output that is an input', () => quantize(x, codes, scale, x));
    const gone = device.alloc([2, 2], FP32);
    device.free(gone);
    refuses('a freed input', () => quantize(gone, codes, scale, maximum));
    refuses('a freed output', () => quantize(x, codes, gone, maximum));
    if (device.memory().live !== live) differ('live bytes', `${device.memory().live}`, `${live}`);
  },

  'refuses tensors that are gone': async (device) => {
    const x = filled(device, [1, 2]);
    const y = device.alloc([2], FP32);
    device.free(x);
    refuses('a second free', () => device.free(x));
    refuses('a write to a freed tensor', () => device.write(x, [1, 2]));
    refuses('a freed input', () => device.run(add, {}, [x, x], [y]));
    refuses('a freed output', () => device.run(add, {}, [y, y], [x]));
    refuses('a copy from a freed tensor', () => device.copy(y, x));
    let refused = false;
    try {
      await device.read(x);
    } catch (error) {
      refused = OctavoError.is(error);
    }
    if (!refused) differ('a read of a freed tensor', 'no error', 'an OctavoError');
  },

  'memory returns': async (device) => {
    const before = device.memory().live;
    const x = filled(device, normal(10_000, 1));
    const once = device.memory().live;
    if (!(once > before)) differ('live bytes after alloc', `${once}`, `more than ${before}`);
    const y = device.alloc([1], FP32);
    for (let i = 0; i < 3; i++) device.run(sum, {}, [x], [y]);
    await device.read(y);
    device.free(x);
    device.free(y);
    await device.flush();
    const { live, peak } = device.memory();
    if (live !== before) differ('live bytes after free', `${live}`, `${before}`);
    if (!(peak >= once)) differ('peak bytes', `${peak}`, `at least ${once}`);
    filled(device, [1, 2, 3]);
    await device.destroy();
    if (device.memory().live !== 0) differ('live bytes after destroy', `${device.memory().live}`, '0');
  },
};

export const contractCases = (
  createDevice: () => Promise<Device>,
  options: ConformanceOptions,
): readonly ConformanceCase[] => [
  ...Object.entries(checks).map(([name, check]) => ({
    name: `contract: ${name}`,
    async run() {
      const device = await createDevice();
      try {
        await check(device, options);
      } finally {
        await device.destroy();
      }
    },
  })),
  {
    name: "contract: refuses another device's tensors",
    async run() {
      const [device, other] = [await createDevice(), await createDevice()];
      try {
        const stranger = filled(other, [1, 2]);
        const own = filled(device, [1, 2]);
        refuses('a stranger as an input', () => device.run(add, {}, [stranger, stranger], [own]));
        refuses('a stranger as an output', () => device.run(add, {}, [own, own], [stranger]));
        refuses('a copy from a stranger', () => device.copy(own, stranger));
        refuses("another's free", () => device.free(stranger));
      } finally {
        await device.destroy();
        await other.destroy();
      }
    },
  },
];
