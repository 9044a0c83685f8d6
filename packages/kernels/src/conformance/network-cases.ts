/** @file Cases of what a Llama block is made of, its loss and its optimizer. */
import { BF16, E4M3FN, E5M2, type Format, FP16, FP32 } from '@octavo/formats';
import { adamMoment1, adamMoment2, adamWeight } from '../operators/adam.ts';
import { crossEntropy, crossEntropyGrad } from '../operators/cross-entropy.ts';
import { keepNonzero } from '../operators/keep-nonzero.ts';
import { lostUpdates } from '../operators/lost-updates.ts';
import { rmsNorm, rmsNormGradGain, rmsNormGradInput } from '../operators/rms-norm.ts';
import { rope, ropeTables } from '../operators/rope.ts';
import { tokenAmax } from '../operators/smooth.ts';
import { swiglu, swigluGrad } from '../operators/swiglu.ts';
import { elements } from '../tensor.ts';
import { attentionCases, HEADS } from './attention-cases.ts';
import { caseOf, type OperatorCase } from './case.ts';
import { input, integers, normal, normalInput, vector, wide } from './data.ts';

const FORMATS: readonly Format[] = [FP32, BF16];

export function networkCases(): readonly OperatorCase[] {
  return [
    ...normCases(),
    ...ropeCases(),
    ...attentionCases(),
    ...swigluCases(),
    ...lossCases(),
    ...adamCases(),
  ];
}

function normCases(): OperatorCase[] {
  const cases: OperatorCase[] = [];
  for (const shape of [
    [1, 1],
    [1, 33],
    [17, 1],
    [65, 48],
    [300, 7],
  ] as const) {
    for (const format of FORMATS) {
      for (const epsilon of [1e-5, 1e-6]) {
        const title = `${shape.join('×')} ${format.name} ε ${epsilon}`;
        const x = normalInput(shape, 71, format, 3);
        const dy = normalInput(shape, 72, format);
        const gain = normalInput([shape[1]], 73);
        const more = { outFormat: format };
        cases.push(caseOf(rmsNorm, title, { epsilon }, [x, gain], more));
        cases.push(caseOf(rmsNormGradInput, title, { epsilon }, [dy, x, gain], { ...more, magnitude: 1 }));
        const magnitude = Math.sqrt(shape[0]);
        cases.push(caseOf(rmsNormGradGain, title, { epsilon }, [dy, x], { ...more, magnitude }));
      }
    }
  }
  const zeros = input([2, 8], new Float32Array(16));
  cases.push(caseOf(rmsNorm, 'zeros', { epsilon: 1e-5 }, [zeros, normalInput([8], 74)]));
  return cases;
}

function ropeCases(): OperatorCase[] {
  const cases: OperatorCase[] = [];
  for (const [heads, keyValueHeads, headDim] of HEADS) {
    for (const format of FORMATS) {
      for (const inverse of [false, true]) {
        const rows = 23;
        const { cos, sin } = ropeTables(64, headDim, 10_000);
        const inputs = [
          normalInput([rows, (heads + 2 * keyValueHeads) * headDim], 81, format),
          input([64, headDim / 2], cos),
          input([64, headDim / 2], sin),
          input([rows], integers(rows, 82, 64)),
        ];
        const title = `${heads}/${keyValueHeads}×${headDim} ${format.name}${inverse ? ' inverse' : ''}`;
        const attributes = { heads, keyValueHeads, headDim, inverse };
        cases.push(caseOf(rope, title, attributes, inputs, { outFormat: format }));
      }
    }
  }
  return cases;
}

function swigluCases(): OperatorCase[] {
  const cases: OperatorCase[] = [];
  for (const [rows, width] of [
    [1, 1],
    [5, 3],
    [33, 40],
    [260, 17],
  ] as const) {
    for (const format of FORMATS) {
      const gateUp = normalInput([rows, 2 * width], 101, format, 4);
      const dh = normalInput([rows, width], 102, format);
      const t = input(
        [rows, 1],
        normal(rows, 103).map((v) => Math.abs(v) + 0.5),
      );
      for (const perToken of [false, true]) {
        const more = perToken ? [t] : [];
        const title = `${rows}×${width} ${format.name}${perToken ? ' per token' : ''}`;
        cases.push(caseOf(swiglu, title, { perToken }, [gateUp, ...more], { outFormat: format }));
        cases.push(caseOf(swigluGrad, title, { perToken }, [gateUp, dh, ...more], { outFormat: format }));
      }
      cases.push(caseOf(tokenAmax, `${rows}×${width} ${format.name}`, {}, [gateUp]));
    }
  }
  const gates = [-200, -100, -88, -87, -20, -1, -0, 0, 1, 20, 88, 100, 200];
  const extremes = input([1, 26], Float32Array.from([...gates, ...gates.map(() => 2)]));
  cases.push(caseOf(swiglu, 'extreme gates', { perToken: false }, [extremes], { magnitude: 1 }));
  const ones = input([1, 13], new Float32Array(13).fill(1));
  cases.push(caseOf(swigluGrad, 'extreme gates', { perToken: false }, [extremes, ones]));
  cases.push(
    caseOf(tokenAmax, 'zeros', {}, [input([3, 4], Float32Array.of(1, 2, 0, 0, 3, 4, -0, 0, 0, 0, -5, 4))]),
  );
  return cases;
}

