/** @file AdamW (Loshchilov and Hutter, arXiv 1711.05101) whose master weights and moments are kept in formats of choice. */
import { type Format, FP32, formatOf } from '@octavo/formats';
import { adamw, type Device, runFused, type Tensor } from '@octavo/kernels';

/** Where the state of one parameter lies. Scales are FP32 `[1, 1]`; value = code / scale. */
export interface AdamState {
  master: Tensor;
  masterScale: Tensor;
  moment1: Tensor;
  moment1Scale: Tensor;
  moment2: Tensor;
  moment2Scale: Tensor;
}

export interface AdamFormats {
  readonly master: Format;
  readonly moment1: Format;
  readonly moment2: Format;
  readonly rounding: 'nearest-even' | 'stochastic' | 'toward-zero';
  /** Round scales down to powers of two. */
  readonly powerOfTwo: boolean;
}

/** The usual numbers of AdamW. `decay` is decoupled and multiplies the learning rate. */
export interface AdamHyper {
  readonly learningRate: number;
  readonly beta1: number;
  readonly beta2: number;
  readonly epsilon: number;
  readonly decay: number;
}

export const adamFormats = (recipe: {
  master: string;
  moment1: string;
  moment2: string;
  rounding: AdamFormats['rounding'];
  powerOfTwo: boolean;
}): AdamFormats => ({
  master: formatOf(recipe.master),
  moment1: formatOf(recipe.moment1),
  moment2: formatOf(recipe.moment2),
  rounding: recipe.rounding,
  powerOfTwo: recipe.powerOfTwo,
});

/** Vectors (norm gains) keep all their state in FP32. */
export const formatsFor = (formats: AdamFormats, isMatrix: boolean): AdamFormats =>
  isMatrix ? formats : { ...formats, master: FP32, moment1: FP32, moment2: FP32 };

/** Bytes of state per parameter: 12 in FP32, 4 as FP16, E4M3, E5M2. */
export const bytesPerParameter = ({ master, moment1, moment2 }: AdamFormats): number =>
  (master.bits + moment1.bits + moment2.bits) / 8;

/** The hyper-parameter tensor of the Adam operators, FP32 `[8]`, of update number `t` (the first is 1). */
export const hyperValues = (hyper: AdamHyper, gradientScale: number, t: number): number[] => [
  hyper.learningRate,
  hyper.beta1,
  hyper.beta2,
  hyper.epsilon,
  hyper.decay,
  gradientScale,
  1 - hyper.beta1 ** t,
  1 - hyper.beta2 ** t,
];

/**
 * One update: fresh tensors for the new state, which replaces `state`'s; the old ones are freed.
 * `grad` may be FP32 or BF16, of the shape of the weights.
 */
export function adamStep(
  device: Device,
  state: AdamState,
  formats: AdamFormats,
  options: { grad: Tensor; hyper: Tensor; seed: Tensor; stream: number; decays: boolean },
): void {
  const { shape } = state.master;
  const next: AdamState = {
    master: device.alloc(shape, formats.master),
    masterScale: device.alloc([1, 1], FP32),
    moment1: device.alloc(shape, formats.moment1),
    moment1Scale: device.alloc([1, 1], FP32),
    moment2: device.alloc(shape, formats.moment2),
    moment2Scale: device.alloc([1, 1], FP32),
  };
  const { rounding, powerOfTwo } = formats;
  const attributes = {
    decays: options.decays,
    masterRounding: rounding,
    momentRounding: rounding,
    powerOfTwo,
    stream: options.stream,
  };
  const seed = rounding === 'stochastic' ? [options.seed] : [];
  runFused(
    device,
    adamw,
    attributes,
    [...tensorsOf(state), options.grad, options.hyper, ...seed],
    tensorsOf(next),
  );
  for (const tensor of tensorsOf(state)) device.free(tensor);
  Object.assign(state, next);
}

export const tensorsOf = (s: AdamState): Tensor[] => [
  s.master,
  s.masterScale,
  s.moment1,
  s.moment1Scale,
  s.moment2,
  s.moment2Scale,
];
