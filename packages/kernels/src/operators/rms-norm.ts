/** @file Root-mean-square normalisation (Zhang and Sennrich, arXiv 1910.07467) and its two gradients. */
import { defineOperator, type Pass, type View } from '../operator.ts';
import { matrixShape, type Shape } from '../tensor.ts';
import { checkElements, checkInputs } from './check.ts';
import type { Kernel } from './kernel.ts';
import { cellPass, elementPass } from './pass.ts';

export type NormAttributes = { readonly epsilon: number };

const { fround } = Math;

/** What a row is multiplied by before it is squared where its squares would overflow. */
const SHRINK = 2 ** -80;

/** r = 1 / √(mean x² + ε) of every row. */
function inverseRms(x: View, epsilon: number): Float32Array {
  const [rows, columns] = matrixShape(x.shape);
  const out = new Float32Array(rows);
  const squares = (t: number, factor: number): number => {
    let sum = 0;
    for (let i = t * columns; i < (t + 1) * columns; i++) {
      const value = fround(x.data[i]! * factor);
      sum = fround(sum + fround(value * value));
    }
    return sum;
  };
  for (let t = 0; t < rows; t++) {
    const sum = squares(t, 1);
    // a row this large leaves nothing of ε
    if (sum === Number.POSITIVE_INFINITY)
      out[t] = SHRINK / fround(Math.sqrt(fround(squares(t, SHRINK) / columns)));
    else out[t] = 1 / fround(Math.sqrt(fround(fround(sum / columns) + fround(epsilon))));
  }
  return out;
}

const inversePass = (x: Shape, epsilon: number, source: 'in0' | 'in1'): Pass => ({
  name: 'inverse-rms',
  kernel: inverseRmsKernel,
  constants: { columns: matrixShape(x)[1], epsilon },
  floats: ['epsilon'],
  cells: matrixShape(x)[0],
  arguments: [source],
  loop: matrixShape(x)[1],
});

function checkGain(name: string, x: Shape, gain: Shape): void {
  checkElements(name, 'gain', gain, [matrixShape(x)[1]]);
}

/** y = x · r · gain, r = 1 / √(mean x² + ε) per row: x `[T, D]`, gain `[D]` → `[T, D]`. */
export const rmsNorm = defineOperator<NormAttributes>({
  name: 'rmsNorm',
  shape(_, inputs) {
    checkInputs('rmsNorm', inputs, 2);
    checkGain('rmsNorm', inputs[0]!, inputs[1]!);
    return inputs[0]!;
  },
  reference({ epsilon }, [x, gain], out) {
    const [rows, columns] = matrixShape(x!.shape);
    const inverse = inverseRms(x!, epsilon);
    for (let t = 0; t < rows; t++) {
      for (let d = 0; d < columns; d++) {
        const i = t * columns + d;
        out.data[i] = fround(x!.data[i]! * inverse[t]!) * gain!.data[d]!;
      }
    }
  },
  passes(call) {
    const [x] = call.inputs;
    return [
      inversePass(x!, call.attributes.epsilon, 'in0'),
      cellPass(call, 'normalize', normalize, matrixShape(x!)[1], { arguments: ['in0', 'in1', 't0'] }),
    ];
  },
});

/** dx = r · (dy · gain) − x · r³ / D · Σ_d dy gain x: dy, x `[T, D]`, gain `[D]` → `[T, D]`. */
export const rmsNormGradInput = defineOperator<NormAttributes>({
  name: 'rmsNormGradInput',
  shape(_, inputs) {
    checkInputs('rmsNormGradInput', inputs, 3);
    checkElements('rmsNormGradInput', 'x', inputs[1]!, inputs[0]!);
    checkGain('rmsNormGradInput', inputs[1]!, inputs[2]!);
    return inputs[1]!;
  },
  reference({ epsilon }, [dy, x, gain], out) {
    const [rows, columns] = matrixShape(x!.shape);
    const inverse = inverseRms(x!, epsilon);
    for (let t = 0; t < rows; t++) {
      const r = inverse[t]!;
      let dot = 0;
      for (let d = 0; d < columns; d++) {
        const i = t * columns + d;
        dot = fround(dot + fround(fround(dy!.data[i]! * gain!.data[d]!) * x!.data[i]!));
      }
      const c = fround(fround(dot * fround(r * r)) / columns);
      for (let d = 0; d < columns; d++) {
        const i = t * columns + d;
        out.data[i] = fround(fround(dy!.data[i]! * gain!.data[d]!) - fround(x!.data[i]! * c)) * r;
      }
    }
  },
  passes(call) {
    const [, x] = call.inputs;
    const [rows, columns] = matrixShape(x!);
    return [
      inversePass(x!, call.attributes.epsilon, 'in1'),
      {
        name: 'projection',
        kernel: projection,
        constants: { columns },
        cells: rows,
        arguments: ['in0', 'in1', 'in2', 't0'],
        loop: columns,
      },
      cellPass(call, 'gradient', gradInput, columns, { arguments: ['in0', 'in1', 'in2', 't0', 't1'] }),
    ];
  },
});

