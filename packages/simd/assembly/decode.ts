/**
 * @file Codes of one byte to their values, sixteen at a time.
 *
 * A table: the 256 values, 1024 bytes; then a word, 0 while nothing is known of the table, −1 if it must be looked up
 * one by one, else the bits of mantissa, 2 or 3; a word with the largest finite code; from byte 1040 on four planes of
 * sixteen bytes, lowest byte first.
 *
 * In a format of sign and magnitude all values with the same mantissa differ in sign and exponent alone, also once
 * divided by a scale, if nothing over- or underflows. So a value's bits are those of its mantissa, looked up in the
 * planes, plus sign and exponent. Subnormal codes have places of their own there.
 */
import { FORMAT_BYTES } from '../src/numbers';
import { encodeBf16 } from './bf16';
import { highShorts, lowShorts } from './shuffles';

const KNOWN: usize = 1024;
const LARGEST: usize = 1028;
const PLANES: usize = 1040;

/** Whether a format's codes have eight bits, the first a sign, and order as their values do, NaN above all. */
export function isSignMagnitude(format: usize): bool {
  return load<i32>(format, 12) == 128 && load<i32>(format, 16) == 128 && load<i32>(format, 40) == 0;
}

/** Looks at a table of a format's values over a scale, or of those rounded to BF16. */
function prepareTable(format: usize, table: usize): void {
  const mantissa = load<i32>(format);
  const largest = load<i32>(format, 8);
  const least = load<i32>(table, 4);
  const most = load<i32>(table + ((<usize>largest) << 2));
  // smallest and largest value above 0: normal, and so is all between; an infinite scale has made none of them so
  const regular = least >= 0x00800000 && most > least && most < 0x7f800000;
  if (!regular || !isSignMagnitude(format) || (mantissa != 2 && mantissa != 3)) {
    atomic.store<i32>(table + KNOWN, -1);
    return;
  }
  store<i32>(table + LARGEST, largest);
  const count = 1 << mantissa;
  for (let i = 0; i < count; i++) {
    // 1.mantissa has the exponent 1 in its code; what is subnormal stands for itself
    place(table, i, load<i32>(table + ((<usize>(count + i)) << 2)) - (1 << 23));
    place(table, count + i, load<i32>(table + ((<usize>i) << 2)));
  }
  atomic.store<i32>(table + KNOWN, mantissa);
}

function place(table: usize, i: i32, bits: i32): void {
  const at = table + PLANES + <usize>i;
  store<u8>(at, <u8>bits);
  store<u8>(at, <u8>(bits >> 8), 16);
  store<u8>(at, <u8>(bits >> 16), 32);
  store<u8>(at, <u8>(bits >> 24), 48);
}

/** The table of a format's own values. */
export function ownTable(format: usize): usize {
  const table = format + FORMAT_BYTES;
  // several threads may do so at once, and write the same
  if (atomic.load<i32>(table + KNOWN) == 0) prepareTable(format, table);
  return table;
}

/** The bits of mantissa of a prepared table's format: 2 or 3, or −1 where codes must be looked up one by one. */
// @ts-ignore: decorator
@inline
export function mantissaBits(table: usize): i32 {
  return atomic.load<i32>(table + KNOWN);
}

/** The largest finite code of such a format. */
// @ts-ignore: decorator
@inline
export function largestCode(table: usize): i32 {
  return load<i32>(table + LARGEST);
}

/** A table at `to` of a format's values over a scale: the same quotients as one by one. */
export function scaledTable(format: usize, scale: f32, to: usize): void {
  const s = f32x4.splat(scale);
  for (let i: usize = 0; i < 1024; i += 16) v128.store(to + i, f32x4.div(v128.load(format + FORMAT_BYTES + i), s));
  prepareTable(format, to);
}

/** The same, rounded to BF16. Scratch at `room`: 512 bytes. */
export function scaledTableOfBf16(format: usize, scale: f32, to: usize, room: usize): void {
  scaledTable(format, scale, to);
  encodeBf16(to, 256, room);
  for (let i: usize = 0; i < 256; i++) store<u32>(to + (i << 2), <u32>load<u16>(room + (i << 1)) << 16);
  prepareTable(format, to);
}

/** `n` codes to their values in a table that has been prepared. */
export function decodeBytes(from: usize, table: usize, n: i32, to: usize): void {
  const known = mantissaBits(table);
  let done = 0;
  if (known == 3) done = decode16<u8>(from, table, n, to, false);
  else if (known == 2) done = decode16<u16>(from, table, n, to, false);
  lookUp(from + <usize>done, table, n - done, to + ((<usize>done) << 2));
}

