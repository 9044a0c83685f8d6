/** @file The contenders: how each is started. */
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Command } from './contender.ts';
import { interpreter } from './python.ts';

const script = (name: string): string => fileURLToPath(new URL(`./peers/${name}.js`, import.meta.url));

const node = (name: string, file: string, ...args: string[]): Command => ({
  name,
  file: process.execPath,
  args: [script(file), ...args],
});

/** Octavo's device; its libraries compute on its threads and have none of their own. */
const octavo = (name: string, library: string, threads: number, file = script('octavo')): Command => ({
  name,
  file: process.execPath,
  args: [file, library, `${threads}`],
  env: threadsOf(1),
});

/** What libraries in C read, each in its own variable. */
const threadsOf = (threads: number): Record<string, string> =>
  Object.fromEntries(
    ['OMP_NUM_THREADS', 'OPENBLAS_NUM_THREADS', 'MKL_NUM_THREADS'].map((name) => [name, `${threads}`]),
  );

export interface Choices {
  readonly threads: number;
  /** A folder of this run: what an earlier one that was stopped has left may be torn. */
  readonly scratch: string;
  /** Python's interpreter, where another is wanted. */
  readonly python?: string | undefined;
  /** Another built checkout, whose Octavo takes its turns without a library. */
  readonly before?: string | undefined;
}

/** Octavo first: ratios speak of it. */
export const contenders = ({
  threads,
  scratch,
  python,
  before,
}: Choices): Readonly<Record<string, Command>> => ({
  octavo: octavo('Octavo', 'off', threads),
  octavoOnednn: octavo('Octavo + oneDNN', 'onednn', threads),
  octavoBlas: octavo('Octavo + BLAS', 'blas', threads),
  ...(before === undefined
    ? {}
    : {
        octavoBefore: octavo(
          'Octavo before',
          'off',
          threads,
          join(before, 'tooling/bench/dist/peers/octavo.js'),
        ),
      }),
  ...browsers('', threads),
  // what they do in Node by themselves
  ...(threads > 1 ? browsers('Alone', 1) : {}),
  onnx: node('onnxruntime-node', 'onnxruntime', `${threads}`),
  llamaCpp: node('llama.cpp', 'llama-cpp', `${threads}`),
  pytorch: {
    name: 'PyTorch',
    file: python ?? interpreter(),
    args: [fileURLToPath(new URL('../peers/pytorch.py', import.meta.url)), `${threads}`],
    env: { ...threadsOf(threads), TORCHINDUCTOR_CACHE_DIR: scratch },
  },
});

/** Contenders that are not asked for plain products. */
export const withoutProducts: readonly string[] = ['octavoBefore', 'llamaCpp'];

/** Libraries for browsers; with more than one thread they are given workers. */
const browsers = (suffix: string, threads: number): Record<string, Command> => ({
  [`tfjs${suffix}`]: node('TensorFlow.js wasm', 'tfjs', `${threads}`),
  [`jax${suffix}`]: node('jax-js', 'jax-js', `${threads}`),
});

/** Libraries that `pnpm bench:peers` installs, each with the version that the comparison was written for. */
export const packages: Readonly<Record<string, string>> = {
  '@tensorflow/tfjs-core': '4.22.0',
  '@tensorflow/tfjs-backend-wasm': '4.22.0',
  '@jax-js/jax': '0.1.25',
  'onnxruntime-node': '1.30.0',
  'node-llama-cpp': '3.22.1',
};
