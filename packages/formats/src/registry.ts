/** @file Every format Octavo knows, one frozen object each. */
import { OctavoError } from './error.ts';
import { powerOfTwo } from './float-bits.ts';
import type { Format } from './format.ts';

const OCP8 = 'OCP 8-bit Floating Point Specification (OFP8) 1.0';
const MX = 'OCP Microscaling Formats (MX) 1.0';
const FNUZ = 'Noune et al., 8-bit Numerical Formats for Deep Neural Networks, arXiv 2206.02915';
const IEEE = 'IEEE 754-2019';

/** As IEEE 754 has it: infinities, and NaNs, where all exponent bits are set. */
const ieee = {
  signed: true,
  hasInfinity: true,
  hasSubnormals: true,
  hasNegativeZero: true,
  nan: 'ieee',
} as const;

/** Finite, with one NaN, at −0 ("unsigned zero"). */
const fnuz = {
  signed: true,
  hasInfinity: false,
  hasSubnormals: true,
  hasNegativeZero: false,
  nan: 'negative-zero',
} as const;

/** Without subnormals the exponent field 0 holds normal values, too. */
function define(format: Omit<Format, 'bits' | 'minNormal' | 'minSubnormal'>): Format {
  const { signed, exponentBits, mantissaBits, bias, hasSubnormals } = format;
  return Object.freeze({
    ...format,
    bits: (signed ? 1 : 0) + exponentBits + mantissaBits,
    minNormal: powerOfTwo(hasSubnormals ? 1 - bias : -bias),
    minSubnormal: powerOfTwo(hasSubnormals ? 1 - bias - mantissaBits : -bias),
  });
}

/** E4M3 with neither infinity nor more than one NaN magnitude (S.1111.111): max 448. */
export const E4M3FN = define({
  name: 'e4m3fn',
  signed: true,
  exponentBits: 4,
  mantissaBits: 3,
  bias: 7,
  max: 448,
  hasInfinity: false,
  hasSubnormals: true,
  hasNegativeZero: true,
  nan: 'all-ones',
  source: OCP8,
});

/** E4M3 with IEEE-like infinity and NaNs, as on Gaudi2: max 240. */
export const E4M3 = define({
  ...ieee,
  name: 'e4m3',
  exponentBits: 4,
  mantissaBits: 3,
  bias: 7,
  max: 240,
  source: 'Intel Gaudi2 FP8 (arXiv 2409.12517); IEEE-like layout',
});

export const E5M2 = define({
  ...ieee,
  name: 'e5m2',
  exponentBits: 5,
  mantissaBits: 2,
  bias: 15,
  max: 57344,
  source: OCP8,
});

export const E4M3FNUZ = define({
  ...fnuz,
  name: 'e4m3fnuz',
  exponentBits: 4,
  mantissaBits: 3,
  bias: 8,
  max: 240,
  source: FNUZ,
});

export const E5M2FNUZ = define({
  ...fnuz,
  name: 'e5m2fnuz',
  exponentBits: 5,
  mantissaBits: 2,
  bias: 16,
  max: 57344,
  source: FNUZ,
});

/** Powers of two 2^-127 … 2^127, unsigned, no zero: the scales of MX blocks. */
export const E8M0 = define({
  name: 'e8m0',
  signed: false,
  exponentBits: 8,
  mantissaBits: 0,
  bias: 127,
  max: 2 ** 127,
  hasInfinity: false,
  hasSubnormals: false,
  hasNegativeZero: false,
  nan: 'all-ones',
  source: MX,
});

export const E2M1 = define({
  name: 'e2m1',
  signed: true,
  exponentBits: 2,
  mantissaBits: 1,
  bias: 1,
  max: 6,
  hasInfinity: false,
  hasSubnormals: true,
  hasNegativeZero: true,
  nan: 'none',
  source: MX,
});

export const BF16 = define({
  ...ieee,
  name: 'bf16',
  exponentBits: 8,
  mantissaBits: 7,
  bias: 127,
  max: (2 - 2 ** -7) * 2 ** 127,
  source: 'upper half of IEEE binary32',
});

export const FP16 = define({
  ...ieee,
  name: 'fp16',
  exponentBits: 5,
  mantissaBits: 10,
  bias: 15,
  max: 65504,
  source: IEEE,
});

export const FP32 = define({
  ...ieee,
  name: 'fp32',
  exponentBits: 8,
  mantissaBits: 23,
  bias: 127,
  max: (2 - 2 ** -23) * 2 ** 127,
  source: IEEE,
});

/** All formats by name. */
export const formats: Readonly<Record<string, Format>> = Object.freeze(
  Object.fromEntries(
    [E4M3FN, E4M3, E5M2, E4M3FNUZ, E5M2FNUZ, E8M0, E2M1, BF16, FP16, FP32].map((f) => [f.name, f]),
  ),
);

/** The format called `name` (lower case, as in `format.name`). Throws an `OctavoError` that lists the names there are. */
export function formatOf(name: string): Format {
  const found = Object.hasOwn(formats, name) ? formats[name] : undefined;
  if (found) return found;
  throw new OctavoError(
    `[formats] unknown format: got ${JSON.stringify(name)}, expected one of ${Object.keys(formats).join(', ')}`,
    { exitCode: 2 },
  );
}
