/** @file Cases of the fused operators: held to their unfused form, on the device itself and on the reference. */
import { BF16, E4M3FN, E5M2, type Format, FP16, FP32 } from '@octavo/formats';
import { adamw } from '../fused/adamw.ts';
import { attentionCachedScaled } from '../fused/attention-cached-scaled.ts';
import { castWithStatistics } from '../fused/cast-with-statistics.ts';
import { countLost } from '../fused/count-lost.ts';
import { crossEntropyWithGrad } from '../fused/cross-entropy-with-grad.ts';
import { quantizeCurrent, quantizeScaled } from '../fused/quantize.ts';
import type { Attributes, FusedOperator } from '../operator.ts';
import { elements, type Shape, scaleShape } from '../tensor.ts';
import type { FusedCase, Input } from './case.ts';
import { blockAttributes, blocksOf } from './cast-cases.ts';
import { input, integers, normal, normalInput, scales, vector, wide } from './data.ts';

const SEED = vector([77, 1234]);

const fusedCase = <A extends Attributes>(
  operator: FusedOperator<A>,
  title: string,
  attributes: A,
  rest: Pick<FusedCase, 'inputs' | 'outs' | 'exact'>,
): FusedCase => ({ operator, title, attributes, ...rest });

export function fusedCases(): readonly FusedCase[] {
  return [...quantizeCases(), ...crossEntropyCases(), ...adamCases(), ...lostCases(), ...cachedCases()];
}

function quantizeCases(): FusedCase[] {
  const cases: FusedCase[] = [];
  for (const shape of [
    [1, 7],
    [33, 70],
    [300, 13],
  ] as const) {
    for (const [name, block] of blocksOf(shape)) {
      for (const rounding of ['nearest-even', 'stochastic'] as const) {
        const x = input(shape, wide(elements(shape), 131, 6, 6), rounding === 'stochastic' ? FP32 : BF16);
        const seed = rounding === 'stochastic' ? [SEED] : [];
        const of = scaleShape(shape, block);
        const how = { ...blockAttributes(block), rounding, overflow: 'saturate', stream: 9 } as const;
        const codes = { shape, format: rounding === 'stochastic' ? E5M2 : E4M3FN };
        const small = { shape: of, format: FP32 };
        const title = `${shape.join('×')} ${name} ${rounding}`;
        for (const powerOfTwo of [false, true]) {
          const attributes = { ...how, margin: powerOfTwo ? 1 : 0, powerOfTwo };
          const rest = { inputs: [x, ...seed], outs: [codes, small, small], exact: true };
          cases.push(
            fusedCase(quantizeCurrent, `${title}${powerOfTwo ? ' power of two' : ''}`, attributes, rest),
          );
        }
        const scale = input(of, scales(elements(of), 132, false));
        cases.push(
          fusedCase(quantizeScaled, title, how, {
            inputs: [x, scale, ...seed],
            outs: [codes, small],
            exact: true,
          }),
        );
        const { max, minSubnormal } = codes.format;
        cases.push(
          fusedCase(
            castWithStatistics,
            title,
            { ...how, max, minSubnormal },
            {
              inputs: [x, scale, ...seed],
              outs: [codes, small, { shape: [8], format: FP32 }],
              exact: true,
            },
          ),
        );
      }
    }
  }
  return cases;
}

function crossEntropyCases(): FusedCase[] {
  return [
    [1, 1],
    [9, 17],
    [5, 3000],
  ].map(([rows, width]) => {
    const logits = normalInput([rows!, width!], 141, BF16, 3);
    const targets = integers(rows!, 142, width!).map((v, i) => (i % 4 === 2 ? -1 : v));
    return fusedCase(
      crossEntropyWithGrad,
      `${rows}×${width}`,
      {},
      {
        inputs: [logits, input([rows!], targets), vector([0.25])],
        outs: [
          { shape: [rows!], format: FP32 },
          { shape: [rows!, width!], format: BF16 },
        ],
        exact: false,
      },
    );
  });
}

