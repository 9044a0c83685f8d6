/** @file All casts of all operands of a model, on batches that delayed scales have a history for. */
import { setImmediate } from 'node:timers/promises';
import { OctavoError } from '@octavo/formats';
import type { Device } from '@octavo/kernels';
import type { TokenBatch } from '@octavo/trainer';
import { type Batches, type Captured, type FrozenModel, keyOf, type Operand, passages } from './capture.ts';
import { casts, policies } from './casts.ts';
import { type Matrix, type Measured, measure } from './measure.ts';
import type { FormatsSettings } from './settings.ts';

/** `rare`: with the rare byte, after batches without; `after`: the next one; `plain`: as a run's text gives them. */
export type BatchName = 'rare' | 'after' | 'plain';

/** All casts of one operand on one batch. */
export interface MeasuredOperand extends Operand {
  /** Null for weights, which are the same on all batches. */
  readonly batch: BatchName | null;
  readonly amax: number;
  /** E[x⁴] / E[x²]², uncentred: 3 for a normal distribution; null where all is zero. */
  readonly kurtosis: number | null;
  readonly casts: readonly Measured[];
}

/** `history` batches, then those that are measured, each remembering the ones before it. */
export async function measureModel(
  device: Device,
  settings: FormatsSettings,
  model: FrozenModel,
  batches: { history: readonly TokenBatch[]; measured: readonly (readonly [BatchName, TokenBatch])[] },
  options: { signal?: AbortSignal | undefined; onShare: (share: number) => void },
): Promise<MeasuredOperand[]> {
  const named = policies(settings);
  const inputs: (Batches & { name: BatchName | null })[] = [
    ...batches.history.map((batch) => ({ batch, capture: false, name: null })),
    ...batches.measured.map(([name, batch]) => ({ batch, capture: true, name })),
  ];
  const seen = new Map<string, number[]>();
  const results: MeasuredOperand[] = [];
  let at = 0;
  let measuredBatches = 0;
  for await (const { amax, operands } of passages(device, model, inputs)) {
    const { name } = inputs[at++]!;
    for (const [i, captured] of operands.entries()) {
      options.signal?.throwIfAborted();
      const result = measureOperand(captured, name!);
      if (result) results.push(result);
      options.onShare((measuredBatches + (i + 1) / operands.length) / batches.measured.length);
      await setImmediate();
    }
    if (name) measuredBatches++;
    for (const [key, value] of amax) seen.set(key, [...(seen.get(key) ?? []), value]);
  }
  return results;

  function measureOperand(captured: Captured, batch: BatchName): MeasuredOperand | null {
    const { layer, site, operand } = captured;
    const isWeight = operand === 'weight';
    if (isWeight && measuredBatches > 0) return null;
    const matrix = isWeight ? captured.matrix : firstRows(captured.matrix, settings.tokens);
    const those = isWeight ? casts.filter(({ policy }) => !policy.startsWith('delayed')) : casts;
    const history = seen.get(keyOf(captured)) ?? [];
    const own = moments(matrix.values);
    if (!Number.isFinite(own.amax)) {
      throw new OctavoError(
        `[lab] formats: layer ${layer}, ${site}, ${operand}: got values that are not finite, expected a model that works; take an earlier checkpoint`,
      );
    }
    return {
      layer,
      site,
      operand,
      batch: isWeight ? null : batch,
      ...own,
      casts: measure(matrix, those, named, history),
    };
  }
}

const firstRows = ({ values, rows, columns }: Matrix, most: number): Matrix => ({
  values: values.subarray(0, Math.min(rows, most) * columns),
  rows: Math.min(rows, most),
  columns,
});

function moments(values: Float32Array): Pick<MeasuredOperand, 'amax' | 'kurtosis'> {
  let [amax, squares, fourths] = [0, 0, 0];
  for (let i = 0; i < values.length; i++) {
    const square = values[i]! * values[i]!;
    squares += square;
    fourths += square * square;
    amax = Math.max(amax, Math.abs(values[i]!));
  }
  return { amax, kurtosis: squares > 0 ? (fourths * values.length) / (squares * squares) : null };
}
