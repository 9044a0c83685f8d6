/** @file The largest magnitude of every block: exact in any order. */
import { defineOperator, type Pass } from '../operator.ts';
import { type Block, elements, matrixShape, type Shape, scaleShape } from '../tensor.ts';
import { forEachRun, isWhole } from './block-scale.ts';
import { type BlockAttributes, blockOf, checkBlock, checkInputs } from './check.ts';
import type { Kernel } from './kernel.ts';
import { lanePasses } from './lanes.ts';

/**
 * max |x| of every block: x → `[⌈R / blockRows⌉, ⌈C / blockColumns⌉]`. Infinity where a block holds one, and NaN where it
 * holds a NaN: what is not finite cannot go unseen.
 */
export const amax = defineOperator<BlockAttributes>({
  name: 'amax',
  shape(attributes, inputs) {
    checkInputs('amax', inputs, 1);
    checkBlock('amax', blockOf(attributes));
    return scaleShape(inputs[0]!, blockOf(attributes));
  },
  reference(attributes, [x], out) {
    const largest = out.data.fill(0);
    forEachRun(x!.shape, blockOf(attributes), (start, end, s) => {
      let most = largest[s]!;
      for (let i = start; i < end; i++) {
        const value = Math.abs(x!.data[i]!);
        if (value > most || !(value >= 0)) most = value;
      }
      largest[s] = most;
    });
  },
  passes({ attributes, inputs: [x] }) {
    const block = blockOf(attributes);
    return isWhole(x!, block) ? lanePasses('max', elements(x!), 'in0', 0) : blockPasses(x!, block);
  },
});

/** Lanes of a channel's maximum: many rows, one column. */
const LANES = 64;

/** First along the rows, then down the columns. */
function blockPasses(shape: Shape, block: Block): readonly Pass[] {
  const [rows, columns] = matrixShape(shape);
  const [down, across] = scaleShape(shape, block);
  const passes: Pass[] = [];
  let source: Pass['arguments'][number] = 'in0';
  if (block.columns > 1) {
    passes.push({
      name: 'along',
      kernel: maxAlong,
      constants: { columns, block: block.columns, steps: Math.min(block.columns, columns) },
      cells: rows * across,
      columns: across,
      arguments: [source],
      loop: block.columns,
      round: block.rows === 1,
    });
    source = 't0';
  }
  if (block.rows === 1 && block.columns > 1) return passes;
  const pushDown = (
    rowsLeft: number,
    cellsDown: number,
    blockRows: number,
    stride: number,
    last: boolean,
  ) => {
    const steps = stride > 1 ? Math.ceil(rowsLeft / stride) : Math.min(blockRows, rowsLeft);
    passes.push({
      name: stride > 1 ? 'down-lanes' : 'down',
      kernel: maxDown,
      constants: { rows: rowsLeft, across, first: stride > 1 ? 1 : blockRows, stride, steps },
      cells: cellsDown * across,
      columns: across,
      arguments: [source],
      loop: steps,
      round: last,
    });
    source = `t${passes.length - 1}`;
  };
  if (down === 1 && rows > 4 * LANES) {
    pushDown(rows, LANES, rows, LANES, false);
    pushDown(LANES, 1, LANES, 1, true);
  } else {
    pushDown(rows, down, block.rows, 1, true);
  }
  return passes;
}

function maxAlong(this: Kernel<'steps' | 'block' | 'columns'>, x: number[]): number {
  let largest = 0;
  for (let j = 0; j < this.constants.steps; j += 1) {
    if (this.thread.x * this.constants.block + j < this.constants.columns) {
      const value = Math.abs(
        x[this.thread.y * this.constants.columns + this.thread.x * this.constants.block + j]!,
      );
      if (value > largest || !(value >= 0)) largest = value;
    }
  }
  return largest;
}

/** Row `y · first + j · stride` of the matrix `[rows, across]`. */
function maxDown(this: Kernel<'steps' | 'first' | 'stride' | 'rows' | 'across'>, x: number[]): number {
  let largest = 0;
  for (let j = 0; j < this.constants.steps; j += 1) {
    if (this.thread.y * this.constants.first + j * this.constants.stride < this.constants.rows) {
      const value = Math.abs(
        x[
          (this.thread.y * this.constants.first + j * this.constants.stride) * this.constants.across +
            this.thread.x
        ]!,
      );
      if (value > largest || !(value >= 0)) largest = value;
    }
  }
  return largest;
}
