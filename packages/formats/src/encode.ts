/** @file One number to one code. */
import { exponentOf, powerOfTwo } from './float-bits.ts';
import { type Format, nanCode, signBit, topExponent } from './format.ts';
import { type Overflow, type Rounding, round } from './round.ts';

export interface EncodeOptions {
  /** Default `nearest-even`. */
  readonly rounding?: Rounding | undefined;
  /** Default `saturate`. */
  readonly overflow?: Overflow | undefined;
  /** 32 random bits, as `counterRandom` gives them; for stochastic rounding. Default 0. */
  readonly random?: number | undefined;
}

/** The code, an unsigned integer of `format.bits` bits, of `round(format, x, …)`; NaN gives the positive quiet NaN. */
export function encode(format: Format, x: number, options: EncodeOptions = {}): number {
  return codeOf(format, round(format, x, options.rounding, options.overflow, options.random));
}

/**
 * The code of a value that lies on the format's grid.
 * Normal: sign, exponent + bias, mantissa; subnormal: sign, 0, value / minSubnormal.
 */
function codeOf(format: Format, value: number): number {
  if (Number.isNaN(value)) return nanCode(format);
  const magnitude = Math.abs(value);
  const sign = value < 0 || Object.is(value, -0) ? signBit(format) : 0;
  if (magnitude === Number.POSITIVE_INFINITY) return sign + topExponent(format);
  if (magnitude < format.minNormal) return sign + magnitude / format.minSubnormal;
  const exponent = exponentOf(magnitude);
  const unit = 2 ** format.mantissaBits;
  return sign + (exponent + format.bias) * unit + (magnitude / powerOfTwo(exponent) - 1) * unit;
}
