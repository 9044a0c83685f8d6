/**
 * @file The float32 numbers on which the casts are compared with onnxruntime's. Plain JavaScript, for the judge in
 * tooling/formats-judge and for the test that checks its digests.
 *
 * Number i comes from hash(4i), hash(4i + 1), …; hash(n) = MurmurHash3's 32-bit finaliser of (n + 1) · 0x9e3779b9.
 * i mod 4 = 0: 32 bits as they come. 1, 2: any sign and mantissa, an exponent from just below the smallest value of the
 * format to just above its largest. 3: such a number cut to k mantissa bits, k ≤ mantissaBits, with the next bit set,
 * give or take one unit in the last place: a tie, or nearly. The first seven are those below.
 */

/** @param {number} n */
function hash(n) {
  let x = Math.imul(n + 1, 0x9e3779b9);
  x = Math.imul(x ^ (x >>> 16), 0x85ebca6b);
  x = Math.imul(x ^ (x >>> 13), 0xc2b2ae35);
  return (x ^ (x >>> 16)) >>> 0;
}

/** ±0, ±Infinity, NaN, the largest float32 and the smallest. */
const FIRST = [0, 0x80000000, 0x7f800000, 0xff800000, 0x7fc00000, 0x7f7fffff, 1];

/** Numbers drawn for each format. */
export const COUNT = 2 ** 20 + 2 ** 17;

/** Magnitudes left out where onnxruntime 1.30 departs from its own specification; lower bound inside, upper outside. */
const FAULTS = [
  { format: 'e4m3fn', overflow: 'special', from: 480, to: 496 },
  { format: 'e5m2', overflow: 'special', from: 61440, to: 65536 },
];

/**
 * @param {{ name: string, mantissaBits: number, max: number, minSubnormal: number }} format
 * @param {'saturate' | 'special'} overflow
 */
export function judgeInputs(format, overflow) {
  const low = Math.floor(Math.log2(format.minSubnormal)) - 3;
  const high = Math.ceil(Math.log2(format.max)) + 1;
  const bits = new Uint32Array(COUNT);
  for (let i = 0; i < COUNT; i++) {
    const any = hash(4 * i);
    const exponent = 127 + low + (hash(4 * i + 1) % (high - low + 1));
    if (i % 4 === 0) {
      bits[i] = any;
    } else if (i % 4 < 3) {
      bits[i] = (any & 0x807fffff) | (exponent << 23);
    } else {
      const cut = 22 - (hash(4 * i + 2) % (format.mantissaBits + 1));
      const tie = ((any & 0x807fffff) >>> (cut + 1)) << (cut + 1);
      bits[i] = ((tie | (1 << cut) | (exponent << 23)) + (hash(4 * i + 3) % 3) - 1) >>> 0;
    }
  }
  bits.set(FIRST);
  const fault = FAULTS.find((f) => f.format === format.name && f.overflow === overflow);
  const values = new Float32Array(bits.buffer);
  if (!fault) return values;
  return values.filter((x) => !(Math.abs(x) >= fault.from && Math.abs(x) < fault.to));
}

/**
 * The bytes whose SHA-256 is compared: little-endian float32, every NaN 0x7fc00000.
 * @param {Float32Array} values
 */
export function canonicalBytes(values) {
  const bytes = new Uint8Array(values.length * 4);
  const view = new DataView(bytes.buffer);
  for (let i = 0; i < values.length; i++) {
    if (Number.isNaN(values[i])) view.setUint32(4 * i, 0x7fc00000, true);
    else view.setFloat32(4 * i, values[i], true);
  }
  return bytes;
}
