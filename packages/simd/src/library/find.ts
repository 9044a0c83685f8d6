/** @file Finding the machine's library for products. koffi, which calls it, is an optional peer; without it there is none. */
import { OctavoError } from '@octavo/formats';
import { BF16_OPERANDS, BF16_RESULT } from '../numbers.ts';
import type { Binding, Koffi, LoadedLibrary } from './binding.ts';
import { candidates, type Library, libraries, type Machine } from './libraries.ts';
import { bindOnednn } from './onednn.ts';

/** A library that was found. */
export interface ProductLibrary {
  /** Its name, version, kernels and file, as far as it tells them. */
  readonly description: string;
  /** Whether products of BF16 values run on units for them; without, values are decoded to float32. */
  readonly bf16: boolean;
  readonly koffi: Koffi;
  readonly binding: Binding;
}

const node = <T>(name: string): T | undefined =>
  typeof process === 'undefined'
    ? undefined
    : (process.getBuiltinModule?.(name as 'node:os') as T | undefined);

interface FoundKoffi {
  readonly koffi: Koffi;
  readonly path: string;
}

/** koffi and where it lies: found at run time, so that bundlers for browsers see nothing of it. */
function loadKoffi(): FoundKoffi | undefined {
  const modules = node<typeof import('node:module')>('node:module');
  if (!modules) return undefined;
  return attempted(() => {
    const require = modules.createRequire(import.meta.url);
    return { koffi: require('koffi') as Koffi, path: require.resolve('koffi') };
  });
}

/** What `make` gives, or nothing where it throws. */
const attempted = <T>(make: () => T): T | undefined => {
  try {
    return make();
  } catch {
    return undefined;
  }
};

const has = (library: LoadedLibrary, prototype: string): boolean =>
  attempted(() => library.func(prototype)) !== undefined;

/** What a BLAS says about itself: the first number of its version, and its kernels. */
function about(library: LoadedLibrary, { about: prototypes }: Library): string {
  return prototypes
    .filter((prototype) => has(library, prototype))
    .map((prototype) => String(library.func(prototype)()))
    .map((text) => /\d+(\.\d+)+/.exec(text)?.[0] ?? text.trim().split(/\s/)[0])
    .map((text) => ` ${text}`)
    .join('');
}

/**
 * What oneDNN's names of implementations tell, of a float32 and of a BF16 product (undefined where it has none): by which
 * instructions it computes, and whether BF16 has instructions of its own. `gemm:jit:bf16` has none: it converts.
 */
export function readImplementations(
  float: string,
  half: string | undefined,
): { readonly by: string; readonly bf16: boolean } {
  const own = /avx\w*(bf16|fp16|amx)|avx10\w*/.exec(half ?? '')?.[0];
  return { by: own ?? /(avx|sse|sve)\w*/.exec(float)?.[0] ?? float, bf16: own !== undefined };
}

/** oneDNN's version, and what it computes products by, tried on one of each kind. */
function tryOnednn(koffi: Koffi, binding: Binding): { readonly about: string; readonly bf16: boolean } {
  const product = bindOnednn(koffi, binding, new ArrayBuffer(8));
  const implementation = (form: number): string => product.implementation(form, 256, 256, 256);
  const float = implementation(0);
  if (/ref/.test(float)) throw new Error(`it computes float32 products by ${float}, which is slow`);
  const half = attempted(() => implementation(BF16_OPERANDS | BF16_RESULT)); // none where the processor is too old
  const { by, bf16 } = readImplementations(float, half);
  return { about: ` ${product.version.join('.')} ${by}`, bf16 };
}

function open({ koffi, path: at }: FoundKoffi, path: string): ProductLibrary {
  const library = koffi.load(path);
  const kind =
    libraries.find(({ mark }) => mark !== '' && has(library, `void ${mark}()`)) ?? libraries.at(-1)!;
  if (kind.face === 'blas' && !has(library, 'void cblas_sgemm()'))
    throw new Error('it has neither cblas_sgemm nor oneDNN’s products');
  const binding: Binding = { koffi: at, path, face: kind.face, setups: kind.setups };
  const known =
    kind.face === 'onednn' ? tryOnednn(koffi, binding) : { about: about(library, kind), bf16: false };
  const file = path.split(/[\\/]/).at(-1);
  return { description: `${kind.name}${known.about} (${file})`, bf16: known.bf16, koffi, binding };
}

/** What each choice that is no path looks for, best first. */
const SEARCHES: Readonly<Record<string, readonly Binding['face'][]>> = {
  off: [],
  auto: ['onednn', 'blas'],
  onednn: ['onednn'],
  blas: ['blas'],
};

/**
 * The library to use: none for `off`, the best that is found for `auto` (or none), one of a kind for `onednn` and `blas`,
 * else the library at a path or by a name that the loader knows. Throws an `OctavoError` (exit code 2) where one is
 * asked for that is not there or cannot be used.
 */
export function findLibrary(choice: string): ProductLibrary | undefined {
  if (choice === 'off') return undefined;
  const fail = (reason: string): never => {
    throw new OctavoError(
      `[simd] library: cannot use ${choice}: ${reason}; expected auto, off, onednn, blas, or the path of a library with cblas_sgemm or oneDNN's products`,
      { exitCode: 2 },
    );
  };
  const found = loadKoffi();
  if (!found)
    return choice === 'auto'
      ? undefined
      : fail('koffi, which calls it, is not installed (npm install koffi)');
  const attempt = (path: string): ProductLibrary | string => {
    try {
      return open(found, path);
    } catch (error) {
      return String((error as Error).message).split('\n')[0]!;
    }
  };
  const search = Object.hasOwn(SEARCHES, choice) ? SEARCHES[choice]! : null;
  if (!search) {
    const result = attempt(choice);
    return typeof result === 'string' ? fail(result) : result;
  }
  for (const face of search) {
    for (const path of candidates(thisMachine(), face)) {
      const result = attempt(path);
      if (typeof result !== 'string' && result.binding.face === face) return result;
    }
  }
  return choice === 'auto' ? undefined : fail('none was found in the usual places');
}

function thisMachine(): Machine {
  const { platform, arch, env } = process;
  const environments = [env['CONDA_PREFIX'], env['VIRTUAL_ENV']].filter((root) => root !== undefined);
  return { platform, arch, environments };
}
