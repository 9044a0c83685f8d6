/** @file The matrix product on gpu.js: one thread computes four neighbours of a row where the columns allow it. */
import { FP32 } from '@octavo/formats';
import { roundBf16 } from '../gpujs/round-bf16.ts';
import type { Pass, Signature } from '../operator.ts';
import { elements, matrixShape } from '../tensor.ts';
import { blockConstants } from './block-scale.ts';
import { type GemmAttributes, type OperandView, operandsOf } from './gemm-operands.ts';
import type { Kernel } from './kernel.ts';

type Source = Pass['arguments'][number];

export function gemmPasses({ attributes, inputs, outFormat }: Signature<GemmAttributes>): readonly Pass[] {
  const [a, b] = operandsOf(attributes, inputs);
  const passes: Pass[] = [];
  const load = (operand: OperandView, index: number): Source => {
    if (operand.scale < 0 || operand.scaledAtStore) return `in${index}`;
    passes.push({
      name: index === 0 ? 'load-a' : 'load-b',
      kernel: loadBlocks,
      constants: blockConstants(operand.shape, operand.block),
      cells: elements(operand.shape),
      columns: matrixShape(operand.shape)[1],
      arguments: [`in${index}`, `in${operand.scale}`],
    });
    return `t${passes.length - 1}`;
  };
  const sources = [load(a, 0), load(b, 1)];

  const four = b.outer % 4 === 0 && b.outer > 0;
  const rounds = outFormat !== FP32;
  const storing = a.scaledAtStore || b.scaledAtStore;
  // Where only one operand has a scale to store with, the other's place is taken by the same tensor, unread.
  const scales: Source[] = storing
    ? [a.scaledAtStore ? a : b, b.scaledAtStore ? b : a].map((o): Source => `in${o.scale}`)
    : [];
  passes.push({
    name: four ? 'product-4' : 'product',
    kernel: storing ? (four ? scaledProduct4 : scaledProduct) : four ? product4 : product,
    functions: [...(storing ? [unscale] : []), ...(four ? [roundBf16] : [])],
    constants: {
      inner: a.inner,
      aOuter: a.outerStride,
      aInner: a.innerStride,
      bOuter: b.outerStride,
      bInner: b.innerStride,
      ...(four ? { rounds: Number(rounds) } : {}),
      ...(storing
        ? {
            hasA: Number(a.scaledAtStore),
            hasB: Number(b.scaledAtStore),
            aBlock: a.outerBlock,
            bBlock: b.outerBlock,
          }
        : {}),
    },
    cells: (a.outer * b.outer) / (four ? 4 : 1),
    columns: b.outer / (four ? 4 : 1),
    ...(four ? { components: 4 as const } : { round: true }),
    arguments: [...sources, ...scales],
    loop: a.inner,
  });
  return passes;
}

function loadBlocks(
  this: Kernel<'blockRows' | 'blockColumns' | 'across' | 'columns'>,
  codes: number[],
  scale: number[],
): number {
  const row = Math.floor((this.thread.y + 0.5) / this.constants.blockRows);
  const column = Math.floor((this.thread.x + 0.5) / this.constants.blockColumns);
  const inverse = 1 / scale[row * this.constants.across + column]!;
  return codes[this.thread.y * this.constants.columns + this.thread.x]! * inverse;
}

/** sum · (1 / (sA · sB)), or sum / sA / sB where the product or its reciprocal is not a normal float32. */
function unscale(sum: number, sA: number, sB: number): number {
  const both = sA * sB;
  let result = sum / sA / sB;
  if (both >= 1.1754943508222875e-38 && both <= 8.507059173023462e37) {
    result = sum * (1 / both);
  }
  return result;
}

function product(
  this: Kernel<'inner' | 'aOuter' | 'aInner' | 'bOuter' | 'bInner'>,
  a: number[],
  b: number[],
): number {
  let sum = 0;
  for (let k = 0; k < this.constants.inner; k += 1) {
    sum =
      sum +
      a[this.thread.y * this.constants.aOuter + k * this.constants.aInner]! *
        b[this.thread.x * this.constants.bOuter + k * this.constants.bInner]!;
  }
  return sum;
}

