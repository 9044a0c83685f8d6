/** @file Operators against small cases worked out by hand, other code, and formulas in doubles. */
import {
  BF16,
  castError,
  counterRandom,
  E4M3,
  E4M3FN,
  E5M2,
  type Format,
  FP16,
  FP32,
  formats,
  OctavoError,
  round,
  streamSeed,
} from '@octavo/formats';
import { describe, expect, it } from 'vitest';
import { wide } from '../src/conformance/data.ts';
import {
  adamMoment1,
  adamMoment2,
  adamWeight,
  adamw,
  add,
  amax,
  attention,
  attentionCached,
  cast,
  castStatistics,
  channelCosine,
  createReferenceDevice,
  crossEntropy,
  dequantize,
  embedding,
  gemm,
  type Operator,
  operators,
  rmsNorm,
  rope,
  type Shape,
  scaleColumns,
  scaleFromAmax,
  scaleRows,
  smoothScale,
  sortTokens,
  sum,
  sumColumns,
  sumSquares,
  swiglu,
  tokenAmax,
} from '../src/index.ts';
import { compute, normal, random, relativeError } from './support.ts';

const WHOLE = { blockRows: 1000, blockColumns: 1000 };

describe('cast', () => {
  const shape = [6, 10];
  const x = wide(60, 1, 8, 8);
  const scale = Float32Array.of(0.5, 3, 100, 0.01, 1.7, 12);

  it.each(Object.values(formats).filter((f) => f.signed))(
    'rounds as @octavo/formats does: $name',
    async (format: Format) => {
      for (const rounding of ['nearest-even', 'toward-zero', 'stochastic'] as const) {
        for (const overflow of ['saturate', 'special'] as const) {
          const attributes = { blockRows: 2, blockColumns: 5, rounding, overflow, stream: 8 };
          const seed = rounding === 'stochastic' ? [[[2], [99, 7]] as const] : [];
          const codes = await compute(cast, attributes, [[shape, x], [[3, 2], scale], ...seed], format);
          const expected = x.map((value, i) => {
            const block = Math.floor(i / 10 / 2) * 2 + Math.floor((i % 10) / 5);
            const draw = counterRandom(streamSeed(99, 7, 8), i);
            return round(format, Math.fround(value * scale[block]!), rounding, overflow, draw);
          });
          expect(codes).toEqual(expected);
        }
      }
    },
  );

  it('rounds stochastically without bias', async () => {
    const n = 20_000;
    const value = 1 + 0.3 / 8; // 0.3 of the way from 1 to 1.125
    const attributes = {
      ...WHOLE,
      blockColumns: n,
      rounding: 'stochastic',
      overflow: 'saturate',
      stream: 0,
    } as const;
    const codes = await compute(
      cast,
      attributes,
      [
        [[n], new Float32Array(n).fill(value)],
        [[1], [1]],
        [[2], [5, 6]],
      ],
      E4M3FN,
    );
    const up = codes.filter((c) => c === 1.125).length;
    expect(codes.filter((c) => c === 1).length + up).toBe(n);
    expect(Math.abs(up / n - 0.3)).toBeLessThan(0.015); // more than four standard deviations
  });

  it('comes back by dequantize', async () => {
    const values = [1, -2, 0.5, 448];
    const back = await compute(dequantize, { blockRows: 1, blockColumns: 2 }, [
      [[2, 2], values, E4M3FN],
      [
        [2, 1],
        [2, 4],
      ],
    ]);
    expect([...back]).toEqual([0.5, -1, 0.125, 112]);
  });
});