/** dgain = Σ_t dy · x · r: dy, x `[T, D]` → `[D]`. */
export const rmsNormGradGain = defineOperator<NormAttributes>({
  name: 'rmsNormGradGain',
  shape(_, inputs) {
    checkInputs('rmsNormGradGain', inputs, 2);
    checkElements('rmsNormGradGain', 'x', inputs[1]!, inputs[0]!);
    return [matrixShape(inputs[1]!)[1]];
  },
  reference({ epsilon }, [dy, x], out) {
    const [rows, columns] = matrixShape(x!.shape);
    const inverse = inverseRms(x!, epsilon);
    out.data.fill(0);
    for (let t = 0; t < rows; t++) {
      for (let d = 0; d < columns; d++) {
        const i = t * columns + d;
        out.data[d] = out.data[d]! + fround(dy!.data[i]! * fround(x!.data[i]! * inverse[t]!));
      }
    }
  },
  passes(call) {
    const [, x] = call.inputs;
    const [rows, columns] = matrixShape(x!);
    const rest = { constants: { rows, columns }, arguments: ['in0', 'in1', 't0'] as const, loop: rows };
    return [inversePass(x!, call.attributes.epsilon, 'in1'), elementPass(call, 'gradient', gradGain, rest)];
  },
});

function inverseRmsKernel(this: Kernel<'columns' | 'epsilon'>, x: number[]): number {
  let sum = 0;
  for (let d = 0; d < this.constants.columns; d += 1) {
    sum =
      sum + x[this.thread.x * this.constants.columns + d]! * x[this.thread.x * this.constants.columns + d]!;
  }
  let inverse = 1 / Math.sqrt(sum / this.constants.columns + this.constants.epsilon);
  if (sum > 3.4028234663852886e38) {
    sum = 0;
    for (let d = 0; d < this.constants.columns; d += 1) {
      const value = x[this.thread.x * this.constants.columns + d]! * 8.271806125530277e-25; // 2^-80
      sum = sum + value * value;
    }
    inverse = 8.271806125530277e-25 / Math.sqrt(sum / this.constants.columns);
  }
  return inverse;
}

function normalize(this: Kernel<'columns'>, x: number[], gain: number[], inverse: number[]): number {
  return (
    x[this.thread.y * this.constants.columns + this.thread.x]! *
    inverse[this.thread.y]! *
    gain[this.thread.x]!
  );
}

function projection(
  this: Kernel<'columns'>,
  dy: number[],
  x: number[],
  gain: number[],
  inverse: number[],
): number {
  let dot = 0;
  for (let d = 0; d < this.constants.columns; d += 1) {
    dot =
      dot +
      dy[this.thread.x * this.constants.columns + d]! *
        gain[d]! *
        x[this.thread.x * this.constants.columns + d]!;
  }
  return (dot * (inverse[this.thread.x]! * inverse[this.thread.x]!)) / this.constants.columns;
}

function gradInput(
  this: Kernel<'columns'>,
  dy: number[],
  x: number[],
  gain: number[],
  inverse: number[],
  dot: number[],
): number {
  return (
    (dy[this.thread.y * this.constants.columns + this.thread.x]! * gain[this.thread.x]! -
      x[this.thread.y * this.constants.columns + this.thread.x]! * dot[this.thread.y]!) *
    inverse[this.thread.y]!
  );
}

function gradGain(this: Kernel<'rows' | 'columns'>, dy: number[], x: number[], inverse: number[]): number {
  let sum = 0;
  for (let t = 0; t < this.constants.rows; t += 1) {
    sum =
      sum +
      dy[t * this.constants.columns + this.thread.x]! *
        (x[t * this.constants.columns + this.thread.x]! * inverse[t]!);
  }
  return sum;
}
