import { BF16, FP32 } from '@octavo/formats';
import { attention, attentionGrad } from '@octavo/kernels';
import { expect, test } from 'vitest';
import { createSimdDevice } from '../src/index.ts';
import { findLibrary } from '../src/library/find.ts';
import { compute, input } from './support.ts';

const how = { batch: 2, sequence: 250, heads: 4, keyValueHeads: 2, headDim: 24 };

/** Whether the machine has one. */
const has = (library: string): boolean => {
  try {
    return findLibrary(library) !== undefined;
  } catch {
    return false;
  }
};

const choices = ['off', ...['blas', 'onednn'].filter(has)];

test.each(
  choices.flatMap((library) => [FP32, BF16].map((format) => ({ library, format, name: format.name }))),
)(
  'library $library, $name: the same bits for any number of threads, and the library’s own',
  async ({ library, format }) => {
    const qkv = input([500, 192], 1, format, 2);
    const dout = input([500, 96], 2, format);
    const on = async (threads: number, choice: string) => {
      const device = await createSimdDevice({ threads, library: choice, instructionSet: 'simd128' });
      const out = await compute(device, attention, how, [qkv]);
      const gradient = await compute(device, attentionGrad, how, [qkv, dout]);
      await device.destroy();
      return { out, gradient };
    };
    const alone = await on(1, library);
    for (const threads of [2, 3]) expect(await on(threads, library)).toEqual(alone);
    if (library === 'off') return;
    const tile = await on(1, 'off');
    expect(alone.out).not.toEqual(tile.out);
    expect(alone.gradient).not.toEqual(tile.gradient);
  },
);
