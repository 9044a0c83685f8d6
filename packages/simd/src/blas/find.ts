/** @file Finding the machine's BLAS. koffi, which calls it, is an optional peer; without it there is none. */
import { OctavoError } from '@octavo/formats';
import type { Binding, Koffi } from './bind.ts';
import { candidates, type Library, libraries } from './libraries.ts';

/** A library that was found. */
export interface Blas {
  /** Its name, version, kernels and file, as far as it tells them. */
  readonly description: string;
  readonly koffi: Koffi;
  readonly binding: Binding;
}

const node = <T>(name: string): T | undefined =>
  typeof process === 'undefined'
    ? undefined
    : (process.getBuiltinModule?.(name as 'node:os') as T | undefined);

/** koffi and where it lies: found at run time, so that bundlers for browsers see nothing of it. */
function loadKoffi(): { readonly koffi: Koffi; readonly path: string } | undefined {
  const modules = node<typeof import('node:module')>('node:module');
  if (!modules) return undefined;
  try {
    const require = modules.createRequire(import.meta.url);
    return { koffi: require('koffi') as Koffi, path: require.resolve('koffi') };
  } catch {
    return undefined;
  }
}

const has = (library: ReturnType<Koffi['load']>, prototype: string): boolean => {
  try {
    library.func(prototype);
    return true;
  } catch {
    return false;
  }
};

/** What the library says about itself: the first number of its version, and its kernels. */
function about(library: ReturnType<Koffi['load']>, { about: prototypes }: Library): string {
  return prototypes
    .filter((prototype) => has(library, prototype))
    .map((prototype) => String(library.func(prototype)()))
    .map((text) => /\d+(\.\d+)+/.exec(text)?.[0] ?? text.trim().split(/\s/)[0])
    .map((text) => ` ${text}`)
    .join('');
}

function open(koffi: Koffi, at: string, path: string): Blas {
  const library = koffi.load(path);
  if (!has(library, 'void cblas_sgemm()')) throw new Error('it has no cblas_sgemm');
  const kind = libraries.find(({ mark }) => mark === '' || has(library, `void ${mark}()`))!;
  const file = path.split(/[\\/]/).at(-1);
  return {
    description: `${kind.name}${about(library, kind)} (${file})`,
    koffi,
    binding: { koffi: at, path, setups: kind.setups },
  };
}

/**
 * The BLAS to use: none for `off`, the first that is found for `auto` (or none), else the library at a path or by a
 * name that the loader knows. Throws an `OctavoError` (exit code 2) where that one cannot be used.
 */
export function findBlas(choice: string): Blas | undefined {
  if (choice === 'off') return undefined;
  const found = loadKoffi();
  if (choice !== 'auto') {
    const fail = (reason: string): never => {
      throw new OctavoError(
        `[simd] blas: cannot use the library ${choice}: ${reason}; expected off, auto, or the path of a library with cblas_sgemm`,
        { exitCode: 2 },
      );
    };
    if (!found) return fail('koffi, which calls it, is not installed (npm install koffi)');
    try {
      return open(found.koffi, found.path, choice);
    } catch (error) {
      return fail(String((error as Error).message).split('\n')[0]!);
    }
  }
  if (!found) return undefined;
  for (const path of candidates(process.platform, process.arch)) {
    try {
      return open(found.koffi, found.path, path);
    } catch {
      // not there, or not one: the next
    }
  }
  return undefined;
}
