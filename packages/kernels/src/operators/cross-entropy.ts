/** @file The loss of the next token and its gradient. */
import { OctavoError } from '@octavo/formats';
import { defineOperator, type Pass } from '../operator.ts';
import { matrixShape, type Shape } from '../tensor.ts';
import { checkElements, checkInputs } from './check.ts';
import type { NoAttributes } from './elementwise.ts';
import type { Kernel } from './kernel.ts';
import { elementPass } from './pass.ts';

const { fround } = Math;

/** The largest logit of a row and Σ e^(logit − largest). */
function rowSums(logits: Float32Array, row: number, width: number): readonly [largest: number, sum: number] {
  let largest = logits[row * width]!;
  for (let v = 1; v < width; v++) largest = Math.max(largest, logits[row * width + v]!);
  let sum = 0;
  for (let v = 0; v < width; v++) {
    sum = fround(sum + fround(Math.exp(fround(logits[row * width + v]! - largest))));
  }
  return [largest, sum];
}

function checkTarget(target: number, width: number): void {
  if (Number.isInteger(target) && target < width) return;
  throw new OctavoError(
    `[kernels] crossEntropy: target: got ${target}, expected an integer below ${width} (negative: ignored)`,
  );
}

const checkTargets = (name: string, logits: Shape, targets: Shape): void =>
  checkElements(name, 'targets', targets, [matrixShape(logits)[0]]);

/** log Σ e^logits − logits[target], 0 where target < 0: logits `[T, V]`, targets `[T]` → `[T]`. */
export const crossEntropy = defineOperator<NoAttributes>({
  name: 'crossEntropy',
  shape(_, inputs) {
    checkInputs('crossEntropy', inputs, 2);
    checkTargets('crossEntropy', inputs[0]!, inputs[1]!);
    return [matrixShape(inputs[0]!)[0]];
  },
  reference(_, [logits, targets], out) {
    const [rows, width] = matrixShape(logits!.shape);
    for (let t = 0; t < rows; t++) {
      const target = targets!.data[t]!;
      checkTarget(target, width);
      if (target < 0) {
        out.data[t] = 0;
        continue;
      }
      const [largest, sum] = rowSums(logits!.data, t, width);
      out.data[t] = fround(Math.log(sum)) + fround(largest - logits!.data[t * width + target]!);
    }
  },
  passes(call) {
    const [rows, width] = matrixShape(call.inputs[0]!);
    const { passes, largest, sum } = softmaxPasses(rows, width);
    const rest = { constants: { width }, arguments: ['in0', 'in1', largest, sum] as const };
    return [...passes, elementPass(call, 'loss', loss, rest)];
  },
});

/**
 * (softmax(logits) − onehot(target)) · weight[0], 0 where target < 0: logits `[T, V]`, targets `[T]`, weight `[1]` →
 * `[T, V]`.
 */
export const crossEntropyGrad = defineOperator<NoAttributes>({
  name: 'crossEntropyGrad',
  shape(_, inputs) {
    checkInputs('crossEntropyGrad', inputs, 3);
    checkTargets('crossEntropyGrad', inputs[0]!, inputs[1]!);
    checkElements('crossEntropyGrad', 'weight', inputs[2]!, [1]);
    return inputs[0]!;
  },
  reference(_, [logits, targets, weight], out) {
    const [rows, width] = matrixShape(logits!.shape);
    const factor = weight!.data[0]!;
    for (let t = 0; t < rows; t++) {
      const target = targets!.data[t]!;
      checkTarget(target, width);
      const row = out.data.subarray(t * width, (t + 1) * width);
      if (target < 0) {
        row.fill(0);
        continue;
      }
      const [largest, sum] = rowSums(logits!.data, t, width);
      for (let v = 0; v < width; v++) {
        const p = fround(fround(Math.exp(fround(logits!.data[t * width + v]! - largest))) / sum);
        row[v] = fround(v === target ? p - 1 : p) * factor;
      }
    }
  },
  passes(call) {
    const [rows, width] = matrixShape(call.inputs[0]!);
    const { passes, largest, sum } = softmaxPasses(rows, width);
    const from = ['in0', 'in1', 'in2', largest, sum] as const;
    const rest = { constants: { width }, columns: width, arguments: from };
    return [...passes, elementPass(call, 'gradient', gradient, rest)];
  },
});

