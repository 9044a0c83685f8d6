/** @file Statistics of casts that many chunks and threads share: the reference's bits, whoever adds which chunk. */
import { createHash } from 'node:crypto';
import { BF16, E4M3FN, E5M2, type Format, FP32, round } from '@octavo/formats';
import * as kernels from '@octavo/kernels';
import { describe, expect, it } from 'vitest';
import { createSimdDevice } from '../src/index.ts';
import { input } from './support.ts';

// twelve whole chunks and a part of a row of lanes
const ROWS = 197;
const COLUMNS = 1024;
const CASES = ([FP32, BF16] as const).flatMap((source) =>
  (['nearest-even', 'stochastic'] as const).flatMap((rounding) =>
    ([0, 128] as const).map((block) => ({ source, rounding, block, target: E4M3FN as Format })),
  ),
);
CASES.push({ source: FP32, rounding: 'stochastic', block: 0, target: E5M2 });

const VALUES = new Map([FP32, BF16].map((format) => [format, values(format)]));

/** Small and large, zeros of both signs, what underflows, what is clipped, in some rows what is not finite. */
function values(source: Format): Float32Array {
  const x = input([ROWS * COLUMNS], 3, source, 2).values;
  for (let i = 0; i < x.length; i += 7) x[i] = x[i]! * 2 ** -((i / 7) % 24);
  for (let i = 0; i < x.length; i += 97) x[i] = i % 2 ? -0 : 0;
  for (let i = 0; i < x.length; i += 501) x[i] = 500 * x[i]!;
  for (let i = 70_000; i < 72_000; i += 300) x[i] = [Number.NaN, Infinity, -Infinity][i % 3]!;
  return x.map((v) => round(source, v));
}

async function cast(device: kernels.Device, { source, rounding, block, target }: (typeof CASES)[number]) {
  const scope = kernels.createScope(device);
  const shape = [ROWS, COLUMNS] as const;
  const x = scope.alloc(shape, source);
  device.write(x, VALUES.get(source)!);
  const across = block ? COLUMNS / block : 1;
  const scale = scope.alloc(block ? [ROWS, across] : [1, 1], FP32);
  device.write(
    scale,
    Float32Array.from({ length: kernels.elements(scale.shape) }, (_, i) => 20 + (i % 5)),
  );
  const seed = scope.alloc([2], FP32);
  device.write(seed, [77, 78]);
  const outs = [scope.alloc(shape, target), scope.alloc(scale.shape, FP32), scope.alloc([8], FP32)];
  const attributes = {
    blockRows: block ? 1 : ROWS,
    blockColumns: block || COLUMNS,
    rounding,
    overflow: 'saturate',
    stream: 4,
    max: target.max,
    minSubnormal: target.minSubnormal,
  } as const;
  const inputs = rounding === 'stochastic' ? [x, scale, seed] : [x, scale];
  device.run(kernels.castWithStatistics, attributes, inputs, outs);
  const total = scope.alloc([1], FP32);
  device.run(kernels.sumSquares, {}, [outs[0]!], [total]);
  const results = await Promise.all([...outs, total].map((t) => device.read(t)));
  scope.release();
  const hash = createHash('sha256');
  for (const result of results) hash.update(new Uint8Array(result.buffer));
  return { digest: hash.digest('hex'), small: results.slice(2).map((r) => [...r]) };
}

const wanted = kernels.createReferenceDevice();

describe.each(CASES)('$source.name → $target.name, $rounding, blocks of $block', (one) => {
  it('has the reference’s codes, maxima and sums, for any number of threads, again and again', async () => {
    const expected = await cast(wanted, one);
    for (const [instructionSet, threads] of [
      ['simd128', 1],
      ['relaxed-simd', 2],
      ['relaxed-simd', 5],
    ] as const) {
      const device = await createSimdDevice({ threads, instructionSet });
      for (let run = 0; run < threads; run++) expect(await cast(device, one)).toEqual(expected);
      await device.destroy();
    }
  });
});
