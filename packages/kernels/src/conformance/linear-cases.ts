/** @file Cases of products, sums and rows of tables. */
import { BF16, E4M3, E4M3FN, E4M3FNUZ, E5M2, E5M2FNUZ, type Format, FP16, FP32 } from '@octavo/formats';
import { channelCosine } from '../operators/channel-cosine.ts';
import { add, multiply, subtract } from '../operators/elementwise.ts';
import { embedding, embeddingGrad, sortTokens } from '../operators/embedding.ts';
import { gemm } from '../operators/gemm.ts';
import { scaleBy, scaleColumns, scaleRows } from '../operators/scale.ts';
import { sum, sumColumns, sumSquares } from '../operators/sums.ts';
import { type Block, elements, type Shape, scaleShape } from '../tensor.ts';
import { caseOf, type OperatorCase } from './case.ts';
import { input, integers, normal, normalInput, scales } from './data.ts';

export function linearCases(): readonly OperatorCase[] {
  return [...plainGemms(), ...scaledGemms(), ...elementwiseCases(), ...tableCases(), ...sumCases()];
}

interface Side {
  readonly format: Format;
  /** Block as [rows, columns] in the stored orientation; null: no scale. */
  readonly block: Block | null;
}

const PLAIN: Side = { format: FP32, block: null };

function gemmCase(
  title: string,
  [m, n, k]: readonly [number, number, number],
  [transposeA, transposeB]: readonly [boolean, boolean],
  a: Side = PLAIN,
  b: Side = PLAIN,
  outFormat: Format = FP32,
): OperatorCase {
  const shapeA: Shape = transposeA ? [k, m] : [m, k];
  const shapeB: Shape = transposeB ? [n, k] : [k, n];
  const one = { rows: 1, columns: 1 };
  const attributes = {
    transposeA,
    transposeB,
    aBlockRows: (a.block ?? one).rows,
    aBlockColumns: (a.block ?? one).columns,
    bBlockRows: (b.block ?? one).rows,
    bBlockColumns: (b.block ?? one).columns,
    scaledA: a.block !== null,
    scaledB: b.block !== null,
  };
  const scaleOf = (shape: Shape, block: Block, seed: number) => {
    const of = scaleShape(shape, block);
    return input(of, scales(elements(of), seed, false));
  };
  const inputs = [normalInput(shapeA, 31, a.format), normalInput(shapeB, 32, b.format)];
  if (a.block) inputs.push(scaleOf(shapeA, a.block, 33));
  if (b.block) inputs.push(scaleOf(shapeB, b.block, 34));
  const transposes = `${transposeA ? 'T' : 'N'}${transposeB ? 'T' : 'N'}`;
  const name = `${m}×${n}×${k} ${transposes} ${title}`;
  // Sums of normal products: errors are relative to √k, even where one sum happens to cancel.
  const most = scalesMost(inputs.slice(2).map((s) => s.values));
  return caseOf(gemm, name, attributes, inputs, { outFormat, magnitude: Math.sqrt(k) * most });
}

const scalesMost = (all: readonly Float32Array[]): number =>
  all.reduce((product, values) => product / values.reduce((least, v) => Math.min(least, v)), 1);

const TRANSPOSES = [
  [false, false],
  [false, true],
  [true, false],
  [true, true],
] as const;

function plainGemms(): OperatorCase[] {
  const cases: OperatorCase[] = [];
  const sizes = [
    [1, 1, 1],
    [1, 17, 5],
    [19, 1, 33],
    [5, 4, 3],
    [16, 16, 16],
    [33, 40, 65],
    [67, 35, 129],
  ] as const;
  for (const transposes of TRANSPOSES) {
    for (const size of sizes) cases.push(gemmCase('', size, transposes));
    cases.push(
      gemmCase(
        'to bf16',
        [31, 36, 48],
        transposes,
        { format: BF16, block: null },
        { format: BF16, block: null },
        BF16,
      ),
    );
  }
  cases.push(gemmCase('large', [129, 260, 515], [false, true]));
  cases.push(gemmCase('odd to bf16', [31, 37, 48], [false, true], PLAIN, PLAIN, BF16));
  cases.push(gemmCase('long sum', [3, 5, 4096], [false, true]));
  return cases;
}

