/** @file Copies that are long enough for several threads. */
import { address } from './control';

/** Bytes of a task; src/device.ts has the same number. */
const PIECE: u32 = 1 << 18;

/** 0 from, 1 to, 2 bytes. The two do not overlap. */
export function copyBytes(task: i32): void {
  const first = <u32>task * PIECE;
  memory.copy(address(1) + first, address(0) + first, min<u32>(PIECE, <u32>address(2) - first));
}
