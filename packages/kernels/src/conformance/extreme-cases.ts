/** @file Cases of numbers near the ends of float32, and of what is not a number: nothing is lost on the way, nothing hidden. */
import { BF16, E4M3FN, E5M2, E8M0, type Format, FP16, FP32 } from '@octavo/formats';
import { amax } from '../operators/amax.ts';
import { cast } from '../operators/cast.ts';
import { crossEntropy } from '../operators/cross-entropy.ts';
import { dequantize } from '../operators/dequantize.ts';
import { gemm } from '../operators/gemm.ts';
import { rmsNorm } from '../operators/rms-norm.ts';
import { tokenAmax } from '../operators/smooth.ts';
import { swiglu, swigluGrad } from '../operators/swiglu.ts';
import { caseOf, type Need, type OperatorCase } from './case.ts';
import { input, normal, normalInput, vector } from './data.ts';

const { NaN: nan, POSITIVE_INFINITY: inf } = Number;

export function extremeCases(): readonly OperatorCase[] {
  return [
    ...swigluExtremes(),
    ...scaleExtremes(),
    ...castExtremes(),
    ...maximaExtremes(),
    ...rowExtremes(),
    ...[FP32, BF16].flatMap(lossExtremes),
  ];
}

/** silu(g) = g σ(g) goes to −0, and so does its slope, however large the other factor. */
function swigluExtremes(): OperatorCase[] {
  const ordinary = [-86, -40, -8, -0.1, 0, 0.1, 8, 40, 87, 89, 200, 1e10, -1e30, -3e38, 3e38, -250, -1e3];
  const small = [-87.3, -88.4, -88.7, -90]; // lower ones have too few bits left to be compared
  const strange = [nan, inf, -inf];
  const cases: OperatorCase[] = [];
  const add = (title: string, gates: readonly number[], ups: readonly number[], needs: readonly Need[]) => {
    const width = gates.length;
    for (const up of ups) {
      const gateUp = input([1, 2 * width], Float32Array.from([...gates, ...gates.map(() => up)]));
      const dh = input([1, width], new Float32Array(width).fill(0.5));
      const name = `${title}, up ${up}`;
      cases.push(caseOf(swiglu, name, { perToken: false }, [gateUp], { needs }));
      cases.push(caseOf(swigluGrad, name, { perToken: false }, [gateUp, dh], { needs, magnitude: 1e-30 }));
    }
  };
  // the largest gates with the largest ups overflow, as they must
  add('gates far out', ordinary, [1, 1e20], []);
  add('gates far out', ordinary, [-1e-3], ['subnormals']);
  add(
    'gates far out',
    ordinary.filter((gate) => gate < 100),
    [3e36, -3e36],
    [],
  );
  add('gates whose sigmoid is subnormal', small, [1e36, 1e38], ['subnormals']);
  add('gates that are not finite', strange, [1, 0], ['nonFinite']);
  add('ups that are not finite', [-1, 0, 1, 30], strange, ['nonFinite']);
  return cases;
}

/** Products of scales beyond float32, and codes that make up for them. */
function scaleExtremes(): OperatorCase[] {
  const cases: OperatorCase[] = [];
  const [m, n, k] = [40, 48, 40]; // large enough for a library
  const blocks = {
    whole: { a: [m, k], b: [n, k], aScales: 1, bScales: 1 },
    rows: { a: [1, k], b: [1, k], aScales: m, bScales: n },
  } as const;
  for (const [title, sA, sB, size] of [
    ['2^100 twice', 2 ** 100, 2 ** 100, 2 ** 55],
    ['2^-100 twice', 2 ** -100, 2 ** -100, 2 ** -50],
    ['1e36 and 1e3', 1e36, 1e3, 2 ** 40],
    ['2^127 and 3', 2 ** 127, 3, 2 ** 40],
    ['1e-37 and 0.01', 1e-37, 0.01, 2 ** -40],
    ['2^100 and 2^-100', 2 ** 100, 2 ** -100, 1],
    ['3e37 and 7e-37', 3e37, 7e-37, 1],
  ] as const) {
    for (const [name, { a, b, aScales, bScales }] of Object.entries(blocks)) {
      const values = (rows: number, seed: number) =>
        input(
          [rows, k],
          normal(rows * k, seed).map((x) => x * size),
        );
      const scale = (count: number, s: number) =>
        input(
          [count, 1],
          Float32Array.from({ length: count }, (_, i) => s * (i % 2 === 0 ? 1 : 0.75)),
        );
      const attributes = {
        ...{ transposeA: false, transposeB: true, scaledA: true, scaledB: true },
        ...{ aBlockRows: a[0], aBlockColumns: a[1], bBlockRows: b[0], bBlockColumns: b[1] },
      };
      for (const outFormat of [FP32, BF16]) {
        cases.push(
          caseOf(
            gemm,
            `scales ${title}, ${name}, ${outFormat.name}`,
            attributes,
            [values(m, 301), values(n, 302), scale(aScales, sA), scale(bScales, sB)],
            { outFormat },
          ),
        );
      }
    }
  }
  const block = { blockRows: 2, blockColumns: 8 };
  for (const scale of [2 ** 120, 2 ** -110, 3]) {
    const scales = input([1, 1], Float32Array.of(scale));
    for (const format of [E5M2, FP16]) {
      const codes = normalInput([2, 8], 303, format, 100);
      cases.push(caseOf(dequantize, `${format.name}, scale ${scale}`, block, [codes, scales]));
    }
    const values = normal(16, 304).map((x, i) => [inf, -inf, nan][i] ?? x);
    const strange = [input([2, 8], values, FP16), scales];
    const needs = ['nonFinite'] as const;
    cases.push(caseOf(dequantize, `fp16 that is not finite, scale ${scale}`, block, strange, { needs }));
  }
  return cases;
}