describe('amax and scales', () => {
  const matrix = [
    [2, 3],
    [1, -5, 2, -0.5, 4, 0],
  ] as const;

  it('finds the largest magnitude of each block', async () => {
    const of = (blockRows: number, blockColumns: number) =>
      compute(amax, { blockRows, blockColumns }, [matrix]);
    expect([...(await of(2, 3))]).toEqual([5]);
    expect([...(await of(1, 3))]).toEqual([5, 4]);
    expect([...(await of(2, 1))]).toEqual([1, 5, 2]);
    expect([...(await of(1, 2))]).toEqual([5, 2, 4, 0]);
  });

  it('fills the format up to its largest value and not beyond', async () => {
    for (const format of [E4M3FN, E4M3, E5M2, FP16]) {
      const a = wide(2000, 3, 60, 60).map(Math.abs);
      const s = await compute(scaleFromAmax, { max: format.max, margin: 0, powerOfTwo: false }, [
        [[2000], a],
      ]);
      const p = await compute(scaleFromAmax, { max: format.max, margin: 0, powerOfTwo: true }, [[[2000], a]]);
      for (let i = 0; i < a.length; i++) {
        if (a[i] === 0) continue;
        expect(Math.abs((a[i]! * s[i]!) / format.max - 1)).toBeLessThan(2 ** -22);
        expect(Math.abs(Math.log2(p[i]!) % 1)).toBe(0);
        expect(p[i]!).toBeLessThanOrEqual(s[i]!);
        expect(2 * p[i]!).toBeGreaterThan(s[i]!);
      }
    }
  });

  it('keeps to its boundaries', async () => {
    const a = [0, Number.NaN, Number.POSITIVE_INFINITY, 448, 2 ** -149, 3.4e38, 224, 448.0001, 447.9999];
    const of = async (attributes: { max: number; margin: number; powerOfTwo: boolean }) => [
      ...(await compute(scaleFromAmax, attributes, [[[a.length], a]])),
    ];
    const plain = await of({ max: 448, margin: 0, powerOfTwo: false });
    expect(plain.slice(0, 4)).toEqual([1, 1, 1, 1]);
    expect(plain[4]).toBe((2 - 2 ** -23) * 2 ** 127);
    expect(plain[5]).toBeGreaterThan(2 ** -126);
    const powers = await of({ max: 448, margin: 0, powerOfTwo: true });
    expect([...powers.slice(0, 5), ...powers.slice(6)]).toEqual([1, 1, 1, 1, 2 ** 127, 2, 0.5, 1]);
    expect((await of({ max: 448, margin: 3, powerOfTwo: true }))[3]).toBe(2 ** -3);
    const smallest = await compute(scaleFromAmax, { max: 2 ** -3, margin: 0, powerOfTwo: false }, [
      [[1], [3e38]],
    ]);
    expect(smallest[0]).toBe(2 ** -126);
  });

  it('smooths by the power of two that brings a channel into (1/2, 1]', async () => {
    const a = wide(3000, 4, 100, 100).map(Math.abs);
    a.set([0, 1, 2, 4, 0.5, 1.5, Math.fround(1 + 2 ** -23), Math.fround(1 - 2 ** -24)]);
    const s = await compute(smoothScale, {}, [[[1, 3000], a]]);
    expect([...s.slice(0, 8)]).toEqual([1, 1, 0.5, 0.25, 2, 0.5, 0.5, 1]);
    for (let i = 1; i < 3000; i++) {
      if (a[i] === 0) continue;
      expect(Math.abs(Math.log2(s[i]!) % 1)).toBe(0);
      expect(a[i]! * s[i]!).toBeLessThanOrEqual(1);
      expect(a[i]! * s[i]!).toBeGreaterThan(0.5);
    }
  });

  it('finds the largest up of a token, 1 where there is none', async () => {
    const t = await compute(tokenAmax, {}, [
      [
        [2, 4],
        [9, 9, -3, 2, 9, 9, 0, -0],
      ],
    ]);
    expect([...t]).toEqual([3, 1]);
  });
});

