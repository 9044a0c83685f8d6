import { createRequire } from 'node:module';
import { E4M3FN } from '@octavo/formats';
import { gemm } from '@octavo/kernels';
import { expect, test } from 'vitest';
import { createSimdDevice } from '../src/index.ts';
import type { Koffi } from '../src/library/binding.ts';
import { findLibrary } from '../src/library/find.ts';
import { candidates } from '../src/library/libraries.ts';
import { compute, error, expected, input } from './support.ts';

// oneDNN reads it when it is first asked for something; this file has a process of its own
process.env['ONEDNN_MAX_CPU_ISA'] = 'AVX2';

/** Whether the machine has one, whatever this package makes of it. */
const isThere = (() => {
  try {
    const koffi = createRequire(import.meta.url)('koffi') as Koffi;
    const { platform, arch } = process;
    return candidates({ platform, arch, environments: [] }, 'onednn').some((path) => {
      try {
        return koffi.load(path) !== undefined;
      } catch {
        return false;
      }
    });
  } catch {
    return false;
  }
})();

test.runIf(isThere && process.arch === 'x64')(
  'without units for BF16 oneDNN multiplies in float32',
  async () => {
    const { bf16, description } = findLibrary('onednn')!;
    expect(bf16).toBe(false);
    expect(description).toMatch(/^oneDNN [\d.]+ (avx2|gemm:jit)[\w:]* \(/);
    const whole = 2 ** 30;
    const how = {
      ...{ transposeA: false, transposeB: true, scaledA: false, scaledB: false },
      ...{ aBlockRows: whole, aBlockColumns: whole, bBlockRows: whole, bBlockColumns: whole },
    };
    const inputs = [input([131, 77], 1, E4M3FN), input([93, 77], 2, E4M3FN)];
    const device = await createSimdDevice({ threads: 2, library: 'onednn' });
    const got = await compute(device, gemm, how, inputs);
    await device.destroy();
    expect(error(got, await expected(gemm, how, inputs))).toBeLessThan(1e-6);
  },
);