function scaledGemms(): OperatorCase[] {
  const cases: OperatorCase[] = [];
  const [m, n, k] = [37, 44, 70];
  const whole: Block = { rows: 4096, columns: 4096 };
  const kinds = (transposed: boolean): readonly (readonly [string, Block])[] => [
    ['tensor', whole],
    ['outer', transposed ? { rows: k, columns: 1 } : { rows: 1, columns: k }],
    ['inner', transposed ? { rows: 1, columns: 4096 } : { rows: 4096, columns: 1 }],
    ['1×32', { rows: 1, columns: 32 }],
    ['32×1', { rows: 32, columns: 1 }],
    ['16×16', { rows: 16, columns: 16 }],
  ];
  for (const [ta, tb] of TRANSPOSES) {
    // B's stored [n, k] is the orientation in which K are the columns.
    for (const [nameA, blockA] of kinds(ta)) {
      for (const [nameB, blockB] of kinds(!tb)) {
        if (nameA !== nameB && nameA !== 'tensor' && nameB !== 'outer') continue;
        const a = { format: E4M3FN, block: blockA };
        const b = { format: E4M3FN, block: blockB };
        cases.push(gemmCase(`${nameA} × ${nameB}`, [m, n, k], [ta, tb], a, b));
      }
    }
    const plain = { format: BF16, block: null };
    cases.push(gemmCase('only a scaled', [m, n, k], [ta, tb], { format: E5M2, block: whole }, plain, BF16));
    cases.push(
      gemmCase('only b scaled', [m, n + 1, k], [ta, tb], plain, { format: E5M2, block: whole }, BF16),
    );
  }
  const formatPairs = [
    [E4M3FN, E5M2],
    [E5M2, E4M3FN],
    [E4M3, E4M3],
    [E4M3FNUZ, E5M2FNUZ],
    [FP16, BF16],
    [E4M3FN, FP32],
  ] as const;
  for (const [fa, fb] of formatPairs) {
    const a = { format: fa, block: whole };
    const b = { format: fb, block: whole };
    cases.push(gemmCase(`${fa.name} × ${fb.name}`, [20, 24, 64], [false, true], a, b, BF16));
  }
  return cases;
}

function elementwiseCases(): OperatorCase[] {
  const cases: OperatorCase[] = [];
  for (const shape of [[1], [3, 5], [129, 33], [70_001]] as const) {
    for (const format of [FP32, BF16]) {
      const a = normalInput(shape, 41, format);
      const b = normalInput(shape, 42, format, 100);
      const more = { outFormat: format };
      const title = `${shape.join('×')} ${format.name}`;
      for (const operator of [add, subtract, multiply]) cases.push(caseOf(operator, title, {}, [a, b], more));
      cases.push(caseOf(scaleBy, title, {}, [a, normalInput([1], 43)], more));
      const rows = shape.length === 1 ? 1 : shape[0];
      cases.push(caseOf(scaleRows, title, {}, [a, normalInput([rows, 1], 44)], more));
      const columns = shape[shape.length - 1]!;
      cases.push(caseOf(scaleColumns, title, {}, [a, normalInput([1, columns], 45)], more));
    }
  }
  return cases;
}

function tableCases(): OperatorCase[] {
  const cases: OperatorCase[] = [];
  for (const [vocabulary, width, tokens] of [
    [1, 1, 1],
    [7, 5, 40],
    [300, 33, 9],
    [11, 4, 1500],
  ] as const) {
    const list = integers(tokens, 51, vocabulary);
    for (const format of [FP32, BF16]) {
      const title = `${vocabulary}×${width}, ${tokens} tokens, ${format.name}`;
      const more = { outFormat: format };
      const table = normalInput([vocabulary, width], 52, format);
      cases.push(caseOf(embedding, title, {}, [table, input([tokens], list)], more));
      const { order, starts } = sortTokens(list, vocabulary);
      const inputs = [
        normalInput([tokens, width], 53, format),
        input([tokens], order),
        input([vocabulary + 1], starts),
      ];
      cases.push(caseOf(embeddingGrad, title, { vocabulary }, inputs, { ...more, magnitude: 10 }));
    }
  }
  return cases;
}

function sumCases(): OperatorCase[] {
  const cases: OperatorCase[] = [];
  for (const length of [1, 64, 65, 4096, 4097, 300_001]) {
    const positive = input([length], normal(length, 61).map(Math.abs));
    const magnitude = Math.sqrt(length);
    cases.push(caseOf(sum, `${length} positive`, {}, [positive]));
    cases.push(caseOf(sum, `${length}`, {}, [normalInput([length], 62)], { magnitude }));
    cases.push(caseOf(sumSquares, `${length}`, {}, [normalInput([length], 63)]));
  }
  cases.push(caseOf(sumSquares, 'bf16', {}, [normalInput([9, 9], 64, BF16)]));
  for (const shape of [
    [1, 1],
    [1, 9],
    [9, 1],
    [1500, 33],
  ] as const) {
    for (const format of [FP32, BF16]) {
      const more = { outFormat: format, magnitude: Math.sqrt(shape[0]) };
      cases.push(
        caseOf(sumColumns, `${shape.join('×')} ${format.name}`, {}, [normalInput(shape, 65, format)], more),
      );
    }
  }
  for (const shape of [
    [2, 1],
    [2, 9],
    [34, 65],
  ] as const) {
    const weight = normalInput(shape, 66);
    cases.push(caseOf(channelCosine, shape.join('×'), {}, [weight], { magnitude: 1 }));
  }
  const half = normal(20, 67);
  const aligned = Float32Array.from([...half, ...half.map((v, i) => (i < 10 ? 3 * v : 0))]);
  cases.push(caseOf(channelCosine, 'aligned and zero', {}, [input([4, 10], aligned)], { magnitude: 1 }));
  return cases;
}
