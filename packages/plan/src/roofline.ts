/** @file How long an operation takes: as long as the slowest of matrix unit, vector unit and memory. */
import { type Hardware, matrixPeak } from './hardware/hardware.ts';
import type { Operation } from './trace.ts';

/** What a device does of an operation. */
export interface Amount {
  readonly flops: number;
  readonly vectorFlops: number;
  /** Moved between memory and the units, each tensor once. */
  readonly bytes: number;
}

/** Seconds of an amount of an operation. */
export type Clock = (operation: Operation, amount: Amount) => number;

/**
 * From published peaks: max(arithmetic / its peak, bytes / bandwidth) (Williams et al., CACM 52(4), 2009). Attention's products
 * and its softmax take turns.
 */
export const roofline =
  (hardware: Hardware): Clock =>
  ({ inputs, operator }, { flops, vectorFlops, bytes }) => {
    const bits = Math.max(...inputs.slice(0, 2).map(({ format }) => format.bits));
    const isAttention = operator?.name.startsWith('attention') === true;
    const computed = isAttention && hardware.attention.value === 'whole' ? 2 : 1;
    const computing = flops / matrixPeak(hardware, bits) + vectorFlops / hardware.vector.value;
    return Math.max(computed * computing, bytes / hardware.bandwidth.value);
  };
