/** @file A device that shows what each update does to the second moments, without changing any of it. */
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
