/** @file What is used of `WebAssembly`, typed here because the workspace's libraries are those of ECMAScript alone. */

import type { Product } from './library/binding.ts';

/** Compiled code; opaque. */
export type WasmModule = object & { readonly __brand?: 'WebAssembly.Module' };

export interface WasmMemory {
  readonly buffer: ArrayBufferLike;
  /** Adds pages of 64 KiB; throws where there are none. */
  grow(pages: number): number;
}

interface Wasm {
  validate(bytes: Uint8Array): boolean;
  compile(bytes: Uint8Array): Promise<WasmModule>;
  instantiate(
    module: WasmModule,
    imports: {
      readonly env: {
        readonly memory: WasmMemory;
        readonly product: Product;
        readonly seeGrowth: () => void;
      };
    },
  ): Promise<{ readonly exports: object }>;
  Memory: new (limits: { initial: number; maximum: number; shared: boolean }) => WasmMemory;
}

export const wasm = (globalThis as unknown as { readonly WebAssembly: Wasm }).WebAssembly;
