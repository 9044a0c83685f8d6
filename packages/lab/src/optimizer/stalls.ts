/** @file What storing a second moment in few bits does to an update of it: seen on a device, counted over its elements. */
import { FP32 } from '@octavo/formats';
import { adamMoment2, adamw, createScope, type Device, type Tensor } from '@octavo/kernels';
import { decoded } from './rounded-first.ts';

/** One update of one second moment. Codes are stored values, not divided by their scale. */
export interface MomentUpdate {
  readonly before: Float32Array;
  readonly beforeScale: number;
  /** What float32 makes of the stored values: β2 · before / beforeScale + (1 − β2) g². */
  readonly exact: Float32Array;
  readonly after: Float32Array;
  readonly afterScale: number;
  /** The second moment that float32 would have kept from the first observed update on, from the same gradients. */
  readonly unrounded: Float32Array;
}

export interface MomentObserver {
  /** Train on this one. */
  readonly device: Device;
  /** True: the next updates are kept for `updateOf`. */
  sampling: boolean;
  /** The last update that led to this second moment; undefined if it was not sampled or is kept in FP32. */
  updateOf(moment2: Tensor, scale: Tensor): Promise<MomentUpdate | undefined>;
  /** Forgets the kept updates. */
  clear(): void;
  /** Frees everything. */
  release(): void;
}

export function observeMoments(device: Device): MomentObserver {
  const scope = createScope(device);
  const kept = new Map<Tensor, { before: Tensor; beforeScale: Tensor; exact: Tensor; unrounded: Tensor }>();
  const shadows = new Map<number, Tensor>();

  const exactly = (moment: Tensor, g: Tensor, hyper: Tensor, out: Tensor): Tensor => {
    device.run(adamMoment2, { bounded: false }, [moment, g, hyper], [out]);
    return out;
  };
  const copied = (tensor: Tensor): Tensor => {
    const copy = scope.alloc(tensor.shape, tensor.format);
    device.copy(copy, tensor);
    return copy;
  };

  function note(inputs: readonly Tensor[], outs: readonly Tensor[], stream: number): void {
    const [v, vScale, g, hyper] = inputs.slice(4) as [Tensor, Tensor, Tensor, Tensor];
    if (v.format === FP32) return;
    const passing = createScope(device);
    const old = decoded(passing, v, vScale);
    const shadow = shadows.get(stream);
    const next = exactly(shadow ?? old, g, hyper, device.alloc(v.shape, FP32));
    if (shadow) device.free(shadow);
    shadows.set(stream, next);
    if (observer.sampling)
      kept.set(outs[4]!, {
        before: copied(v),
        beforeScale: copied(vScale),
        exact: exactly(old, g, hyper, scope.alloc(v.shape, FP32)),
        unrounded: copied(next),
      });
    passing.release();
  }

  const observer: MomentObserver = {
    sampling: false,
    device: {
      ...device,
      run(operator, attributes, inputs, outs) {
        if (operator.name === adamw.name) note(inputs, outs, attributes.stream as number);
        device.run(operator, attributes, inputs, outs);
      },
    },
    async updateOf(moment2, scale) {
      const found = kept.get(moment2);
      if (!found) return undefined;
      const number = async (tensor: Tensor): Promise<number> => (await device.read(tensor))[0]!;
      return {
        before: await device.read(found.before),
        beforeScale: await number(found.beforeScale),
        exact: await device.read(found.exact),
        after: await device.read(moment2),
        afterScale: await number(scale),
        unrounded: await device.read(found.unrounded),
      };
    },
    clear() {
      kept.clear();
      scope.release();
    },
    release() {
      observer.clear();
      for (const shadow of shadows.values()) device.free(shadow);
      shadows.clear();
    },
  };
  return observer;
}

export interface StallCounts {
  readonly elements: number;
  /**
   * Elements whose code, not zero, stays as it was, so that the stored value goes less than half of the way that the exact
   * update would take it: after = before, and (after / afterScale − old) < (exact − old) / 2 in the update's direction, with
   * old = before / beforeScale. Under a scale that stays, that is every code that stays while the exact value moves; under
   * max / amax the scale moves, and a code may stay while its value goes where it should: no stall.
   */
  readonly stalled: number;
  /** Elements whose code is zero, though their exact second moment is not. */
  readonly underflowed: number;
  /**
   * Mean log2 of the stored second moment over the one that float32 would have kept, over the `compared` elements of which
   * neither is zero: 0 is faithful, 2 is four times too large, so that steps are half as long.
   */
  readonly excess: number;
  readonly compared: number;
}

export function countStalls(update: MomentUpdate): StallCounts {
  const { before, beforeScale, exact, after, afterScale, unrounded } = update;
  let stalled = 0;
  let underflowed = 0;
  let compared = 0;
  let logs = 0;
  for (let i = 0; i < exact.length; i++) {
    if (after[i] === 0 && exact[i]! > 0) underflowed++;
    if (after[i]! > 0 && unrounded[i]! > 0) {
      logs += Math.log2(after[i]! / afterScale / unrounded[i]!);
      compared++;
    }
    if (before[i] === 0 || after[i] !== before[i]) continue;
    const old = before[i]! / beforeScale;
    const due = exact[i]! - old;
    const moved = after[i]! / afterScale - old;
    if (due !== 0 && moved * Math.sign(due) < Math.abs(due) / 2) stalled++;
  }
  const excess = compared > 0 ? logs / compared : 0;
  return { elements: exact.length, stalled, underflowed, excess, compared };
}

/** The counts of several tensors as those of one. */
export function together(counts: readonly StallCounts[]): StallCounts {
  const sum = (of: (c: StallCounts) => number): number => counts.reduce((n, c) => n + of(c), 0);
  const compared = sum((c) => c.compared);
  return {
    elements: sum((c) => c.elements),
    stalled: sum((c) => c.stalled),
    underflowed: sum((c) => c.underflowed),
    excess: compared > 0 ? sum((c) => c.excess * c.compared) / compared : 0,
    compared,
  };
}
