/** @file What an operator is: its name and signature, the plain reference and the gpu.js kernel, side by side. */
import type { Format } from '@octavo/formats';
import type { Shape, Tensor } from './tensor.ts';

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

/**
 * A composition: several operators with as many outputs as it has. A device computes it in one go where it has a form of
 * its own, and by its parts elsewhere; both give the same values.
 */
export interface FusedOperator<A extends Attributes = Attributes> {
  readonly name: string;
  /** The same by its parts. */
  unfused(parts: Parts, attributes: A, inputs: readonly Tensor[], outs: readonly Tensor[]): void;
}

/** What the parts of a composition are run with. */
export interface Parts {
  readonly run: Run;
  /** A tensor that lives as long as the composition runs, its contents undefined. */
  temporary(shape: Shape, format: Format): Tensor;
}

/** Computes `outs` from `inputs`: one output of an operator, several of a composition; none of them is an input. */
export type Run = <A extends Attributes>(
  operator: Operator<A> | FusedOperator<A>,
  attributes: A,
  inputs: readonly Tensor[],
  outs: readonly Tensor[],
) => void;

/** A number, or a flat table of numbers, that a kernel reads as `this.constants.NAME`. */
export type KernelConstant = number | readonly number[];

/**
 * A kernel or its helper: a plain function, of which gpu.js reads the source text, or that text itself. In the built
 * package ours carry their text (build/kernel-text.mjs), since minifiers rewrite functions; write your own as text
 * where your code is minified.
 */
// biome-ignore lint/complexity/noBannedTypes: gpu.js reads the source text of a plain function
export type KernelSource = Function | string;

/**
 * One launch of a gpu.js kernel. One thread computes one cell of the output; all buffers are flat float32.
 * `kernel` closes over nothing: it reads `this.constants`, its arguments, and calls the named helpers.
 */
export interface Pass {
  /** Distinguishes the kernel from others of the operator, in errors. */
  readonly name: string;
  readonly kernel: KernelSource;
  /** Scalar helpers of floating-point arguments and result, called by their names inside the kernel. */
  readonly functions?: readonly KernelSource[];
  /** Helpers of 32-bit integer arguments and result: the only place where integers stay integers. */
  readonly integerFunctions?: readonly KernelSource[];
  /** Compiled into the kernel. Integers unless the value has a fraction or the name is listed in `floats`. */
  readonly constants: Readonly<Record<string, KernelConstant>>;
  /**
   * Scalar arguments after the tensors, in the order of their keys; integers unless listed in `floats`. Other values
   * do not compile another kernel, so they suit what differs by call site only.
   */
  readonly numbers?: Readonly<Record<string, number>>;
  readonly floats?: readonly string[];
  /** Threads launched, one a cell of the output. */
  readonly cells: number;
  /** If given, `this.thread.x` runs over columns and `this.thread.y` over rows; else `this.thread.x` over cells. */
  readonly columns?: number;
  /** If given, the kernel returns an array of so many numbers, which follow each other in the output. */
  readonly components?: 2 | 3 | 4;
  /** Tensor arguments in order: `in0` … are the operator's inputs, `t0` … the outputs of earlier passes. */
  readonly arguments: readonly (`in${number}` | `t${number}`)[];
  /** Upper bound of any loop in the kernel (gpu.js cuts at 1,000 unless told). */
  readonly loop?: number;
  /** True if what the kernel returns is to be rounded to `outFormat` (only a last pass may, without `components`). */
  readonly round?: boolean;
}

/** Declares an operator, keeping the type of its attributes. */
export const defineOperator = <A extends Attributes>(operator: Operator<A>): Operator<A> =>
  Object.freeze(operator);
