/**
 * @file Rows of tensors as float32, whatever they are stored in.
 *
 * A tensor takes three arguments of a command: address, kind, format. Kinds: 0 FP32, 1 BF16, 2 FP16, 3 codes of one
 * byte. `format` is the address of a description (see encode.ts) that ends in the table of the 256 values (decode.ts).
 * FP32 rows are used where they lie; others go through a piece of scratch.
 */
import { BF16_KIND, BYTE_KIND, FP16_KIND, FP32_KIND } from '../src/numbers';
import { decodeBf16, encodeBf16 } from './bf16';
import { address, int } from './command';
import { decodeBytes, ownTable } from './decode';
import { encode } from './encode';
import { decodeFp16 } from './fp16';

// @ts-ignore: decorator
@inline
export function bytesOf(kind: i32): usize {
  return kind == FP32_KIND ? 4 : kind == BYTE_KIND ? 1 : 2;
}

/** `n` values stored at `from` as floats at `to`. */
export function decode(kind: i32, format: usize, from: usize, n: i32, to: usize): void {
  if (kind == FP32_KIND) memory.copy(to, from, (<usize>n) << 2);
  else if (kind == BF16_KIND) decodeBf16(from, n, to);
  else if (kind == FP16_KIND) decodeFp16(from, n, to);
  else decodeBytes(from, ownTable(format), n, to);
}

/** Address of element `index` of the tensor in arguments `slot`, `slot + 1`, `slot + 2`. */
// @ts-ignore: decorator
@inline
export function element(slot: i32, index: u32): usize {
  return address(slot) + <usize>index * bytesOf(int(slot + 1));
}

/** Where `n` floats of a tensor from element `index` on can be read: in place, or in `room`. */
export function read(slot: i32, index: u32, n: i32, room: usize): usize {
  const kind = int(slot + 1);
  if (kind == FP32_KIND) return element(slot, index);
  decode(kind, address(slot + 2), element(slot, index), n, room);
  return room;
}

/** Where the results for a tensor's elements from `index` on go: in place, or in `room`, which `commit` then stores. */
export function target(slot: i32, index: u32, room: usize): usize {
  return int(slot + 1) == FP32_KIND ? element(slot, index) : room;
}

/** Rounds `n` floats at `from` to the tensor's format, to nearest even, and stores them unless they lie there. */
export function commit(slot: i32, index: u32, n: i32, from: usize): void {
  const kind = int(slot + 1);
  const to = element(slot, index);
  if (kind == FP32_KIND) {
    if (to != from) memory.copy(to, from, (<usize>n) << 2);
  } else if (kind == BF16_KIND) encodeBf16(from, n, to);
  else encode(kind, address(slot + 2), 0, 1, from, n, to, 0, 0);
}
