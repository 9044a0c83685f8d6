/**
 * @file The gpu.js kernels on gpu.js's host backends.
 * @module-tag slow
 */
import { describe } from 'vitest';
import { conformance } from '../src/conformance/index.ts';
import { createGpuDevice } from '../src/index.ts';
import { declare } from './conformance-suite.ts';

describe('gpu:webasm', () => {
  const create = () => createGpuDevice({ backend: 'webasm' });
  declare(conformance(create, { expectName: 'gpu:webasm', exact: true }));
});

describe('gpu:cpu', () => {
  const create = () => createGpuDevice({ backend: 'cpu' });
  // It computes in doubles: exact is what rounds once, or not at all (a cast rounds its product by itself).
  const exact = [
    'amax',
    'embedding',
    'tokenAmax',
    'smoothScale',
    'scaleRows',
    'scaleColumns',
    'scaleBy',
    'add',
    'subtract',
    'multiply',
  ];
  declare(conformance(create, { expectName: 'gpu:cpu', exact }));
});
