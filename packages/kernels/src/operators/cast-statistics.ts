/** @file What a cast does to a tensor, in eight numbers. */
import { defineOperator, type Pass } from '../operator.ts';
import { elements, matrixShape } from '../tensor.ts';
import { type BlockConstant, blockConstants, isWhole, scaled } from './block-scale.ts';
import { type BlockAttributes, blockOf, checkInputs, checkScale } from './check.ts';
import type { Kernel } from './kernel.ts';
import { laneCounts, laneSums } from './lanes.ts';
import { LARGEST } from './power-of-two.ts';

export type StatisticsAttributes = BlockAttributes & {
  /** Largest value of the format that is cast to. */
  readonly max: number;
  /** Its smallest positive value. */
  readonly minSubnormal: number;
};

/**
 * x, scale (one a block) → `[8]`: amax; clipped (|x · scale| > max); underflowed (x ≠ 0 and |x · scale| ≤
 * minSubnormal / 2, which nearest-even makes 0); Σ x; Σ x²; Σ x⁴; elements that are not finite; elements.
 * All but the last two over finite elements; sums in the order of the lanes.
 */
export const castStatistics = defineOperator<StatisticsAttributes>({
  name: 'castStatistics',
  shape(attributes, inputs) {
    checkInputs('castStatistics', inputs, 2);
    checkScale('castStatistics', 'scale', inputs[0]!, blockOf(attributes), inputs[1]!);
    return [8];
  },
  reference(attributes, [x, scale], out) {
    const values = x!.data;
    const scaledValues = scaled(values, x!.shape, blockOf(attributes), scale!.data);
    const powers = [1, 2, 4].map(() => new Float32Array(values.length));
    const half = Math.fround(attributes.minSubnormal / 2);
    let [amax, clipped, underflowed, finite] = [0, 0, 0, 0];
    for (let i = 0; i < values.length; i++) {
      const a = Math.abs(values[i]!);
      if (!(a <= LARGEST)) continue;
      finite++;
      if (a > amax) amax = a;
      const magnitude = Math.abs(scaledValues[i]!);
      if (magnitude > attributes.max) clipped++;
      if (a > 0 && magnitude <= half) underflowed++;
      powers[0]![i] = values[i]!;
      powers[1]![i] = values[i]! * values[i]!;
      powers[2]![i] = powers[1]![i]! * powers[1]![i]!;
    }
    const lanes = laneCounts(values.length)[0]!;
    const sums = powers.map((power) => laneSums(laneSums(power, lanes), 1)[0]!);
    out.data.set([amax, clipped, underflowed, ...sums, values.length - finite, values.length]);
  },
  passes({ attributes, inputs: [x] }) {
    const length = elements(x!);
    const lanes = laneCounts(length)[0]!;
    const steps = Math.ceil(length / lanes);
    const block = blockOf(attributes);
    const whole = isWhole(x!, block);
    const scaling: Pass = {
      name: 'scaled',
      kernel: whole ? scaleWhole : scaleBlocks,
      constants: whole ? {} : blockConstants(x!, block),
      cells: length,
      ...(whole ? {} : { columns: matrixShape(x!)[1] }),
      arguments: ['in0', 'in1'],
    };
    const common = { cells: lanes, components: 4, loop: steps } as const;
    return [
      scaling,
      {
        ...common,
        name: 'counts',
        kernel: countLanes,
        constants: { lanes, steps, length, max: attributes.max, half: attributes.minSubnormal / 2 },
        floats: ['max', 'half'],
        arguments: ['in0', 't0'],
      },
      {
        ...common,
        name: 'powers',
        kernel: powerLanes,
        constants: { lanes, steps, length },
        arguments: ['in0'],
      },
      {
        name: 'together',
        kernel: together,
        constants: { lanes, length },
        floats: ['length'],
        cells: 8,
        arguments: ['t1', 't2'],
        loop: lanes,
      },
    ];
  },
});

function scaleWhole(this: Kernel, x: number[], scale: number[]): number {
  return x[this.thread.x]! * scale[0]!;
}

function scaleBlocks(this: Kernel<BlockConstant>, x: number[], scale: number[]): number {
  const row = Math.floor((this.thread.y + 0.5) / this.constants.blockRows);
  const column = Math.floor((this.thread.x + 0.5) / this.constants.blockColumns);
  return (
    x[this.thread.y * this.constants.columns + this.thread.x]! * scale[row * this.constants.across + column]!
  );
}

/** amax, clipped, underflowed, not finite. */
function countLanes(
  this: Kernel<'steps' | 'lanes' | 'length' | 'max' | 'half'>,
  x: number[],
  scaledX: number[],
): number[] {
  let largest = 0;
  let clipped = 0;
  let underflowed = 0;
  let strange = 0;
  for (let k = 0; k < this.constants.steps; k += 1) {
    if (k * this.constants.lanes + this.thread.x < this.constants.length) {
      const a = Math.abs(x[k * this.constants.lanes + this.thread.x]!);
      const s = Math.abs(scaledX[k * this.constants.lanes + this.thread.x]!);
      if (a <= 3.4028234663852886e38) {
        if (a > largest) largest = a;
        if (s > this.constants.max) clipped = clipped + 1;
        if (a > 0 && s <= this.constants.half) underflowed = underflowed + 1;
      } else {
        strange = strange + 1;
      }
    }
  }
  return [largest, clipped, underflowed, strange];
}

/** Σ x, Σ x², Σ x⁴. */
function powerLanes(this: Kernel<'steps' | 'lanes' | 'length'>, x: number[]): number[] {
  let sum = 0;
  let squares = 0;
  let fourths = 0;
  for (let k = 0; k < this.constants.steps; k += 1) {
    if (k * this.constants.lanes + this.thread.x < this.constants.length) {
      const value = x[k * this.constants.lanes + this.thread.x]!;
      if (Math.abs(value) <= 3.4028234663852886e38) {
        const square = value * value;
        sum = sum + value;
        squares = squares + square;
        fourths = fourths + square * square;
      }
    }
  }
  return [sum, squares, fourths, 0];
}

function together(this: Kernel<'lanes' | 'length'>, counts: number[], powers: number[]): number {
  let result = 0;
  for (let l = 0; l < this.constants.lanes; l += 1) {
    if (this.thread.x === 0) {
      if (counts[l * 4]! > result) result = counts[l * 4]!;
    } else if (this.thread.x < 3) {
      result = result + counts[l * 4 + this.thread.x]!;
    } else if (this.thread.x < 6) {
      result = result + powers[l * 4 + this.thread.x - 3]!;
    } else if (this.thread.x < 7) {
      result = result + counts[l * 4 + 3]!;
    }
  }
  if (this.thread.x > 6) result = this.constants.length;
  return result;
}