function lossCases(): OperatorCase[] {
  const cases: OperatorCase[] = [];
  for (const [rows, width] of [
    [1, 1],
    [1, 2],
    [9, 17],
    [33, 256],
    [5, 3000],
  ] as const) {
    for (const format of FORMATS) {
      const logits = normalInput([rows, width], 111, format, 3);
      const targets = integers(rows, 112, width).map((v, i) => (i % 4 === 2 ? -1 : v));
      const inputs = [logits, input([rows], targets)];
      const title = `${rows}×${width} ${format.name}`;
      cases.push(caseOf(crossEntropy, title, {}, inputs, { magnitude: 3 }));
      const weight = vector([1 / 3]);
      cases.push(caseOf(crossEntropyGrad, title, {}, [...inputs, weight], { outFormat: format }));
    }
  }
  return cases;
}

function adamCases(): OperatorCase[] {
  const cases: OperatorCase[] = [];
  const hyper = vector([3e-3, 0.9, 0.95, 1e-8, 0.1, 0.7, 1 - 0.9 ** 3, 1 - 0.95 ** 3, 1]);
  for (const shape of [[1], [5, 3], [129, 33]] as const) {
    const length = elements(shape);
    const [w, m] = [normalInput(shape, 121), normalInput(shape, 122, FP32, 0.01)];
    const v = input(
      shape,
      normal(length, 123, 0.01).map((x) => x * x),
    );
    const title = shape.join('×');
    for (const format of FORMATS) {
      const g = normalInput(shape, 124, format, 0.1);
      cases.push(caseOf(adamMoment1, `${title} ${format.name}`, {}, [m, g, hyper]));
      cases.push(caseOf(adamMoment2, `${title} ${format.name}`, { bounded: false }, [v, g, hyper]));
      cases.push(caseOf(adamMoment2, `${title} ${format.name} bounded`, { bounded: true }, [v, g, hyper, m]));
    }
    for (const decays of [false, true]) {
      cases.push(caseOf(adamWeight, `${title}${decays ? ' decays' : ''}`, { decays }, [w, m, v, hyper]));
    }
    const zero = input(shape, new Float32Array(length));
    cases.push(caseOf(adamWeight, `${title} zero moments`, { decays: true }, [w, zero, zero, hyper]));
  }
  return [...cases, ...keptCases(), ...lostCases()];
}

function keptCases(): OperatorCase[] {
  return [FP16, E4M3FN, E5M2].map((format) => {
    const x = wide(129 * 33, 125, 30, 0).map((v, i) => (i % 7 ? v : 0));
    const codes = input(
      [129, 33],
      x.map((v) => v * 2 ** -4),
      format,
    );
    return caseOf(keepNonzero, format.name, {}, [codes, input([129, 33], x)], { outFormat: format });
  });
}

function lostCases(): OperatorCase[] {
  const shape = [65, 9];
  const still = (format: Format, every: number, seed: number) => {
    const values = normal(elements(shape), seed).map((x, i) => (i % every ? 0 : x));
    return input(shape, values, format);
  };
  const [stored, w, m, g] = [
    normalInput(shape, 126, FP16),
    still(FP16, 2, 127),
    still(E4M3FN, 3, 128),
    still(BF16, 5, 129),
  ];
  const values = stored.values.map((x, i) => (i % 4 === 1 ? x / 2 : x));
  const kept = { ...stored, values };
  return [true, false].flatMap((decays) =>
    [3e-3, 0].map((rate) => {
      const hyper = vector([rate, 0.9, 0.95, 1e-8, 0.1, 0.7, 0.3, 0.2, 1]);
      const title = `rate ${rate}${decays ? ' decays' : ''}`;
      return caseOf(lostUpdates, title, { decays }, [stored, kept, w, m, g, hyper]);
    }),
  );
}