/** Lanes of a wide row, so that more threads than rows share the work. */
const LANES = 32;

/** Row maxima and row sums of exponentials; wide rows in lanes first. */
function softmaxPasses(
  rows: number,
  width: number,
): {
  readonly passes: readonly Pass[];
  readonly largest: Pass['arguments'][number];
  readonly sum: Pass['arguments'][number];
} {
  const lanes = width > 1024 ? LANES : 1;
  const steps = Math.ceil(width / lanes);
  const constants = { width, lanes, steps };
  const first = { constants, cells: rows * lanes, columns: lanes, loop: steps } as const;
  const fold = { constants: { lanes }, cells: rows, loop: lanes } as const;
  if (lanes === 1) {
    return {
      passes: [
        { ...first, name: 'maximum', kernel: maximumLanes, arguments: ['in0'] },
        { ...first, name: 'sum', kernel: sumLanes, arguments: ['in0', 't0'] },
      ],
      largest: 't0',
      sum: 't1',
    };
  }
  return {
    passes: [
      { ...first, name: 'maximum-lanes', kernel: maximumLanes, arguments: ['in0'] },
      { ...fold, name: 'maximum', kernel: foldMaximum, arguments: ['t0'] },
      { ...first, name: 'sum-lanes', kernel: sumLanes, arguments: ['in0', 't1'] },
      { ...fold, name: 'sum', kernel: foldSum, arguments: ['t2'] },
    ],
    largest: 't1',
    sum: 't3',
  };
}

function maximumLanes(this: Kernel<'width' | 'steps' | 'lanes'>, logits: number[]): number {
  let largest = logits[this.thread.y * this.constants.width + this.thread.x]!;
  for (let k = 0; k < this.constants.steps; k += 1) {
    if (k * this.constants.lanes + this.thread.x < this.constants.width) {
      const value = logits[this.thread.y * this.constants.width + k * this.constants.lanes + this.thread.x]!;
      if (value > largest) largest = value;
    }
  }
  return largest;
}

function sumLanes(this: Kernel<'steps' | 'lanes' | 'width'>, logits: number[], largest: number[]): number {
  let sum = 0;
  for (let k = 0; k < this.constants.steps; k += 1) {
    if (k * this.constants.lanes + this.thread.x < this.constants.width) {
      sum =
        sum +
        Math.exp(
          logits[this.thread.y * this.constants.width + k * this.constants.lanes + this.thread.x]! -
            largest[this.thread.y]!,
        );
    }
  }
  return sum;
}

function foldMaximum(this: Kernel<'lanes'>, values: number[]): number {
  let largest = values[this.thread.x * this.constants.lanes]!;
  for (let k = 0; k < this.constants.lanes; k += 1) {
    const value = values[this.thread.x * this.constants.lanes + k]!;
    if (value > largest) largest = value;
  }
  return largest;
}

function foldSum(this: Kernel<'lanes'>, values: number[]): number {
  let sum = 0;
  for (let k = 0; k < this.constants.lanes; k += 1) {
    sum = sum + values[this.thread.x * this.constants.lanes + k]!;
  }
  return sum;
}

function loss(
  this: Kernel<'width'>,
  logits: number[],
  targets: number[],
  largest: number[],
  sums: number[],
): number {
  let result = 0;
  const target = targets[this.thread.x]!;
  if (target >= 0) {
    result =
      Math.log(sums[this.thread.x]!) +
      (largest[this.thread.x]! - logits[this.thread.x * this.constants.width + target]!);
  }
  return result;
}

function gradient(
  this: Kernel<'width'>,
  logits: number[],
  targets: number[],
  weight: number[],
  largest: number[],
  sums: number[],
): number {
  let result = 0;
  const target = targets[this.thread.y]!;
  if (target >= 0) {
    result =
      Math.exp(logits[this.thread.y * this.constants.width + this.thread.x]! - largest[this.thread.y]!) /
      sums[this.thread.y]!;
    if (this.thread.x === target) {
      result = result - 1;
    }
    result = result * weight[0]!;
  }
  return result;
}
