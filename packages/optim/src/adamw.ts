/** @file AdamW (Loshchilov and Hutter, arXiv 1711.05101) whose master weights and moments are kept in formats of choice. */
import { type Format, FP32, formatOf, type Rounding } from '@octavo/formats';
import { adamw, countLost, type Device, type Tensor } from '@octavo/kernels';
import { leastRoot } from './moment-bound.ts';

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
  readonly masterRounding: Rounding;
  /** Of both moments. */
  readonly rounding: Rounding;
  /** Round scales down to powers of two. */
  readonly powerOfTwo: boolean;
  readonly moment2Rule: Moment2Rule;
}

/**
 * What is done about second moments that few bits lose. `plain`: nothing, as in the code of arXiv 2409.12517; where v has
 * become zero and m has not, an update is m / ε, or hundreds of learning rates. `bounded`: v is raised to what m proves of it
 * (`leastRoot`), and one that is not zero is never stored as zero; no update then exceeds what Adam can do in exact numbers.
 */
export type Moment2Rule = 'plain' | 'bounded';

/** The usual numbers of AdamW. `weightDecay` is decoupled and multiplies the learning rate. */
export interface AdamHyperparameters {
  readonly learningRate: number;
  readonly beta1: number;
  readonly beta2: number;
  readonly epsilon: number;
  readonly weightDecay: number;
}

export const adamFormats = (recipe: {
  master: string;
  moment1: string;
  moment2: string;
  masterRounding: Rounding;
  rounding: Rounding;
  powerOfTwo: boolean;
  moment2Rule: Moment2Rule;
}): AdamFormats => ({
  master: formatOf(recipe.master),
  moment1: formatOf(recipe.moment1),
  moment2: formatOf(recipe.moment2),
  masterRounding: recipe.masterRounding,
  rounding: recipe.rounding,
  powerOfTwo: recipe.powerOfTwo,
  moment2Rule: recipe.moment2Rule,
});

/** Vectors (norm gains) keep all their state in FP32. */
export const formatsFor = (formats: AdamFormats, isMatrix: boolean): AdamFormats =>
  isMatrix ? formats : { ...formats, master: FP32, moment1: FP32, moment2: FP32 };

/** Bytes of state per parameter: 12 in FP32, 4 as FP16, E4M3, E5M2. */
export const bytesPerParameter = ({ master, moment1, moment2 }: AdamFormats): number =>
  (master.bits + moment1.bits + moment2.bits) / 8;

/** The hyper-parameter tensor of the Adam operators, FP32 `[9]`, of update number `t` (the first is 1). */
export const hyperparameterValues = (
  hyper: AdamHyperparameters,
  gradientScale: number,
  t: number,
): number[] => [
  hyper.learningRate,
  hyper.beta1,
  hyper.beta2,
  hyper.epsilon,
  hyper.weightDecay,
  gradientScale,
  1 - hyper.beta1 ** t,
  1 - hyper.beta2 ** t,
  leastRoot(hyper, t - 1),
];

/** Random streams that one update draws from. */
export const STREAMS = 3;

/**
 * One update: fresh tensors for the new state, which replaces `state`'s; the old ones are freed, unless `keepsOld`. A new
 * state that holds a value which is not finite has the scale NaN.
 * `grad` may be FP32 or BF16, of the shape of the weights. Stochastic rounding draws from `stream` (the master's) and the two
 * that follow: parameters' streams must be `STREAMS` apart. `lost`, FP32 `[1]`, if given receives how many elements' updates
 * were not zero and yet lost (see `countLost` of @octavo/kernels).
 */
export function adamStep(
  device: Device,
  state: AdamState,
  formats: AdamFormats,
  options: {
    grad: Tensor;
    hyper: Tensor;
    seed: Tensor;
    stream: number;
    decays: boolean;
    lost?: Tensor;
    keepsOld?: boolean;
  },
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
  const { masterRounding, rounding, powerOfTwo, moment2Rule, moment1, moment2 } = formats;
  const exact = moment1 === FP32 && moment2 === FP32;
  const attributes = {
    decays: options.decays,
    masterRounding,
    momentRounding: rounding,
    powerOfTwo,
    bounded: moment2Rule === 'bounded' && !exact,
    stream: options.stream,
  };
  const seed = masterRounding === 'stochastic' || rounding === 'stochastic' ? [options.seed] : [];
  device.run(adamw, attributes, [...tensorsOf(state), options.grad, options.hyper, ...seed], tensorsOf(next));
  if (options.lost) {
    const { decays, stream, grad, hyper, lost } = options;
    const before = [state.master, state.masterScale, state.moment1, grad, hyper];
    const after = [next.master, next.masterScale];
    device.run(countLost, { decays, masterRounding, stream }, [...before, ...after, ...seed], [lost]);
  }
  if (!options.keepsOld) for (const tensor of tensorsOf(state)) device.free(tensor);
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
