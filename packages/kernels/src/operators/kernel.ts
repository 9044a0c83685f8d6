/** @file What a gpu.js kernel finds in `this`. */

/** `Name`: the constants of its pass that the kernel reads. */
export interface Kernel<Name extends string = never> {
  readonly thread: { readonly x: number; readonly y: number; readonly z: number };
  readonly constants: Readonly<Record<Name, number>>;
}