/** The same to BF16, of a table that has been rounded. */
export function decodeBytesToBf16(from: usize, table: usize, n: i32, to: usize): void {
  const known = mantissaBits(table);
  let done = 0;
  if (known == 3) done = decode16<u8>(from, table, n, to, true);
  else if (known == 2) done = decode16<u16>(from, table, n, to, true);
  lookUpHalves(from + <usize>done, table, n - done, to + ((<usize>done) << 1));
}

function lookUpHalves(from: usize, table: usize, n: i32, to: usize): void {
  for (let i: usize = 0; i < <usize>n; i++) {
    store<u16>(to + (i << 1), load<u16>(table + ((<usize>load<u8>(from + i)) << 2), 2));
  }
}

function lookUp(from: usize, table: usize, n: i32, to: usize): void {
  let i = 0;
  for (; i + 4 <= n; i += 4) {
    const codes = load<u32>(from + <usize>i);
    const at = to + ((<usize>i) << 2);
    store<u32>(at, load<u32>(table + ((codes & 255) << 2)));
    store<u32>(at, load<u32>(table + (((codes >> 8) & 255) << 2)), 4);
    store<u32>(at, load<u32>(table + (((codes >> 16) & 255) << 2)), 8);
    store<u32>(at, load<u32>(table + ((codes >> 24) << 2)), 12);
  }
  for (; i < n; i++) {
    store<u32>(to + ((<usize>i) << 2), load<u32>(table + ((<usize>load<u8>(from + <usize>i)) << 2)));
  }
}

/** Bytes by indices, all below 16. */
// @ts-ignore: decorator
@inline
function pick(plane: v128, indices: v128): v128 {
  if (ASC_FEATURE_RELAXED_SIMD) return i8x16.relaxed_swizzle(plane, indices);
  return i8x16.swizzle(plane, indices);
}

/** Whole sixteens of codes; returns how many. The size of T stands for the bits of mantissa: 1 for 3, 2 for 2. */
// @ts-ignore: decorator
@inline
function decode16<T>(from: usize, table: usize, n: i32, to: usize, halves: bool): i32 {
  const done = n & ~15;
  const subnormals = i8x16.splat(sizeof<T>() == 1 ? 8 : 4);
  const mantissa = i8x16.splat(sizeof<T>() == 1 ? 7 : 3);
  const rest = i16x8.splat(sizeof<T>() == 1 ? <i16>0x8780 : <i16>0x8f80); // sign and exponent
  const largest = i8x16.splat(<i8>largestCode(table));
  const plane0 = v128.load(table, PLANES);
  const plane1 = v128.load(table, PLANES + 16);
  const plane2 = v128.load(table, PLANES + 32);
  const plane3 = v128.load(table, PLANES + 48);
  for (let i: usize = 0; i < <usize>done; i += 16) {
    const codes = v128.load(from + i);
    const magnitude = v128.and(codes, i8x16.splat(0x7f));
    if (v128.any_true(i8x16.gt_s(magnitude, largest))) {
      if (halves) lookUpHalves(from + i, table, 16, to + (i << 1));
      else lookUp(from + i, table, 16, to + (i << 2));
      continue;
    }
    const small = v128.and(i8x16.gt_s(subnormals, magnitude), subnormals);
    const index = v128.or(v128.and(codes, mantissa), small);
    const b2 = pick(plane2, index);
    const b3 = pick(plane3, index);
    const c0 = i16x8.extend_low_i8x16_s(codes);
    const c1 = i16x8.extend_high_i8x16_s(codes);
    const e0 = v128.and(sizeof<T>() == 1 ? i16x8.shl(c0, 4) : i16x8.shl(c0, 5), rest);
    const e1 = v128.and(sizeof<T>() == 1 ? i16x8.shl(c1, 4) : i16x8.shl(c1, 5), rest);
    const h0 = i16x8.add(lowBytes(b2, b3), e0);
    const h1 = i16x8.add(highBytes(b2, b3), e1);
    if (halves) {
      v128.store(to + (i << 1), h0);
      v128.store(to + (i << 1), h1, 16);
    } else {
      const b0 = pick(plane0, index);
      const b1 = pick(plane1, index);
      const l0 = lowBytes(b0, b1);
      const l1 = highBytes(b0, b1);
      const at = to + (i << 2);
      v128.store(at, lowShorts(l0, h0));
      v128.store(at, highShorts(l0, h0), 16);
      v128.store(at, lowShorts(l1, h1), 32);
      v128.store(at, highShorts(l1, h1), 48);
    }
  }
  return done;
}

// @ts-ignore: decorator
@inline
function lowBytes(a: v128, b: v128): v128 {
  return i8x16.shuffle(a, b, 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23);
}

// @ts-ignore: decorator
@inline
function highBytes(a: v128, b: v128): v128 {
  return i8x16.shuffle(a, b, 8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31);
}