describe('castStatistics', () => {
  it('counts what castError counts', async () => {
    const x = wide(1000, 5, 16, 12);
    x.set([Number.NaN, Number.POSITIVE_INFINITY, 0, -0]);
    const scale = 3;
    const attributes = { ...WHOLE, max: E4M3FN.max, minSubnormal: E4M3FN.minSubnormal };
    const [largest, clipped, underflowed, first, second, fourth, nonFinite, count] = await compute(
      castStatistics,
      attributes,
      [
        [[10, 100], x],
        [[1], [scale]],
      ],
    );
    const error = castError(E4M3FN, x, { scale });
    const finite = [...x].filter(Number.isFinite);
    const power = (p: number) => finite.reduce((s, v) => s + v ** p, 0);
    expect([largest, clipped, underflowed, nonFinite, count]).toEqual([
      error.amax,
      error.clipped,
      error.underflowed,
      2,
      1000,
    ]);
    expect(error.clipped).toBeGreaterThan(0);
    expect(error.underflowed).toBeGreaterThan(0);
    expect(relativeError([first!], [power(1)])).toBeLessThan(1e-4);
    expect(relativeError([second!, fourth!], [power(2), power(4)])).toBeLessThan(1e-5);
    expect(Math.abs(second! / power(2) - 1)).toBeLessThan(1e-5);
  });
});

describe('gemm', () => {
  const none = {
    aBlockRows: 1,
    aBlockColumns: 1,
    bBlockRows: 1,
    bBlockColumns: 1,
    scaledA: false,
    scaledB: false,
  };

  it('multiplies a case worked out by hand', async () => {
    const attributes = { ...none, transposeA: false, transposeB: true };
    const c = await compute(gemm, attributes, [
      [
        [2, 3],
        [1, 2, 3, 4, 5, 6],
      ],
      [
        [2, 3],
        [1, 0, -1, 2, 2, 2],
      ],
    ]);
    expect([...c]).toEqual([-2, 12, -2, 30]);
  });

  it('takes scales out again, in every block layout', async () => {
    const [m, n, k] = [6, 8, 10];
    const blocks = [
      [100, 100],
      [1, 100],
      [100, 1],
      [1, 4],
      [3, 5],
    ] as const;
    for (const [transposeA, transposeB] of [
      [false, false],
      [false, true],
      [true, false],
      [true, true],
    ] as const) {
      const shapeA = transposeA ? [k, m] : [m, k];
      const shapeB = transposeB ? [n, k] : [k, n];
      const [, a] = random(shapeA, 6);
      const [, b] = random(shapeB, 7);
      const expected = Array.from({ length: m * n }, (_, i) => {
        let s = 0;
        for (let j = 0; j < k; j++) {
          const row = Math.floor(i / n);
          s +=
            a[transposeA ? j * m + row : row * k + j]! * b[transposeB ? (i % n) * k + j : j * n + (i % n)]!;
        }
        return s;
      });
      for (const [aBlockRows, aBlockColumns] of blocks) {
        for (const [bBlockRows, bBlockColumns] of blocks) {
          const scaled = (
            shape: readonly number[],
            values: readonly number[],
            rows: number,
            columns: number,
            seed: number,
          ) => {
            const across = Math.ceil(shape[1]! / columns);
            const scale = normal(Math.ceil(shape[0]! / rows) * across, seed).map((v) => Math.abs(v) + 0.1);
            const of = (i: number) =>
              scale[
                Math.floor(Math.floor(i / shape[1]!) / rows) * across + Math.floor((i % shape[1]!) / columns)
              ]!;
            return [
              [shape, values.map((v, i) => v * of(i))],
              [[scale.length], scale],
            ] as const;
          };
          const [codesA, scaleA] = scaled(shapeA, a, aBlockRows, aBlockColumns, 8);
          const [codesB, scaleB] = scaled(shapeB, b, bBlockRows, bBlockColumns, 9);
          const attributes = {
            transposeA,
            transposeB,
            aBlockRows,
            aBlockColumns,
            bBlockRows,
            bBlockColumns,
            scaledA: true,
            scaledB: true,
          };
          const c = await compute(gemm, attributes, [codesA, codesB, scaleA, scaleB]);
          expect(relativeError(c, expected)).toBeLessThan(3e-6);
        }
      }
    }
  });

  it('accumulates in float32, in order', async () => {
    const attributes = { ...none, transposeA: false, transposeB: true };
    const c = await compute(gemm, attributes, [
      [
        [1, 3],
        [2 ** 24, 1, -(2 ** 24)],
      ],
      [
        [1, 3],
        [1, 1, 1],
      ],
    ]);
    expect([...c]).toEqual([0]); // 2^24 + 1 is 2^24 in float32
  });

  it('rounds its result to BF16, ties to even', async () => {
    const attributes = { ...none, transposeA: false, transposeB: false };
    const c = await compute(
      gemm,
      attributes,
      [
        [
          [3, 1],
          [1 + 2 ** -8, 1 + 3 * 2 ** -8, 1 + 2 ** -7],
        ],
        [[1, 1], [1]],
      ],
      BF16,
    );
    expect([...c]).toEqual([1, 1 + 2 ** -6, 1 + 2 ** -7]);
  });
});

