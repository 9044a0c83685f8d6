/** @file The contenders: how each is started. */
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { Command } from './contender.ts';

const script = (name: string): string => fileURLToPath(new URL(`./peers/${name}.js`, import.meta.url));

const node = (name: string, file: string, ...args: string[]): Command => ({
  name,
  file: process.execPath,
  args: [script(file), ...args],
});

/** Debian's `python3-torch` belongs to its own interpreter. */
function python(): string {
  return existsSync('/usr/bin/python3') ? '/usr/bin/python3' : 'python3';
}

/** Octavo first: ratios speak of it. */
export const contenders = (threads: number, interpreter = python()): Readonly<Record<string, Command>> => ({
  octavo: node('Octavo', 'octavo', 'off', `${threads}`),
  octavoOnednn: node('Octavo + oneDNN', 'octavo', 'onednn', `${threads}`),
  octavoBlas: node('Octavo + BLAS', 'octavo', 'blas', `${threads}`),
  ...browsers('', threads),
  // what they do in Node by themselves
  ...(threads > 1 ? browsers('Alone', 1) : {}),
  onnx: node('onnxruntime-node', 'onnxruntime', `${threads}`),
  pytorch: {
    name: 'PyTorch',
    file: interpreter,
    args: [fileURLToPath(new URL('../peers/pytorch.py', import.meta.url)), `${threads}`],
    env: { OMP_NUM_THREADS: `${threads}`, OPENBLAS_NUM_THREADS: `${threads}`, MKL_NUM_THREADS: `${threads}` },
  },
});

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
};
