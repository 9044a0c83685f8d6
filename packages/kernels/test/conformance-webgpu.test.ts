/**
 * @file The gpu.js kernels on WebGPU, where an adapter answers: a GPU's, or the software one of Debian's chromium.
 * @module-tag slow
 */
import { describe, expect, it } from 'vitest';
import { conformance } from '../src/conformance/index.ts';
import { declare } from './conformance-suite.ts';
import { backends, expectsWebGpu } from './gpujs-support.ts';

const { create, missing } = (await backends()).find(({ name }) => name === 'webgpu')!;

it('runs, or says why not', () => {
  if (expectsWebGpu) expect(missing).toBe('');
  else if (missing !== '') expect(missing).toMatch(/WebGPU/);
});

describe('gpu:webgpu', () => {
  // Exact on the software adapter; a GPU may contract a multiplication and an addition into one.
  declare(
    conformance(create, {
      expectName: 'gpu:webgpu',
      exact: expectsWebGpu,
      subnormals: false,
      exponentialOfNan: false,
    }),
    missing,
  );
});
