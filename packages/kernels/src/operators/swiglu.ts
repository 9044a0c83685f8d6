/** @file SwiGLU (Shazeer, arXiv 2002.05202) on packed rows `[gate | up]`, plain or with up divided per token, and its gradient. */
import { defineOperator } from '../operator.ts';
import { matrixShape, type Shape } from '../tensor.ts';
import { checkElements, checkInputs, checkMatrix, mismatch } from './check.ts';
import type { Kernel } from './kernel.ts';
import { elementPass } from './pass.ts';

export type SwigluAttributes = {
  /** Divide up by t, one number a token: Smooth-SwiGLU per token (arXiv 2409.12517, reference code). */
  readonly perToken: boolean;
};

const { fround } = Math;

/** 1 / (1 + e^−g), where g < 0 as e^g / (1 + e^g): nothing overflows, and g · sigmoid(g) goes to −0. */
const sigmoid = (g: number): number => {
  const e = fround(Math.exp(-Math.abs(g)));
  return fround((g < 0 ? e : 1) / fround(1 + e));
};

/** Half the width of packed rows; throws if it is odd. */
export function halfWidth(operator: string, gateUp: Shape): number {
  const half = matrixShape(gateUp)[1] / 2;
  if (!Number.isInteger(half))
    mismatch(operator, 'gateUp', gateUp, 'an even number of columns: gate, then up');
  return half;
}

/** h = up · silu(gate), or (up / t) · silu(gate): gateUp `[T, 2F]`, t `[T, 1]` if perToken → `[T, F]`. */
export const swiglu = defineOperator<SwigluAttributes>({
  name: 'swiglu',
  shape({ perToken }, inputs) {
    checkInputs('swiglu', inputs, perToken ? 2 : 1);
    const width = halfWidth('swiglu', inputs[0]!);
    const [rows] = matrixShape(inputs[0]!);
    if (perToken) checkElements('swiglu', 't', inputs[1]!, [rows, 1]);
    return [rows, width];
  },
  reference({ perToken }, [gateUp, t], out) {
    const [rows, both] = matrixShape(gateUp!.shape);
    const width = both / 2;
    for (let r = 0; r < rows; r++) {
      for (let j = 0; j < width; j++) {
        const gate = gateUp!.data[r * both + j]!;
        let up = gateUp!.data[r * both + width + j]!;
        if (perToken) up = fround(up / t!.data[r]!);
        out.data[r * width + j] = up * fround(gate * sigmoid(gate));
      }
    }
  },
  passes(call) {
    const width = matrixShape(call.inputs[0]!)[1] / 2;
    const rest = { functions: [kernelSigmoid], constants: { width }, columns: width };
    if (!call.attributes.perToken) return [elementPass(call, 'forward', forward, rest)];
    return [elementPass(call, 'forward-per-token', forwardPerToken, rest)];
  },
});

/**
 * dgate = dh · (up / t) · σ (1 + gate (1 − σ)), dup = dh · silu(gate) / t, t being 1 unless perToken and a constant:
 * gateUp `[T, 2F]`, dh `[T, F]`, t `[T, 1]` if perToken → `[T, 2F]`.
 */
export const swigluGrad = defineOperator<SwigluAttributes>({
  name: 'swigluGrad',
  shape({ perToken }, inputs) {
    checkInputs('swigluGrad', inputs, perToken ? 3 : 2);
    const width = halfWidth('swigluGrad', inputs[0]!);
    const [rows] = matrixShape(inputs[0]!);
    checkMatrix('swigluGrad', 'dh', inputs[1]!, rows, width);
    if (perToken) checkElements('swigluGrad', 't', inputs[2]!, [rows, 1]);
    return inputs[0]!;
  },
  reference({ perToken }, [gateUp, dh, t], out) {
    const [rows, both] = matrixShape(gateUp!.shape);
    const width = both / 2;
    for (let r = 0; r < rows; r++) {
      for (let j = 0; j < width; j++) {
        const gate = gateUp!.data[r * both + j]!;
        const up = gateUp!.data[r * both + width + j]!;
        let d = dh!.data[r * width + j]!;
        if (perToken) d = fround(d / t!.data[r]!);
        const s = sigmoid(gate);
        const slope = fround(s * fround(1 + fround(gate * fround(1 - s))));
        out.data[r * both + j] = fround(d * up) * slope;
        out.data[r * both + width + j] = d * fround(gate * s);
      }
    }
  },
  passes(call) {
    const both = matrixShape(call.inputs[0]!)[1];
    const rest = { functions: [kernelSigmoid], constants: { both, width: both / 2 }, columns: both };
    if (!call.attributes.perToken) return [elementPass(call, 'gradient', gradient, rest)];
    return [elementPass(call, 'gradient-per-token', gradientPerToken, rest)];
  },
});

function kernelSigmoid(g: number): number {
  const e = Math.exp(0 - Math.abs(g));
  let top = 1;
  if (g < 0) top = e;
  return top / (1 + e);
}

function forward(this: Kernel<'width'>, gateUp: number[]): number {
  const gate = gateUp[this.thread.y * 2 * this.constants.width + this.thread.x]!;
  const up = gateUp[(this.thread.y * 2 + 1) * this.constants.width + this.thread.x]!;
  return up * (gate * kernelSigmoid(gate));
}

function forwardPerToken(this: Kernel<'width'>, gateUp: number[], t: number[]): number {
  const gate = gateUp[this.thread.y * 2 * this.constants.width + this.thread.x]!;
  const up = gateUp[(this.thread.y * 2 + 1) * this.constants.width + this.thread.x]! / t[this.thread.y]!;
  return up * (gate * kernelSigmoid(gate));
}

function gradient(this: Kernel<'width' | 'both'>, gateUp: number[], dh: number[]): number {
  let result = 0;
  if (this.thread.x < this.constants.width) {
    const gate = gateUp[this.thread.y * this.constants.both + this.thread.x]!;
    const up = gateUp[this.thread.y * this.constants.both + this.constants.width + this.thread.x]!;
    const d = dh[this.thread.y * this.constants.width + this.thread.x]!;
    const s = kernelSigmoid(gate);
    result = d * up * (s * (1 + gate * (1 - s)));
  } else {
    const gate = gateUp[this.thread.y * this.constants.both + this.thread.x - this.constants.width]!;
    const d = dh[this.thread.y * this.constants.width + this.thread.x - this.constants.width]!;
    result = d * (gate * kernelSigmoid(gate));
  }
  return result;
}

function gradientPerToken(
  this: Kernel<'width' | 'both'>,
  gateUp: number[],
  dh: number[],
  t: number[],
): number {
  let result = 0;
  if (this.thread.x < this.constants.width) {
    const gate = gateUp[this.thread.y * this.constants.both + this.thread.x]!;
    const up = gateUp[this.thread.y * this.constants.both + this.constants.width + this.thread.x]!;
    const d = dh[this.thread.y * this.constants.width + this.thread.x]! / t[this.thread.y]!;
    const s = kernelSigmoid(gate);
    result = d * up * (s * (1 + gate * (1 - s)));
  } else {
    const gate = gateUp[this.thread.y * this.constants.both + this.thread.x - this.constants.width]!;
    const d =
      dh[this.thread.y * this.constants.width + this.thread.x - this.constants.width]! / t[this.thread.y]!;
    result = d * (gate * kernelSigmoid(gate));
  }
  return result;
}
