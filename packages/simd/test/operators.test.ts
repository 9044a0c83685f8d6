import { BF16, E4M3, E4M3FN, E5M2, type Format, FP16, FP32 } from '@octavo/formats';
import type { Attributes, Device, Operator } from '@octavo/kernels';
import * as kernels from '@octavo/kernels';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createSimdDevice } from '../src/index.ts';
import { compute, error, expected, given, type Input, input, normal } from './support.ts';

interface Case {
  readonly name: string;
  readonly operator: Operator;
  readonly attributes: Attributes;
  readonly inputs: readonly Input[];
  /** Output formats; each FP32 input is also tried as BF16 unless `fixed` names its place. */
  readonly outs: readonly Format[];
  /** 0: bit-equal under simd128. */
  readonly tolerance: number;
}

const cases: Case[] = [];
const add = <A extends Attributes>(
  operator: Operator<A>,
  attributes: A,
  inputs: readonly Input[],
  tolerance = 0,
  outs: readonly Format[] = [FP32, BF16],
  name = '',
): void => {
  const formats = inputs.map((i) => `${i.format.name}[${i.shape}]`).join(' ');
  const attributeText = Object.values(attributes)
    .map((v) => (typeof v === 'object' ? v.name : String(v)))
    .join(',');
  cases.push({
    name: `${operator.name} ${attributeText} ${formats} ${name}`,
    operator: operator as unknown as Operator,
    attributes,
    inputs,
    outs,
    tolerance,
  });
};

const both = [FP32, BF16];
const EXP = 4e-6;

