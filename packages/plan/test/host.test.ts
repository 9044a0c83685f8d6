/**
 * @file This machine, planned and measured.
 * @module-tag slow
 */
import { createPlainDevice } from '@octavo/bench';
import { llamaConfigOf } from '@octavo/llama';
import { expect, it } from 'vitest';
import { PROBES } from '../src/host/calibrate.ts';
import { hostCheck } from '../src/index.ts';

it('memory to the byte but for a few scales; time of the same order, whatever else the machine does', async () => {
  const model = { ...llamaConfigOf('nano'), layers: 2 };
  const { rows } = await hostCheck({
    create: () => createPlainDevice(1),
    threads: 1,
    recipes: ['fp8-full'],
    models: [{ name: 'small', model, batch: 4, sequence: 128 }],
    probes: PROBES.slice(0, 2),
  });
  const { memory_ratio, time_ratio } = rows[0]!.values;
  expect(memory_ratio).toBeCloseTo(1, 3);
  expect(time_ratio).toBeGreaterThan(0.5);
  expect(time_ratio).toBeLessThan(2);
});
