/** @file The source text gpu.js gets: a kernel's own, freed of what module loaders put into it, and rounding. */
import { OctavoError } from '@octavo/formats';
import type { KernelSource } from '../operator.ts';

const sources = new WeakMap<KernelSource, string>();

/**
 * The text of a function. Test runners and bundlers write a call of an imported helper as `(0, module.helper)(x)` or
 * `module.helper(x)`: inside a kernel it is `helper(x)` again.
 */
export function sourceOf(fn: KernelSource): string {
  let text = sources.get(fn);
  if (text === undefined) {
    text = fn
      .toString()
      .replace(/\(0,\s*[\w$]+\.([A-Za-z_$][\w$]*)\)/g, '$1')
      .replace(/\b__vi_import_\w+__\.([A-Za-z_$][\w$]*)/g, '$1');
    if (!/^function\b/.test(text)) {
      throw new OctavoError(
        `[kernels] a kernel and its helpers must be written as plain functions: got ${JSON.stringify(text.slice(0, 60))}`,
      );
    }
    sources.set(fn, text);
  }
  return text;
}

/** Name and number of arguments of a helper, from its text. */
export function signatureOf(text: string): { readonly name: string; readonly length: number } {
  const match = /^function\s+([A-Za-z_$][\w$]*)\s*\(([^)]*)\)/.exec(text);
  if (!match) {
    throw new OctavoError(
      `[kernels] a helper must be a named function: got ${JSON.stringify(text.slice(0, 60))}`,
    );
  }
  return { name: match[1]!, length: match[2]!.split(',').filter((part) => part.trim() !== '').length };
}

/** Every `return E;` becomes `return helper(E);`. */
export const wrapReturns = (text: string, helper: string): string =>
  text.replace(/\breturn\b([^;]*);/g, (_, expression: string) => `return ${helper}(${expression.trim()});`);
