/** @file What an operator is: its name and signature, the plain reference and the gpu.js kernel, side by side. */
import type { Format } from '@octavo/formats';
import type { Shape } from './tensor.ts';

export type Attribute = number | boolean | string | Format;
export type Attributes = Readonly<Record<string, Attribute>>;

/** A tensor as the reference sees it: float32 values in row-major order. */
export interface View {
  readonly shape: Shape;
  readonly format: Format;
  readonly data: Float32Array;
}

/** What a kernel is built for: everything that is known before any value is. */
export interface Signature<A extends Attributes> {
  readonly attributes: A;
  readonly inputs: readonly Shape[];
  readonly out: Shape;
  readonly outFormat: Format;
}

/**
 * An operator: one mathematical function of whole tensors, with one output.
 *
 * Computation is in float32. Unless the operator says otherwise (`cast` does), its result is rounded to the format
 * of `out`, FP32 or BF16, to nearest even.
 */
export interface Operator<A extends Attributes = Attributes> {
  readonly name: string;
  /** Shape of the result; throws an `OctavoError` where the inputs do not fit. */
  shape(attributes: A, inputs: readonly Shape[]): Shape;
  /** The obvious computation, float32 step by step (`Math.fround`), not yet rounded to the format of `out`. */
  reference(attributes: A, inputs: readonly View[], out: View): void;
  /** True if `reference` has written values of the output's format, so that no rounding follows. */
  readonly rounds?: boolean;
  /** The passes that compute it on gpu.js, last one into `out`. */
  passes(signature: Signature<A>): readonly Pass[];
}

/** A number, or a flat table of numbers, that a kernel reads as `this.constants.NAME`. */
export type KernelConstant = number | readonly number[];

/**
 * One launch of a gpu.js kernel. One thread computes one cell of the output; all buffers are flat float32.
 * `kernel` closes over nothing: it reads `this.constants`, its arguments, and calls the named `functions`.
 */
export interface Pass {
  /** Distinguishes the kernel from others of the operator; part of the cache key. */
  readonly name: string;
  // biome-ignore lint/complexity/noBannedTypes: gpu.js reads the source text of a plain function
  readonly kernel: Function;
  /** Scalar helpers, called by their names inside the kernel. */
  // biome-ignore lint/complexity/noBannedTypes: as above
  readonly functions?: readonly Function[];
  /** Integers unless the value has a fraction or the name is listed in `floats`. */
  readonly constants: Readonly<Record<string, KernelConstant>>;
  readonly floats?: readonly string[];
  /** Number of cells of the output. */
  readonly cells: number;
  /** Arguments in order: `in0` … are the operator's inputs, `t0` … the outputs of earlier passes. */
  readonly arguments: readonly (`in${number}` | `t${number}`)[];
  /** Upper bound of any loop in the kernel (gpu.js cuts at 1,000 unless told). */
  readonly loop?: number;
  /** True if the kernel's result still has to be rounded to `outFormat` (only a last pass may). */
  readonly round?: boolean;
}

/** Declares an operator, keeping the type of its attributes. */
export const defineOperator = <A extends Attributes>(operator: Operator<A>): Operator<A> => Object.freeze(operator);
