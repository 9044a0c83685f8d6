/** @file The source text gpu.js gets: a kernel's own, freed of what module loaders put into it, and rounding. */
import { OctavoError } from '@octavo/formats';
import type { KernelSource } from '../operator.ts';

// biome-ignore lint/complexity/noBannedTypes: gpu.js reads the source text of a plain function
const sources = new WeakMap<Function, string>();

/**
 * The text of a kernel. Test runners and bundlers write a call of an imported helper as `(0, module.helper)(x)` or
 * `module.helper(x)`: inside a kernel it is `helper(x)` again.
 *
 * @throws OctavoError for a function that is no plain one, and for any where a minifier has been at work.
 */
export function sourceOf(kernel: KernelSource): string {
  if (typeof kernel === 'string') return checked(kernel);
  const { kernelText } = kernel as { readonly kernelText?: string }; // from build/kernel-text.mjs
  if (kernelText !== undefined) return kernelText;
  let text = sources.get(kernel);
  if (text === undefined) {
    text = checked(
      kernel
        .toString()
        .replace(/\(0,\s*[\w$]+\.([A-Za-z_$][\w$]*)\)/g, '$1')
        .replace(/\b__vi_import_\w+__\.([A-Za-z_$][\w$]*)/g, '$1'),
    );
    const { canary: bird, text: expected } = untouched;
    if (!isUntouched(bird, expected)) {
      throw new OctavoError(
        `[kernels] a minifier rewrote functions of this page, and gpu.js reads their text: got ${JSON.stringify(bird.toString().slice(0, 60))}, expected ${JSON.stringify(expected)}; write kernels of your own as strings`,
      );
    }
    sources.set(kernel, text);
  }
  return text;
}

function checked(text: string): string {
  if (!/^function\b/.test(text)) {
    throw new OctavoError(
      `[kernels] a kernel and its helpers must be written as plain functions: got ${JSON.stringify(text.slice(0, 60))}`,
    );
  }
  return text;
}

/** A function that every minifier changes: it shortens names, and puts `negative` where it is used. */
function kernelCanary(values: readonly number[]): number {
  const first = values[0]!;
  const negative = 0 - first;
  return first < 0 ? negative : first;
}

const untouched = {
  canary: kernelCanary,
  text: 'function kernelCanary(values) { const first = values[0]; const negative = 0 - first; return first < 0 ? negative : first; }',
} as const;

/** True if a function's text is `text`, but for white space. */
export const isUntouched = (fn: (values: readonly number[]) => number, text: string): boolean =>
  fn.toString().replace(/\s+/g, '') === text.replace(/\s+/g, '');

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
