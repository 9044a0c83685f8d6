/** @file The compiled kernels, for the best instruction set that the engine has. */
import { base64 as relaxed } from './generated/relaxed.ts';
import { base64 as simd128 } from './generated/simd128.ts';
import { type WasmModule, wasm } from './web-assembly.ts';

export type InstructionSet = 'relaxed-simd' | 'simd128';

/** (func (param v128) (result v128)): local.get 0 three times, f32x4.relaxed_madd. */
const PROBE = Uint8Array.of(
  ...[0, 0x61, 0x73, 0x6d, 1, 0, 0, 0, 1, 6, 1, 0x60, 1, 0x7b, 1, 0x7b, 3, 2, 1, 0],
  ...[10, 13, 1, 11, 0, 0x20, 0, 0x20, 0, 0x20, 0, 0xfd, 0x85, 2, 11],
);

/** Node 20 has relaxed SIMD behind a flag that counts until the first compilation. */
function allowRelaxed(): void {
  if (typeof process === 'undefined' || wasm.validate(PROBE)) return;
  try {
    process.getBuiltinModule?.('node:v8').setFlagsFromString('--experimental-wasm-relaxed-simd');
  } catch {
    // another engine, or flags are frozen
  }
}

/** The best instruction set there is. */
export function instructionSet(): InstructionSet {
  allowRelaxed();
  return wasm.validate(PROBE) ? 'relaxed-simd' : 'simd128';
}

const compiled = new Map<string, WasmModule>();

/** The kernels. `shared`: on memory that threads share, else on plain memory (a page without isolation has no other). */
export async function kernels(set: InstructionSet, shared: boolean): Promise<WasmModule> {
  const key = `${set} ${shared}`;
  const found = compiled.get(key);
  if (found) return found;
  const bytes = Uint8Array.from(atob(set === 'simd128' ? simd128 : relaxed), (c) => c.charCodeAt(0));
  if (!shared) importPlainMemory(bytes);
  const module = await wasm.compile(bytes);
  compiled.set(key, module);
  return module;
}

/** Turns the flag of the import `env.memory` from "shared, with a maximum" to "with a maximum". */
function importPlainMemory(bytes: Uint8Array): void {
  const text = Array.from('\x03env\x06memory\x02\x03', (c) => c.charCodeAt(0));
  const at = bytes.findIndex((_, i) => text.every((byte, j) => bytes[i + j] === byte));
  bytes[at + text.length - 1] = 1;
}