function scaledProduct(
  this: Kernel<'inner' | 'aOuter' | 'aInner' | 'bOuter' | 'bInner' | 'hasA' | 'aBlock' | 'hasB' | 'bBlock'>,
  a: number[],
  b: number[],
  scaleA: number[],
  scaleB: number[],
): number {
  let sum = 0;
  for (let k = 0; k < this.constants.inner; k += 1) {
    sum =
      sum +
      a[this.thread.y * this.constants.aOuter + k * this.constants.aInner]! *
        b[this.thread.x * this.constants.bOuter + k * this.constants.bInner]!;
  }
  let sA = 1;
  let sB = 1;
  if (this.constants.hasA > 0) {
    const row = Math.floor((this.thread.y + 0.5) / this.constants.aBlock);
    sA = scaleA[row]!;
  }
  if (this.constants.hasB > 0) {
    const column = Math.floor((this.thread.x + 0.5) / this.constants.bBlock);
    sB = scaleB[column]!;
  }
  return unscale(sum, sA, sB);
}

function product4(
  this: Kernel<'inner' | 'aOuter' | 'aInner' | 'bOuter' | 'bInner' | 'rounds'>,
  a: number[],
  b: number[],
): number[] {
  let s0 = 0;
  let s1 = 0;
  let s2 = 0;
  let s3 = 0;
  for (let k = 0; k < this.constants.inner; k += 1) {
    const x = a[this.thread.y * this.constants.aOuter + k * this.constants.aInner]!;
    s0 = s0 + x * b[this.thread.x * 4 * this.constants.bOuter + k * this.constants.bInner]!;
    s1 = s1 + x * b[(this.thread.x * 4 + 1) * this.constants.bOuter + k * this.constants.bInner]!;
    s2 = s2 + x * b[(this.thread.x * 4 + 2) * this.constants.bOuter + k * this.constants.bInner]!;
    s3 = s3 + x * b[(this.thread.x * 4 + 3) * this.constants.bOuter + k * this.constants.bInner]!;
  }
  if (this.constants.rounds > 0) {
    s0 = roundBf16(s0);
    s1 = roundBf16(s1);
    s2 = roundBf16(s2);
    s3 = roundBf16(s3);
  }
  return [s0, s1, s2, s3];
}

function scaledProduct4(
  this: Kernel<
    'inner' | 'aOuter' | 'aInner' | 'bOuter' | 'bInner' | 'hasA' | 'aBlock' | 'hasB' | 'bBlock' | 'rounds'
  >,
  a: number[],
  b: number[],
  scaleA: number[],
  scaleB: number[],
): number[] {
  let s0 = 0;
  let s1 = 0;
  let s2 = 0;
  let s3 = 0;
  for (let k = 0; k < this.constants.inner; k += 1) {
    const x = a[this.thread.y * this.constants.aOuter + k * this.constants.aInner]!;
    s0 = s0 + x * b[this.thread.x * 4 * this.constants.bOuter + k * this.constants.bInner]!;
    s1 = s1 + x * b[(this.thread.x * 4 + 1) * this.constants.bOuter + k * this.constants.bInner]!;
    s2 = s2 + x * b[(this.thread.x * 4 + 2) * this.constants.bOuter + k * this.constants.bInner]!;
    s3 = s3 + x * b[(this.thread.x * 4 + 3) * this.constants.bOuter + k * this.constants.bInner]!;
  }
  let sA = 1;
  let sB0 = 1;
  let sB1 = 1;
  let sB2 = 1;
  let sB3 = 1;
  if (this.constants.hasA > 0) {
    const row = Math.floor((this.thread.y + 0.5) / this.constants.aBlock);
    sA = scaleA[row]!;
  }
  if (this.constants.hasB > 0) {
    const n0 = Math.floor((this.thread.x * 4 + 0.5) / this.constants.bBlock);
    const n1 = Math.floor((this.thread.x * 4 + 1.5) / this.constants.bBlock);
    const n2 = Math.floor((this.thread.x * 4 + 2.5) / this.constants.bBlock);
    const n3 = Math.floor((this.thread.x * 4 + 3.5) / this.constants.bBlock);
    sB0 = scaleB[n0]!;
    sB1 = scaleB[n1]!;
    sB2 = scaleB[n2]!;
    sB3 = scaleB[n3]!;
  }
  s0 = unscale(s0, sA, sB0);
  s1 = unscale(s1, sA, sB1);
  s2 = unscale(s2, sA, sB2);
  s3 = unscale(s3, sA, sB3);
  if (this.constants.rounds > 0) {
    s0 = roundBf16(s0);
    s1 = roundBf16(s1);
    s2 = roundBf16(s2);
    s3 = roundBf16(s3);
  }
  return [s0, s1, s2, s3];
}