describe('sums', () => {
  it('agree with doubles at every length', async () => {
    for (const length of [1, 2, 63, 64, 65, 1000, 4096, 4097, 50_000]) {
      const x = normal(length, 10);
      const doubles = [...x];
      const magnitude = Math.sqrt(length);
      const s = await compute(sum, {}, [[[length], x]]);
      expect(Math.abs(s[0]! - doubles.reduce((a, b) => a + b, 0)) / magnitude).toBeLessThan(2e-6);
      const squares = await compute(sumSquares, {}, [[[length], x]]);
      expect(relativeError(squares, [doubles.reduce((a, b) => a + b * b, 0)])).toBeLessThan(2e-6);
    }
  });

  it('add up columns', async () => {
    expect([
      ...(await compute(sumColumns, {}, [
        [
          [3, 2],
          [1, 2, 3, 4, 5, 6],
        ],
      ])),
    ]).toEqual([9, 12]);
  });
});

it('channelCosine measures how aligned gate and up are', async () => {
  const weight = [1, 0, 2, 2, 0, 0, 3, 0, -1, -1, 5, 5, 0, 1, 1, 0]; // gates (1,0) (2,2) (0,0) (3,0), ups (-1,-1) (5,5) (0,1) (1,0)
  const cosines = await compute(channelCosine, {}, [[[8, 2], weight]]);
  expect(relativeError(cosines, [-Math.SQRT1_2, 1, 0, 1])).toBeLessThan(1e-6);
});

