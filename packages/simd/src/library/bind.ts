/** @file The import of the kernels, for whichever library was found; on workers by its source text. */
import type { Binding, Koffi, Product } from './binding.ts';
import { bindBlas } from './blas.ts';
import { bindOnednn } from './onednn.ts';

type Bind = (koffi: Koffi, binding: Binding, buffer: ArrayBufferLike) => Product;

const binders: Readonly<Record<Binding['face'], Bind>> = { blas: bindBlas, onednn: bindOnednn };

export const bindProduct: Bind = (koffi, binding, buffer) => binders[binding.face](koffi, binding, buffer);

/** The source of an object of the same functions, which need nothing but their parameters. */
export const bindersSource = `{ blas: ${bindBlas}, onednn: ${bindOnednn} }`;
