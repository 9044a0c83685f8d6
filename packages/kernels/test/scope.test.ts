/** @file Scopes free what they hold and nothing else. */
import { FP32 } from '@octavo/formats';
import { expect, it } from 'vitest';
import { createReferenceDevice, createScope } from '../src/index.ts';

it('frees what was not kept, once', async () => {
  const device = createReferenceDevice();
  const scope = createScope(device);
  const a = scope.alloc([10], FP32);
  const b = scope.keep(scope.alloc([5], FP32));
  expect(scope.device).toBe(device);
  expect(device.memory().live).toBe(60);
  scope.release();
  expect(device.memory().live).toBe(20);
  expect(() => device.free(a)).toThrow(/holds no memory/);
  await device.read(b);
  scope.release();
  const c = scope.alloc([2], FP32);
  expect(device.memory().live).toBe(28);
  scope.release();
  expect(() => device.free(c)).toThrow();
  device.free(b);
  expect(device.memory().live).toBe(0);
});
