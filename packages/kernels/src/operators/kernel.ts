/** @file What a gpu.js kernel finds in `this`. */

export interface Kernel {
  readonly thread: { readonly x: number; readonly y: number; readonly z: number };
  readonly constants: Readonly<Record<string, number>>;
}