describe('AdamW', () => {
  const n = 40;
  const numbers = { lr: 3e-3, beta1: 0.9, beta2: 0.95, epsilon: 1e-8, decay: 0.1, gradScale: 0.5 };
  const hyperAt = (t: number) => {
    const { lr, beta1, beta2, epsilon, decay, gradScale } = numbers;
    return [lr, beta1, beta2, epsilon, decay, gradScale, 1 - beta1 ** t, 1 - beta2 ** t, 2];
  };
  /** The textbook in doubles. */
  const step = (w: number[], m: number[], v: number[], g: readonly number[], t: number, decays: boolean) => {
    const { lr, beta1, beta2, epsilon, decay, gradScale } = numbers;
    for (let i = 0; i < w.length; i++) {
      const gradient = g[i]! * gradScale;
      m[i] = beta1 * m[i]! + (1 - beta1) * gradient;
      v[i] = beta2 * v[i]! + (1 - beta2) * gradient ** 2;
      const update = m[i]! / (1 - beta1 ** t) / (Math.sqrt(v[i]! / (1 - beta2 ** t)) + epsilon);
      w[i] = w[i]! - lr * (update + (decays ? decay * w[i]! : 0));
    }
  };

  it.each([true, false])('follows the textbook over five steps, decays: %s', async (decays) => {
    const [w, m, v] = [[...normal(n, 11)], new Array<number>(n).fill(0), new Array<number>(n).fill(0)];
    let [w32, m32, v32] = [w, m, v].map((x) => Float32Array.from(x)) as [
      Float32Array,
      Float32Array,
      Float32Array,
    ];
    for (let t = 1; t <= 5; t++) {
      const g = [...normal(n, 11 + t)];
      const hyper = [[9], hyperAt(t)] as const;
      m32 = await compute(adamMoment1, {}, [[[n], m32], [[n], g], hyper]);
      v32 = await compute(adamMoment2, { bounded: false }, [[[n], v32], [[n], g], hyper]);
      w32 = await compute(adamWeight, { decays }, [[[n], w32], [[n], m32], [[n], v32], hyper]);
      step(w, m, v, g, t, decays);
    }
    expect(relativeError(m32, m)).toBeLessThan(1e-6);
    expect(relativeError(v32, v)).toBeLessThan(1e-6);
    expect(relativeError(w32, w)).toBeLessThan(1e-6);
  });

  it('keeps states in formats: decoded, updated in float32, cast with scale max / amax', async () => {
    const device = createReferenceDevice();
    const make = (values: ArrayLike<number>, format = FP32) => {
      const tensor = device.alloc([values.length], format);
      device.write(tensor, values);
      return tensor;
    };
    const stateOf = (values: Float32Array, format: Format) => {
      const scale = Math.fround(format.max / values.reduce((a, x) => Math.max(a, Math.abs(x)), 0));
      const codes = values.map((x) => round(format, Math.fround(x * scale)));
      return {
        tensors: [make(codes, format), make([scale])],
        values: [...codes].map((c) => Math.fround(c / scale)),
      };
    };
    const [w, m, v] = [
      stateOf(normal(n, 21), FP16),
      stateOf(normal(n, 22, 0.1), E4M3FN),
      stateOf(
        normal(n, 23, 0.1).map((x) => x * x),
        E5M2,
      ),
    ];
    const g = [...normal(n, 24)];
    const outs = [FP16, E4M3FN, E5M2].flatMap((format) => [
      device.alloc([n], format),
      device.alloc([1], FP32),
    ]);
    const attributes = {
      decays: true,
      masterRounding: 'nearest-even',
      momentRounding: 'nearest-even',
      powerOfTwo: false,
      bounded: false,
      stream: 0,
    } as const;
    const live = device.memory().live;
    const inputs = [...w.tensors, ...m.tensors, ...v.tensors];
    device.run(adamw, attributes, [...inputs, make(g), make(hyperAt(3))], outs);
    expect(device.memory().live).toBe(live + (n + 9) * 4); // temporaries are gone; g and hyper are the test's
    step(w.values, m.values, v.values, g, 3, true);
    for (const [i, { values }] of [w, m, v].entries()) {
      const codes = await device.read(outs[2 * i]!);
      const [scale] = await device.read(outs[2 * i + 1]!);
      const { max, mantissaBits, minSubnormal } = outs[2 * i]!.format;
      expect(Math.max(...codes.map(Math.abs))).toBe(max);
      values.forEach((x, j) => {
        const half = Math.max(2 ** -(mantissaBits + 1) * Math.abs(x), minSubnormal / 2 / scale!);
        expect(Math.abs(codes[j]! / scale! - x)).toBeLessThanOrEqual(half * 1.0001);
      });
    }
  });
});

