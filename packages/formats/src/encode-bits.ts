/** @file Casts of a float32 by its bits: a table for eight bits and fewer, integer arithmetic for 16-bit formats and stochastic rounding. */
import type { Codes } from './codes.ts';
import { counterRandom } from './counter-random.ts';
import { encode } from './encode.ts';
import { minExponent } from './float-bits.ts';
import { type Format, signBit } from './format.ts';
import type { Overflow, Rounding } from './round.ts';

const tables = new Map<Format, Map<string, Uint8Array>>();

/**
 * The code of every float32 whose low 16 bits are zero, by its high 16 bits.
 * It serves all other float32 as well: let `bits >>> 16` absorb the low half as a sticky bit,
 * `index = bits >>> 16 | (low half is not 0)`. That is rounding to odd at 8 significant bits; rounding the result again,
 * to p ≤ 6 bits, equals rounding once (S. Boldo, G. Melquiond, "Emulation of FMA and correctly rounded sums: proved
 * algorithms using rounding to odd", 2008: two more bits suffice).
 */
export function encodeTable(
  format: Format,
  rounding: Exclude<Rounding, 'stochastic'>,
  overflow: Overflow,
): Uint8Array {
  const key = `${rounding} ${overflow}`;
  const ofFormat = tables.get(format) ?? new Map<string, Uint8Array>();
  tables.set(format, ofFormat);
  const found = ofFormat.get(key);
  if (found) return found;
  const bits = new Uint32Array(1);
  const value = new Float32Array(bits.buffer);
  const table = new Uint8Array(0x10000);
  for (let high = 0; high < table.length; high++) {
    bits[0] = high << 16;
    table[high] = encode(format, value[0]!, { rounding, overflow });
  }
  ofFormat.set(key, table);
  return table;
}

/** How to cast a magnitude m · 2^(max(e,1) - 150), by its exponent field e: code = base[e] + round(m · 2^-shift[e]). */
interface Plan {
  readonly shift: Int32Array;
  readonly base: Int32Array;
  /** 2^(32 - shift), shift not capped: turns the bits shifted out into a fraction of 2^32. */
  readonly fraction: Float64Array;
}

const plans = new Map<Format, Plan>();

/** Half of a unit, as a fraction of 2^32. */
const HALF = 2 ** 31;

/** A magnitude shifted by 25 or more is below half a unit: larger shifts say nothing new, and a CPU would wrap them. */
const LARGEST_SHIFT = 25;

function planOf(format: Format): Plan {
  const found = plans.get(format);
  if (found) return found;
  const plan: Plan = {
    shift: new Int32Array(256),
    base: new Int32Array(256),
    fraction: new Float64Array(256),
  };
  for (let e = 0; e < 256; e++) {
    const exponent = Math.max(e - 127, minExponent(format));
    const shift = exponent - format.mantissaBits - (Math.max(e, 1) - 150);
    plan.shift[e] = Math.min(shift, LARGEST_SHIFT);
    plan.fraction[e] = 2 ** (32 - shift);
    plan.base[e] = (exponent + format.bias - 1) * 2 ** format.mantissaBits;
  }
  plans.set(format, plan);
  return plan;
}

/** `target[i]` = code of the float32 with bits `source[i]`; element i draws `counterRandom(seed, offset + i)`. */
export function encodeBits(
  format: Format,
  source: Uint32Array,
  target: Codes,
  rounding: Rounding,
  overflow: Overflow,
  seed: number,
  offset: number,
): void {
  const { shift, base, fraction } = planOf(format);
  const sign = signBit(format);
  const largest = encode(format, format.max);
  const zeroSign = format.hasNegativeZero ? sign : 0;
  const nan = encode(format, Number.NaN);
  const beyond = [
    encode(format, Number.POSITIVE_INFINITY, { overflow }),
    encode(format, Number.NEGATIVE_INFINITY, { overflow }),
  ];
  const nearest = rounding === 'nearest-even';
  const stochastic = rounding === 'stochastic';
  for (let i = 0; i < source.length; i++) {
    const bits = source[i]!;
    const negative = bits >>> 31;
    const e = (bits >>> 23) & 255;
    if (e === 255) {
      target[i] = bits << 9 === 0 ? beyond[negative]! : nan;
      continue;
    }
    const m = e === 0 ? bits & 0x7fffff : (bits & 0x7fffff) | 0x800000;
    const s = shift[e]!;
    let units = m >>> s;
    if (nearest) units = (m + (1 << (s - 1)) - 1 + (units & 1)) >>> s;
    else if (stochastic) {
      const rest = (m & ((1 << s) - 1)) * fraction[e]!;
      const nearestIsUp = rest > HALF || (rest === HALF && (units & 1) === 1);
      const may = base[e]! + units !== largest || nearestIsUp; // see round.ts
      if (may && rest > counterRandom(seed, offset + i)) units++;
    }
    const code = base[e]! + units;
    if (code > largest) target[i] = nearest || stochastic ? beyond[negative]! : largest + negative * sign;
    else target[i] = code + negative * (code === 0 ? zeroSign : sign);
  }
}