function castExtremes(): OperatorCase[] {
  const cases: OperatorCase[] = [];
  const one = vector([1]);
  const seed = vector([5, 6]);
  const add = (title: string, format: typeof E8M0, values: readonly number[], needs: readonly Need[]) => {
    const x = input([values.length], Float32Array.from(values));
    for (const rounding of ['nearest-even', 'toward-zero', 'stochastic'] as const) {
      const how = {
        blockRows: 1,
        blockColumns: values.length,
        rounding,
        overflow: 'special',
        stream: 3,
      } as const;
      const inputs = rounding === 'stochastic' ? [x, one, seed] : [x, one];
      cases.push(caseOf(cast, `${title} ${rounding}`, how, inputs, { outFormat: format, needs }));
    }
  };
  const between = Array.from({ length: 64 }, (_, i) => (1 + i / 64) * 2 ** -127);
  add('e8m0 below 2^-126', E8M0, [...between, ...between.map((x) => x / 2)], ['subnormals']);
  // as amax · (max / amax) may be: nearer to the largest value than to what lies beyond
  for (const format of [E4M3FN, E5M2, FP16]) {
    const half = format.max * 2 ** -(format.mantissaBits + 1);
    const over = Array.from({ length: 2048 }, (_, i) => format.max + ((i % 32) / 32) * half);
    const x = [...over, ...over.map((v) => -v), format.max * (1 + 2 ** -23), format.max * 2];
    add(`${format.name} just beyond the largest value`, format, x, ['nonFinite']);
  }
  return cases;
}

/** NaN and infinity in one element of many. */
function maximaExtremes(): OperatorCase[] {
  const cases: OperatorCase[] = [];
  const [rows, columns] = [37, 70];
  for (const [title, value] of [
    ['a NaN', nan],
    ['an infinity', inf],
    ['a negative infinity', -inf],
  ] as const) {
    for (const at of [0, 1234, rows * columns - 1]) {
      for (const format of [FP32, BF16]) {
        const values = normalInput([rows, columns], 311, format).values.slice();
        values[at] = value;
        const x = { shape: [rows, columns], format, values };
        for (const [blockRows, blockColumns] of [
          [rows, columns],
          [1, columns],
          [rows, 1],
          [5, 32],
        ] as const) {
          const name = `${title} at ${at}, ${format.name}, ${blockRows}×${blockColumns}`;
          cases.push(caseOf(amax, name, { blockRows, blockColumns }, [x], { needs: ['nonFinite'] }));
        }
        cases.push(caseOf(tokenAmax, `${title} at ${at}, ${format.name}`, {}, [x], { needs: ['nonFinite'] }));
      }
    }
  }
  return cases;
}

function rowExtremes(): OperatorCase[] {
  const cases: OperatorCase[] = [];
  const columns = 48;
  const gain = normalInput([columns], 321);
  for (const size of [1e-30, 1e-20, 1e18, 1e19, 1e20, 1e30, 1e37])
    cases.push(
      caseOf(rmsNorm, `rows of ${size}`, { epsilon: 1e-5 }, [
        normalInput([3, columns], 322, FP32, size),
        gain,
      ]),
    );
  for (const value of [nan, inf, -inf]) {
    const x = rowWith(value, columns, FP32);
    cases.push(
      caseOf(rmsNorm, `a row with ${value}`, { epsilon: 1e-5 }, [x, gain], { needs: ['nonFinite'] }),
    );
  }
  return cases;
}

function rowWith(value: number, columns: number, format: Format) {
  const values = normal(columns, 323);
  values[7] = value;
  return input([1, columns], values, format);
}

function lossExtremes(format: Format): OperatorCase[] {
  const cases: OperatorCase[] = [];
  const steep = input([2, 4], Float32Array.of(1000, 0, -1000, 5, -1e30, -1e30, 1e30, 0), format);
  cases.push(caseOf(crossEntropy, `large logits, ${format.name}`, {}, [steep, vector([0, 2])]));
  for (const value of [1e4, -1e4, 3e38, -3e38, nan, inf]) {
    const needs = Math.abs(value) < inf ? [] : (['nonFinite', 'exponentialOfNan'] as const);
    const inputs = [rowWith(value, 48, format), vector([3])];
    cases.push(caseOf(crossEntropy, `a logit of ${value}, ${format.name}`, {}, inputs, { needs }));
  }
  // the largest of each row elsewhere: e^x would overflow if it were missed
  const size = 19;
  const below = new Float32Array(size * size).fill(-500);
  for (let row = 0; row < size; row++) below[row * size + row] = -100;
  const targets = vector(Array.from({ length: size }, (_, row) => row));
  const inputs = [input([size, size], below, format), targets];
  cases.push(caseOf(crossEntropy, `logits far below 0, ${format.name}`, {}, inputs, { magnitude: 1 }));
  return cases;
}