for (const f of both) {
  for (const op of [kernels.add, kernels.subtract, kernels.multiply]) {
    add(op, {}, [input([37, 451], 1, f), input([37, 451], 2)]);
  }
  add(kernels.scaleRows, {}, [input([33, 517], 1, f), input([33], 2)]);
  add(kernels.scaleRows, {}, [input([5, 5003], 1, f), input([5], 2)]);
  add(kernels.scaleColumns, {}, [input([33, 517], 1, f), input([517], 2)]);
  add(kernels.scaleColumns, {}, [input([5, 5003], 1, f), input([5003], 2)]);
  add(kernels.scaleBy, {}, [input([33, 517], 1, f), input([1], 2)]);
  add(kernels.scaleBy, {}, [input([40003], 1, f), input([1], 2)]);
  add(kernels.rmsNorm, { epsilon: 1e-5 }, [input([67, 290], 1, f), input([290], 2)], EXP);
  add(
    kernels.rmsNormGradInput,
    { epsilon: 1e-5 },
    [input([67, 290], 1), input([67, 290], 3, f), input([290], 2)],
    EXP,
  );
  add(kernels.rmsNormGradGain, { epsilon: 1e-5 }, [input([67, 290], 1), input([67, 290], 3, f)], EXP);
  add(kernels.sumColumns, {}, [input([67, 291], 1, f)]);
  for (const n of [1, 7, 64, 65, 4096, 4097, 50000]) {
    add(kernels.sum, {}, [input([n], 1, f)]);
    add(kernels.sumSquares, {}, [input([n], 1, f)]);
  }
  add(kernels.channelCosine, {}, [input([38, 131], 1, f)], EXP);
  add(kernels.embedding, {}, [input([50, 67], 1, f), given([4], [3, 49, 0, 3])]);
  {
    const tokens = Array.from({ length: 700 }, (_, i) => (i * i * 7) % 41);
    const { order, starts } = kernels.sortTokens(tokens, 50);
    add(kernels.embeddingGrad, { vocabulary: 50 }, [
      input([700, 67], 1, f),
      given([700], order),
      given([51], starts),
    ]);
  }
  {
    const tables = kernels.ropeTables(40, 10, 10000);
    const positions = given(
      [30],
      Array.from({ length: 30 }, (_, i) => (i * 3) % 40),
    );
    for (const inverse of [false, true]) {
      add(kernels.rope, { heads: 3, keyValueHeads: 1, headDim: 10, inverse }, [
        input([30, 50], 1, f),
        given([40, 5], tables.cos),
        given([40, 5], tables.sin),
        positions,
      ]);
    }
  }
  for (const [batch, sequence, heads, keyValueHeads, headDim] of [
    [2, 37, 4, 2, 12],
    [1, 64, 2, 2, 48],
    [3, 5, 6, 1, 7],
    [1, 1, 1, 1, 8],
    [1, 101, 3, 3, 16],
  ] as const) {
    const attributes = { batch, sequence, heads, keyValueHeads, headDim };
    const qkv = input([batch * sequence, (heads + 2 * keyValueHeads) * headDim], 1, f, 2);
    add(kernels.attention, attributes, [qkv], EXP);
    add(kernels.attentionGrad, attributes, [qkv, input([batch * sequence, heads * headDim], 2)], EXP);
  }
  add(
    kernels.attentionCached,
    { capacity: 20, heads: 6, keyValueHeads: 2, headDim: 10 },
    [input([1, 100], 1, f), input([20, 40], 2, f), given([1], [13])],
    EXP,
  );
  for (const perToken of [false, true]) {
    const t = perToken
      ? [
          given(
            [13, 1],
            normal(13, 9).map((x) => Math.abs(x) + 0.1),
          ),
        ]
      : [];
    add(kernels.swiglu, { perToken }, [input([13, 2 * 1300], 1, f, 4), ...t], EXP);
    add(kernels.swigluGrad, { perToken }, [input([13, 2 * 1300], 1, f, 4), input([13, 1300], 2), ...t], EXP);
  }
  add(kernels.tokenAmax, {}, [given([3, 4], [1, 2, -3, 2, 5, 5, 0, -0, 1, 1, 7, -8], f)]);
  const logits = input([23, 777], 1, f, 6);
  const targets = given(
    [23],
    Array.from({ length: 23 }, (_, i) => (i % 5 === 4 ? -1 : (i * 97) % 777)),
  );
  add(kernels.crossEntropy, {}, [logits, targets], EXP);
  add(kernels.crossEntropyGrad, {}, [logits, targets, given([1], [0.125])], EXP);
}
add(
  kernels.swiglu,
  { perToken: false },
  [given([1, 12], [-1000, -90, -0, 0, 88, 1000, 1, 1, 1, 1, 1, 1])],
  EXP,
);
add(kernels.smoothScale, {}, [
  given(
    [1, 14],
    [0, 1, 2, 3, 0.75, 0.5, 1e-40, 2 ** -126, 2 ** 127, 3e38, Number.POSITIVE_INFINITY, 5, 4, 1e-30],
  ),
]);
for (const powerOfTwo of [false, true]) {
  add(kernels.scaleFromAmax, { max: 448, margin: 1, powerOfTwo }, [
    given([3, 3], [0, 1, 448, 3, 1e-40, 3e38, Number.POSITIVE_INFINITY, Number.NaN, 5]),
  ]);
}
{
  const hyper = given([9], [0.01, 0.9, 0.95, 1e-8, 0.1, 0.7, 0.1, 0.05, 2]);
  const positive = input([20011], 3);
  const v = { ...positive, values: positive.values.map((x) => Math.abs(x)) };
  add(kernels.adamMoment1, {}, [input([20011], 1), input([20011], 2, BF16), hyper]);
  add(kernels.adamMoment2, { bounded: false }, [v, input([20011], 2, BF16), hyper]);
  add(kernels.adamMoment2, { bounded: true }, [v, input([20011], 2, BF16), hyper, input([20011], 1, BF16)]);
  for (const decays of [false, true]) {
    add(kernels.adamWeight, { decays }, [input([20011], 1, BF16), input([20011], 2), v, hyper]);
  }
}

const scaleFor = (shape: readonly number[], rows: number, columns: number, seed: number): Input => {
  const of = kernels.scaleShape(shape, { rows, columns });
  return given(
    of,
    normal(of[0] * of[1], seed).map((x) => 2 ** Math.round(x * 3) * 1.37),
  );
};

