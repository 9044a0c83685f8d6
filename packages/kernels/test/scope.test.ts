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

it('frees a tensor early once its last holder has dropped it, and never what is not its own', async () => {
  const device = createReferenceDevice();
  const scope = createScope(device);
  const held = scope.hold(scope.alloc([4], FP32));
  scope.drop(held);
  await device.read(held);
  scope.drop(held);
  await expect(device.read(held)).rejects.toThrow(/holds no memory/);
  const kept = scope.keep(scope.alloc([3], FP32));
  const foreign = device.alloc([2], FP32);
  for (const tensor of [kept, foreign, held]) scope.drop(scope.hold(tensor));
  expect(device.memory().live).toBe(20);
  scope.release();
  expect(device.memory().live).toBe(20);
});
