/** @file Copies that are long enough for several threads. */
import { COPY_PIECE } from '../src/numbers';
import { address } from './command';

/** 0 from, 1 to, 2 bytes. The two do not overlap. */
export function copyBytes(task: i32): void {
  const first = <u32>task * <u32>COPY_PIECE;
  memory.copy(address(1) + first, address(0) + first, min<u32>(COPY_PIECE, <u32>address(2) - first));
}