describe('what does not fit is refused', () => {
  const heads = { heads: 2, keyValueHeads: 1, headDim: 4 };
  const casting = { ...WHOLE, rounding: 'nearest-even', overflow: 'saturate', stream: 0 } as const;
  const plain = {
    transposeA: false,
    transposeB: false,
    aBlockRows: 1,
    aBlockColumns: 1,
    bBlockRows: 1,
    bBlockColumns: 1,
    scaledA: false,
    scaledB: false,
  };
  const wrong: readonly (readonly [Operator, object, readonly Shape[], RegExp])[] = [
    [
      add,
      {},
      [
        [2, 3],
        [3, 3],
      ],
      /second input: got \[3, 3\], expected \[2, 3\]/,
    ],
    [add, {}, [[2]], /inputs: got 1, expected 2/],
    [cast, casting, [[4, 4], [2]], /scale: got \[2\], expected \[1, 1\]/],
    [cast, { ...casting, rounding: 'stochastic' }, [[4, 4], [1]], /inputs: got 2, expected 3/],
    [cast, { ...casting, blockRows: 0 }, [[4, 4], [1]], /block: got 0 × 1000/],
    [
      gemm,
      plain,
      [
        [2, 3],
        [4, 5],
      ],
      /\[2, 3\] · \[4, 5\], expected equal lengths, not 3 and 4/,
    ],
    [gemm, { ...plain, scaledA: true }, [[2, 3], [3, 5], [1]], /scale of a: got \[1\], expected \[2, 3\]/],
    [rmsNorm, { epsilon: 1e-5 }, [[2, 3], [2]], /gain: got \[2\], expected \[3\]/],
    [
      rope,
      { ...heads, inverse: false },
      [[2, 15], [4, 2], [4, 2], [2]],
      /qkv: got \[2, 15\], expected rows of 16/,
    ],
    [rope, { ...heads, headDim: 3, inverse: false }, [[2, 12], [4, 2], [4, 2], [2]], /headDim: got 3/],
    [
      attention,
      { ...heads, heads: 3, keyValueHeads: 2, batch: 1, sequence: 2 },
      [[2, 28]],
      /a divisor of heads/,
    ],
    [attention, { ...heads, batch: 2, sequence: 2 }, [[3, 16]], /rows of qkv: got 3, expected 2 · 2/],
    [attentionCached, { ...heads, capacity: 5 }, [[2, 16], [5, 8], [1]], /expected one row/],
    [swiglu, { perToken: false }, [[2, 5]], /even number of columns/],
    [scaleRows, {}, [[2, 5], [5]], /factors: got \[5\], expected \[2\]/],
    [scaleColumns, {}, [[2, 5], [2]], /factors: got \[2\], expected \[5\]/],
    [crossEntropy, {}, [[2, 5], [3]], /targets: got \[3\], expected \[2\]/],
    [channelCosine, {}, [[3, 5]], /even number of rows/],
  ];
  it.each(
    wrong.map(([operator, attributes, shapes, message]) => ({
      operator,
      attributes,
      shapes,
      message,
      name: operator.name,
    })),
  )('$name: $message', ({ operator, attributes, shapes, message }) => {
    expect(() => operator.shape(attributes as never, shapes)).toThrow(OctavoError);
    expect(() => operator.shape(attributes as never, shapes)).toThrow(message);
    expect(() => operator.shape(attributes as never, shapes)).toThrow(`[kernels] ${operator.name}: `);
  });

  it('every operator refuses no inputs at all', () => {
    for (const operator of Object.values(operators)) {
      expect(() => operator.shape({ ...WHOLE, ...heads, ...plain } as never, [])).toThrow(OctavoError);
    }
  });

  it('tokens, targets and positions outside their range', async () => {
    await expect(
      compute(embedding, {}, [
        [
          [2, 1],
          [1, 2],
        ],
        [[1], [2]],
      ]),
    ).rejects.toThrow(/token: got 2/);
    await expect(
      compute(crossEntropy, {}, [
        [
          [1, 2],
          [1, 2],
        ],
        [[1], [2]],
      ]),
    ).rejects.toThrow(/target: got 2/);
    const cache = [[5, 8], new Float32Array(40)] as const;
    const qkv = [[1, 16], new Float32Array(16)] as const;
    await expect(
      compute(attentionCached, { ...heads, capacity: 5 }, [qkv, cache, [[1], [5]]]),
    ).rejects.toThrow(/position: got 5/);
    expect(() => sortTokens([0, 3], 3)).toThrow(/token: got 3/);
  });

  it('a result in a format that only a cast gives', async () => {
    await expect(
      compute(
        add,
        {},
        [
          [[1], [1]],
          [[1], [1]],
        ],
        E4M3FN,
      ),
    ).rejects.toThrow(/use cast/);
  });
});
