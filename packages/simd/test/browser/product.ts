/** @file What the browser computes, and the test in Node as well: FP8 codes and their product, by threads. */
import { BF16, E4M3FN, FP32 } from '@octavo/formats';
import { cast, gemm } from '@octavo/kernels';
import { createSimdDevice } from '../../src/index.ts';

export interface Result {
  readonly description: string;
  readonly values: readonly number[];
}

const N = 96;

/** A · Aᵀ of codes in E4M3, on one thread and on three. */
export async function results(): Promise<readonly Result[]> {
  const all: Result[] = [];
  for (const threads of [1, 3]) {
    const device = await createSimdDevice({ threads });
    const x = device.alloc([N, N], FP32);
    device.write(
      x,
      Array.from({ length: N * N }, (_, i) => ((i * 7919) % 1009) / 100 - 5),
    );
    const scale = device.alloc([1, 1], FP32);
    device.write(scale, [64]);
    const block = { blockRows: N, blockColumns: N };
    const codes = device.alloc([N, N], E4M3FN);
    const rounding = { rounding: 'nearest-even', overflow: 'saturate', stream: 0 } as const;
    device.run(cast, { ...block, ...rounding }, [x, scale], [codes]);
    const blocks = { aBlockRows: N, aBlockColumns: N, bBlockRows: N, bBlockColumns: N };
    const product = { transposeA: false, transposeB: true, ...blocks, scaledA: true, scaledB: true };
    const out = device.alloc([N, N], BF16);
    device.run(gemm, product, [codes, codes, scale, scale], [out]);
    all.push({ description: device.description, values: [...(await device.read(out))] });
    await device.destroy();
  }
  return all;
}