function adamCases(): FusedCase[] {
  const cases: FusedCase[] = [];
  const bound = 2.2; // √0.05 / 0.1: raises some of the second moments below, and not others
  const hyper = vector([3e-3, 0.9, 0.95, 1e-8, 0.1, 1, 1 - 0.9 ** 3, 1 - 0.95 ** 3, bound]);
  const choices: readonly (readonly [string, Format, Format, Format])[] = [
    ['fp32', FP32, FP32, FP32],
    ['fp8', FP16, E4M3FN, E5M2],
    ['mixed', FP32, E4M3FN, FP16],
    ['bf16', BF16, BF16, BF16],
  ];
  for (const shape of [[7], [33, 21]] as const) {
    for (const [name, master, first, second] of choices) {
      for (const rounding of ['nearest-even', 'stochastic'] as const) {
        for (const bounded of [false, true]) {
          const length = elements(shape);
          // Bounded: second moments far too small for their first ones, among zeros and what vanishes beside the largest.
          const spread = bounded ? wide(length, 153, 9, 1).map((x, i) => (i % 5 === 1 ? 0 : x * x)) : null;
          const usual = normal(length, 153, 0.05).map((x) => x * x + 1e-4);
          const g = bounded ? sparse(normal(length, 154, 1e-3)) : normal(length, 154, 0.1);
          const outs = [master, first, second].flatMap((format) => [
            { shape, format },
            { shape: [1, 1], format: FP32 },
          ]);
          const inputs = [
            ...stored(shape, master, normal(length, 151)),
            ...stored(shape, first, bounded ? wide(length, 152, 12, 1) : normal(length, 152, 0.05)),
            ...stored(shape, second, spread ?? usual),
            input(shape, g, BF16),
            hyper,
            ...(rounding === 'stochastic' ? [SEED] : []),
          ];
          const attributes = {
            decays: true,
            masterRounding: rounding,
            momentRounding: rounding,
            powerOfTwo: name === 'mixed',
            bounded,
            stream: 3,
          };
          const title = `${shape.join('×')} ${name} ${rounding}${bounded ? ' bounded' : ''}`;
          cases.push(fusedCase(adamw, title, attributes, { inputs, outs, exact: false }));
        }
      }
    }
  }
  return cases;
}

/** New weights of which a third are the old ones, and some are one rounding away; zeros in all that makes an update. */
function lostCases(): FusedCase[] {
  const cases: FusedCase[] = [];
  for (const shape of [[7], [33, 21], [300, 70]] as const) {
    for (const format of [FP32, FP16, BF16, E4M3FN]) {
      for (const masterRounding of ['nearest-even', 'stochastic'] as const) {
        for (const decays of [false, true]) {
          const length = elements(shape);
          const still = (every: number, seed: number) =>
            normal(length, seed, 0.1).map((x, i) => (i % every ? 0 : x));
          const w = normal(length, 161).map((x, i) => (i % 11 ? x : 0));
          const moved = w.map((x, i) => (i % 3 ? x * (1 + 2 ** -(4 + (i % 9))) : x));
          const hyper = Float32Array.of(3e-3, 0.9, 0.95, 1e-8, 0.1, 0.7, 0.3, 0.2, 1);
          const inputs = [
            ...stored(shape, format, w),
            input(shape, still(2, 162), E5M2),
            input(shape, still(3, 163), BF16),
            input([9], hyper),
            ...stored(shape, format, moved),
            ...(masterRounding === 'stochastic' ? [SEED] : []),
          ];
          const title = `${shape.join('×')} ${format.name} ${masterRounding}${decays ? ' decays' : ''}`;
          const attributes = { decays, masterRounding, stream: 4 };
          const outs = [{ shape: [1], format: FP32 }];
          cases.push(fusedCase(countLost, title, attributes, { inputs, outs, exact: true }));
        }
      }
    }
  }
  return cases;
}

/** Keys and values as codes: held to the values that the codes stand for, as in a cache of float32. */
function cachedCases(): FusedCase[] {
  const cases: FusedCase[] = [];
  for (const [heads, keyValueHeads, headDim] of [
    [1, 1, 2],
    [4, 2, 6],
    [6, 6, 48],
    [8, 2, 64],
  ] as const) {
    for (const format of [E4M3FN, E5M2]) {
      for (const position of [0, 18]) {
        const [capacity, width] = [19, 2 * keyValueHeads * headDim];
        const inputs = [
          normalInput([1, heads * headDim + width], 171, BF16),
          input([capacity, width], wide(capacity * width, 172, 3, 5), format),
          input([capacity, 2 * keyValueHeads], scales(capacity * 2 * keyValueHeads, 173, false)),
          vector([position]),
        ];
        const outs = [{ shape: [1, heads * headDim], format: FP32 }];
        const title = `${heads}/${keyValueHeads}×${headDim} ${format.name} at ${position}`;
        const attributes = { heads, keyValueHeads, headDim, capacity };
        cases.push(fusedCase(attentionCachedScaled, title, attributes, { inputs, outs, exact: false }));
      }
    }
  }
  return cases;
}

/** A state's codes and scale. */
function stored(shape: Shape, format: Format, values: Float32Array): readonly [Input, Input] {
  const most = values.reduce((a, v) => Math.max(a, Math.abs(v)), 0);
  const scale = format === FP32 ? 1 : Math.fround(format.max / most);
  const codes = values.map((v) => v * scale);
  return [input(shape, codes, format), input([1, 1], Float32Array.of(scale))];
}

/** The same, every other element zero. */
const sparse = (values: Float32Array): Float32Array => values.map((v, i) => (i % 2 ? v : 0));
