/** @file What a task reads of its command: its arguments, and this thread's own memory. */
import { ARGUMENTS } from '../src/numbers';

/** Elements that pass through the cache at a time, and scratch for so many floats. */
export const PIECE: i32 = 2048;
export const PIECE_ROOM: usize = <usize>PIECE * 4 + 64;

/** This thread's own memory, valid during a task. */
let scratchAddress: usize = 0;

// @ts-ignore: decorator
@inline
export function scratch(): usize {
  return scratchAddress;
}

// @ts-ignore: decorator
@inline
export function useScratch(address: usize): void {
  scratchAddress = address;
}

/** Argument `i` of the command, as an integer. */
// @ts-ignore: decorator
@inline
export function int(i: i32): i32 {
  return load<i32>(ARGUMENTS + ((<usize>i) << 2));
}

// @ts-ignore: decorator
@inline
export function address(i: i32): usize {
  return <usize>load<u32>(ARGUMENTS + ((<usize>i) << 2));
}

// @ts-ignore: decorator
@inline
export function float(i: i32): f32 {
  return load<f32>(ARGUMENTS + ((<usize>i) << 2));
}
