/** @file What a conformance case is, and how a device's numbers are held to the reference's. */
import { type Format, FP32, OctavoError } from '@octavo/formats';
import type { Attributes, FusedOperator, Operator } from '../operator.ts';
import type { Scope } from '../scope.ts';
import type { Shape, Tensor } from '../tensor.ts';

export interface ConformanceCase {
  readonly name: string;
  /** The operator or fused operator that the case is about, if it is about one. */
  readonly operator?: string;
  /** Rejects with an `OctavoError` that says what differs. */
  run(): Promise<void>;
}

export interface ConformanceOptions {
  /** The name that the device must have. */
  readonly expectName: string;
  /**
   * Which operators must equal the reference to the last bit: all in which only +, ×, comparisons and rounding are
   * involved (true), none, or those named.
   */
  readonly exact: boolean | readonly string[];
  /** Largest error of the others, relative to the element and to what is usual in the result. Default 1e-5. */
  readonly tolerance?: number;
  /**
   * True where attention of BF16 tensors rounds probabilities and their gradients to BF16 before it multiplies them, as
   * matrix units do: each term of a sum may then be off by 2^-9, and so may the result's own rounding. Default false.
   */
  readonly attentionInBf16?: boolean;
  /** False where numbers below 2^-126 become 0. Default true. */
  readonly subnormals?: boolean;
  /** False where NaN and infinity do not pass through casts. Default true. */
  readonly nonFinite?: boolean;
  /** False where exp(NaN) need not be NaN, as in WGSL. Default true. */
  readonly exponentialOfNan?: boolean;
}

/** What a case needs of a device beyond ordinary numbers. */
export type Need = 'subnormals' | 'nonFinite' | 'exponentialOfNan';

export interface Input {
  readonly shape: Shape;
  readonly format: Format;
  readonly values: Float32Array;
}

export interface OperatorCase {
  readonly title: string;
  readonly operator: Operator;
  readonly attributes: Attributes;
  readonly inputs: readonly Input[];
  readonly outFormat: Format;
  readonly needs: readonly Need[];
  /**
   * What errors are relative to, next to each element itself. By default the root mean square of the result; more where
   * sums cancel, 0 where every element must be right for itself.
   */
  readonly magnitude?: number;
}

export interface FusedCase {
  readonly title: string;
  readonly operator: FusedOperator;
  readonly attributes: Attributes;
  readonly inputs: readonly Input[];
  readonly outs: readonly { readonly shape: Shape; readonly format: Format }[];
  /** True if only casts and comparisons are involved. */
  readonly exact: boolean;
}

/** Operators without sums that may cancel: every element is right for itself. */
const BY_ELEMENT: readonly string[] = [
  'dequantize',
  'amax',
  'scaleFromAmax',
  'castStatistics',
  'embedding',
  'add',
  'subtract',
  'multiply',
  'scaleRows',
  'scaleColumns',
  'scaleBy',
  'rmsNorm',
  'swiglu',
  'tokenAmax',
  'smoothScale',
  'adamMoment2',
];

/** A case of an operator, its attributes checked by type. */
export function caseOf<A extends Attributes>(
  operator: Operator<A>,
  title: string,
  attributes: A,
  inputs: readonly Input[],
  more: { outFormat?: Format; needs?: readonly Need[]; magnitude?: number } = {},
): OperatorCase {
  const byElement = BY_ELEMENT.includes(operator.name) ? 0 : undefined;
  const { outFormat = FP32, needs = [], magnitude = byElement } = more;
  return {
    title,
    operator,
    attributes,
    inputs,
    outFormat,
    needs,
    ...(magnitude === undefined ? {} : { magnitude }),
  };
}

export interface Comparison {
  readonly format: Format;
  readonly exact: boolean;
  readonly tolerance: number;
  readonly magnitude?: number | undefined;
}

/**
 * Throws unless `got` agrees with `want`: bit by bit but for the sign of zero, or within the tolerance. A result in a
 * format narrower than FP32 may then be one step off, in at most one element of twenty (where the exact number lies
 * next to the middle of two values).
 */
export function agree(name: string, want: Float32Array, got: Float32Array, how: Comparison): void {
  if (want.length !== got.length) differ(name, `${got.length} elements`, `${want.length}`);
  const { format, exact, tolerance } = how;
  const magnitude = how.magnitude ?? rootMeanSquare(want);
  const step = format === FP32 ? 0 : 2 ** -format.mantissaBits;
  let off = 0;
  for (let i = 0; i < want.length; i++) {
    const a = want[i]!;
    const b = got[i]!;
    if (a === b || (Number.isNaN(a) && Number.isNaN(b))) continue;
    const error = Math.abs(a - b);
    if (!exact && error <= tolerance * (Math.abs(a) + magnitude)) continue;
    off++;
    const near = error <= Math.max(step * Math.max(Math.abs(a), Math.abs(b)), step && format.minSubnormal);
    if (exact || !(near && off <= 1 + want.length / 20)) {
      differ(name, `${b} at ${i}`, `${a}${exact ? '' : ` ± ${tolerance * (Math.abs(a) + magnitude)}`}`);
    }
  }
}

export function differ(name: string, got: string, expected: string): never {
  throw new OctavoError(`[kernels] conformance: ${name}: got ${got}, expected ${expected}`);
}

function rootMeanSquare(values: Float32Array): number {
  let sum = 0;
  let count = 0;
  for (const value of values) {
    if (!Number.isFinite(value)) continue;
    sum += value * value;
    count++;
  }
  return count === 0 ? 0 : Math.sqrt(sum / count);
}

/** Tensors of a scope with the inputs' values. */
export const upload = (scope: Scope, inputs: readonly Input[]): readonly Tensor[] =>
  inputs.map(({ shape, format, values }) => {
    const tensor = scope.alloc(shape, format);
    scope.device.write(tensor, values);
    return tensor;
  });
