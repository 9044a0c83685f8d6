/** @file Codes back to numbers. */
import { type Format, FP32 } from '@octavo/formats';
import type { Device } from '../device.ts';
import { defineOperator } from '../operator.ts';
import { matrixShape, type Tensor } from '../tensor.ts';
import { type BlockConstant, blockConstants, forEachRun, isWhole } from './block-scale.ts';
import { type BlockAttributes, blockOf, checkInputs, checkScale } from './check.ts';
import type { Kernel } from './kernel.ts';
import { elementPass } from './pass.ts';

/** x = codes / scale[block]: codes, scale (one a block) → the shape of codes. */
export const dequantize = defineOperator<BlockAttributes>({
  name: 'dequantize',
  shape(attributes, inputs) {
    checkInputs('dequantize', inputs, 2);
    checkScale('dequantize', 'scale', inputs[0]!, blockOf(attributes), inputs[1]!);
    return inputs[0]!;
  },
  reference(attributes, [codes, scale], out) {
    forEachRun(codes!.shape, blockOf(attributes), (start, end, s) => {
      const divisor = scale!.data[s]!;
      for (let i = start; i < end; i++) out.data[i] = codes!.data[i]! / divisor;
    });
  },
  passes(call) {
    const [codes] = call.inputs;
    const block = blockOf(call.attributes);
    if (isWhole(codes!, block)) return [elementPass(call, 'divide', divideWhole)];
    const rest = { constants: blockConstants(codes!, block), columns: matrixShape(codes!)[1] };
    return [elementPass(call, 'divide', divideBlocks, rest)];
  },
});

/** A tensor's values in another format, each rounded once, in a new tensor; in its own format the tensor itself. */
export function roundTo(device: Device, x: Tensor, format: Format): Tensor {
  if (x.format === format) return x;
  const [blockRows, blockColumns] = matrixShape(x.shape);
  const [rounded, one] = [device.alloc(x.shape, format), device.alloc([1, 1], FP32)];
  device.write(one, [1]);
  device.run(dequantize, { blockRows, blockColumns }, [x, one], [rounded]);
  device.free(one);
  return rounded;
}

function divideWhole(this: Kernel, codes: number[], scale: number[]): number {
  return codes[this.thread.x]! / scale[0]!;
}

function divideBlocks(this: Kernel<BlockConstant>, codes: number[], scale: number[]): number {
  const row = Math.floor((this.thread.y + 0.5) / this.constants.blockRows);
  const column = Math.floor((this.thread.x + 0.5) / this.constants.blockColumns);
  return (
    codes[this.thread.y * this.constants.columns + this.thread.x]! /
    scale[row * this.constants.across + column]!
  );
}