for (const [rows, columns] of [
  [53, 300],
  [1, 300],
  [53, 1],
  [1, 32],
  [16, 16],
  [1000, 1000],
  [1, 7],
] as const) {
  const block = { blockRows: rows, blockColumns: columns };
  const x = input([53, 300], 5, BF16, 3);
  const s = scaleFor([53, 300], rows, columns, 6);
  add(kernels.amax, block, [input([53, 300], 5)], 0, [FP32]);
  add(kernels.amax, block, [x], 0, [FP32]);
  add(kernels.dequantize, block, [input([53, 300], 5, E4M3FN, 50), s]);
  add(kernels.dequantize, block, [input([53, 300], 5, FP16, 50), s]);
  const statistics = { ...block, max: 448, minSubnormal: 2 ** -9 };
  add(
    kernels.castStatistics,
    statistics,
    [{ ...x, values: x.values.map((v, i) => (i % 50 ? v : Number.NaN)) }, s],
    1e-7,
    [FP32],
  );
  for (const rounding of ['nearest-even', 'toward-zero', 'stochastic'] as const) {
    const seed = rounding === 'stochastic' ? [given([2], [123456, 654321])] : [];
    add(kernels.cast, { ...block, rounding, overflow: 'saturate', stream: 77 }, [x, s, ...seed], 0, [
      E4M3FN,
      BF16,
      FP16,
      FP32,
    ]);
  }
}
add(kernels.amax, { blockRows: 9, blockColumns: 9 }, [given([1, 4], [1, Number.NaN, -3, 0])], 0, [FP32]);
add(kernels.amax, { blockRows: 1, blockColumns: 1 }, [given([2, 2], [1, Number.NaN, -3, 0])], 0, [FP32]);

for (const [m, n, k] of [
  [64, 64, 64],
  [67, 45, 31],
  [1, 100, 37],
  [3, 50, 200],
  [130, 300, 77],
  [7, 9, 1],
  [200, 8, 515],
] as const) {
  for (const transposeA of [false, true]) {
    for (const transposeB of [false, true]) {
      const sa = transposeA ? [k, m] : [m, k];
      const sb = transposeB ? [n, k] : [k, n];
      const none = {
        aBlockRows: 1,
        aBlockColumns: 1,
        bBlockRows: 1,
        bBlockColumns: 1,
        scaledA: false,
        scaledB: false,
      };
      add(kernels.gemm, { transposeA, transposeB, ...none }, [input(sa, 1), input(sb, 2)], 1e-6);
      add(kernels.gemm, { transposeA, transposeB, ...none }, [input(sa, 1, E5M2), input(sb, 2, BF16)], 1e-6);
      const whole = { aBlockRows: 1000, aBlockColumns: 1000, bBlockRows: 1000, bBlockColumns: 1000 };
      add(
        kernels.gemm,
        { transposeA, transposeB, ...whole, scaledA: true, scaledB: true },
        [input(sa, 1, E4M3FN), input(sb, 2, E5M2), scaleFor(sa, 1000, 1000, 3), scaleFor(sb, 1000, 1000, 4)],
        1e-6,
      );
      const blocks = { aBlockRows: 1, aBlockColumns: 32, bBlockRows: 16, bBlockColumns: 16 };
      add(
        kernels.gemm,
        { transposeA, transposeB, ...blocks, scaledA: true, scaledB: true },
        [input(sa, 1, E4M3), input(sb, 2, E4M3FN), scaleFor(sa, 1, 32, 3), scaleFor(sb, 16, 16, 4)],
        1e-6,
      );
      // one scale a row of A and a column of C along all of K, and only one operand scaled
      const rows = {
        aBlockRows: transposeA ? 1000 : 1,
        aBlockColumns: transposeA ? 1 : 1000,
        bBlockRows: 1,
        bBlockColumns: 1,
      };
      add(
        kernels.gemm,
        { transposeA, transposeB, ...rows, scaledA: true, scaledB: false },
        [input(sa, 1, E4M3), input(sb, 2), scaleFor(sa, rows.aBlockRows, rows.aBlockColumns, 3)],
        1e-6,
      );
    }
  }
}

describe.each([
  { instructionSet: 'simd128', threads: 1 },
  { instructionSet: 'simd128', threads: 3 },
  { instructionSet: 'relaxed-simd', threads: 2 },
] as const)('$instructionSet on $threads threads', (options) => {
  let device: Device;
  beforeAll(async () => {
    device = await createSimdDevice(options);
  });
  afterAll(async () => {
    expect(device.memory().live).toBe(0);
    await device.destroy();
  });

  it.each(cases)('$name', async ({ operator, attributes, inputs, outs, tolerance }) => {
    for (const format of outs) {
      const wanted = await expected(operator, attributes, inputs, format);
      const actual = await compute(device, operator, attributes, inputs, format);
      expect(error(actual, wanted, tolerance > 0 ? format : FP32), format.name).toBeLessThanOrEqual(
        tolerance,
      );
    }
  });
});
