/**
 * @file A device's first computations, held to the reference before anything is trusted to it: kernels pass through
 * bundlers, gpu.js, a driver's compiler and hardware, and a fault in any of them gives numbers, not errors.
 */
import { BF16, E4M3FN, type Format, FP32, OctavoError } from '@octavo/formats';
import type { Device } from './device.ts';
import type { Attributes, Operator } from './operator.ts';
import { cast } from './operators/cast.ts';
import { embedding } from './operators/embedding.ts';
import { gemm } from './operators/gemm.ts';
import { rmsNorm } from './operators/rms-norm.ts';
import { swiglu } from './operators/swiglu.ts';
import { createReferenceDevice } from './reference/index.ts';
import { createScope } from './scope.ts';
import type { Shape, Tensor } from './tensor.ts';

interface Probe {
  /** What of a kernel language it needs. */
  readonly of: string;
  readonly inputs: readonly { readonly shape: Shape; readonly values: readonly number[] }[];
  readonly out: { readonly shape: Shape; readonly format: Format };
  /** Largest error relative to the expected value; 0 where nothing but exact steps is involved. */
  readonly tolerance: number;
  run(device: Device, inputs: readonly Tensor[], out: Tensor): void;
  readonly operator: string;
}

const probe = <A extends Attributes>(
  operator: Operator<A>,
  attributes: A,
  rest: Omit<Probe, 'run' | 'operator'>,
): Probe => ({
  ...rest,
  operator: operator.name,
  run: (device, inputs, out) => device.run(operator, attributes, inputs, [out]),
});

const ramp = (length: number, first: number, step: number): number[] =>
  Array.from({ length }, (_, i) => first + step * i);

const whole = { blockRows: 8, blockColumns: 8 };
const unscaled = { aBlockRows: 1, aBlockColumns: 1, bBlockRows: 1, bBlockColumns: 1 };

const probes: readonly Probe[] = [
  probe(
    cast,
    { ...whole, rounding: 'nearest-even', overflow: 'saturate', stream: 0 },
    {
      of: 'signs, comparisons and rounding',
      inputs: [
        { shape: [2, 4], values: [-0.3, 0.3, -17, 17, -1000, 1000, -0.001, 0.013] },
        { shape: [1, 1], values: [2] },
      ],
      out: { shape: [2, 4], format: E4M3FN },
      tolerance: 0,
    },
  ),
  probe(
    gemm,
    { transposeA: false, transposeB: true, ...unscaled, scaledA: false, scaledB: false },
    {
      of: 'a loop over integer indices, rounded to BF16',
      inputs: [
        { shape: [3, 5], values: ramp(15, -3.5, 0.5) },
        { shape: [4, 5], values: ramp(20, 9.5, -1) },
      ],
      out: { shape: [3, 4], format: BF16 },
      tolerance: 0,
    },
  ),
  probe(
    embedding,
    {},
    {
      of: 'indices read from memory',
      inputs: [
        { shape: [3, 2], values: [1, -2, 3, -4, 5, -6] },
        { shape: [4], values: [2, 0, 1, 2] },
      ],
      out: { shape: [4, 2], format: FP32 },
      tolerance: 0,
    },
  ),
  probe(
    swiglu,
    { perToken: false },
    {
      of: 'exponentials and division',
      inputs: [{ shape: [2, 6], values: ramp(12, -4, 0.75) }],
      out: { shape: [2, 3], format: FP32 },
      tolerance: 1e-4,
    },
  ),
  probe(
    rmsNorm,
    { epsilon: 1e-5 },
    {
      of: 'square roots of sums',
      inputs: [
        { shape: [2, 3], values: [-1, 2, -3, 4, -5, 6] },
        { shape: [3], values: [1, -0.5, 2] },
      ],
      out: { shape: [2, 3], format: FP32 },
      tolerance: 1e-4,
    },
  ),
];

/**
 * Computes a few small operators on a device and on the reference: signs, rounding, loops, integer indices, exp,
 * division, square root. `createGpuDevice` does it before it returns a device; any other device may be held to it.
 *
 * @throws OctavoError at the first number that differs, with what was computed and what was expected.
 */
export async function checkDevice(device: Device): Promise<void> {
  const reference = createReferenceDevice();
  for (const one of probes) {
    const [got, expected] = [await compute(device, one), await compute(reference, one)];
    const wrong = expected.findIndex(
      (want, i) => !(Math.abs(got[i]! - want) <= one.tolerance * Math.abs(want)),
    );
    if (wrong < 0) continue;
    throw new OctavoError(
      `[kernels] ${device.name} computes wrong numbers: ${one.operator} (${one.of}) got ${got[wrong]} at ${wrong}, expected ${expected[wrong]}; its driver, or a bundler that rewrites kernels, is at fault; use another device`,
    );
  }
}

async function compute(device: Device, { inputs, out, run }: Probe): Promise<Float32Array> {
  const scope = createScope(device);
  try {
    const tensors = inputs.map(({ shape, values }) => {
      const tensor = scope.alloc(shape, FP32);
      device.write(tensor, values);
      return tensor;
    });
    const result = scope.alloc(out.shape, out.format);
    run(device, tensors, result);
    return await device.read(result);
  } finally {
    scope.release();
  }
}
