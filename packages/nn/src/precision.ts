/**
 * @file The precision state of a model: one site per distinct cast of an operand, its scaling state on the host, its
 * scale on the device. Scales change in one place, `observe`, after the backward pass.
 */
import { type Format, FP32, formatOf, OctavoError } from '@octavo/formats';
import { createScope, type Device, type MatrixOperand, type Scope, type Tensor } from '@octavo/kernels';
import { initState, needsOwnMaximum, observe, type ScalingState, scales } from '@octavo/scaling';
import type { CastRecipe, Recipe } from './recipe.ts';
import { type Recording, STATISTICS_LENGTH } from './recording.ts';

/** Which operand of a linear layer's products: x, W or dy. */
export type OperandName = 'input' | 'weight' | 'grad';

/** One operand of one linear layer, as one product takes it. */
export interface Site {
  readonly index: number;
  readonly layer: number;
  readonly name: string;
  readonly operand: OperandName;
  /** Null: the operand stays in the format of the activations, and is only observed. */
  readonly cast: CastRecipe | null;
  readonly format: Format;
  state: ScalingState | null;
  /** FP32 `[1, 1]`: the scale used this step, for delayed and fixed policies; 1 where nothing is cast. */
  readonly scale: Tensor;
  /** True while the scale must come from the tensor itself: current scaling, or delayed before its first observation. */
  usesOwnMaximum: boolean;
}

export interface Precision {
  readonly device: Device;
  /** In force now; only the smoothing of layers may change while a run goes on (`switchSmoothing`). */
  recipe: Recipe;
  readonly sites: Site[];
  /** Set for the length of a step; casts outside one (evaluation) observe nothing. */
  recording: Recording | null;
  /**
   * Called with each operand before its cast, also where nothing is cast. The tensor may be freed afterwards: read or
   * copy it within the call.
   */
  onOperand: ((site: Site, value: Tensor) => void) | null;
  /** FP32 `[2]`: what stochastic rounding depends on, the run's seed and the number of the micro-batch in the run. */
  readonly seed: Tensor;
  /** Quantised weights of the present parameters, by site; dropped when the optimizer moves them. */
  readonly weights: Map<Site, MatrixOperand>;
  readonly weightScope: Scope;
}

export function createPrecision(device: Device, recipe: Recipe): Precision {
  const seed = device.alloc([2], FP32);
  device.write(seed, [0, 0]);
  return {
    device,
    recipe,
    sites: [],
    recording: null,
    onOperand: null,
    seed,
    weights: new Map(),
    weightScope: createScope(device),
  };
}

/** The site of an operand, created on the first call; products that cast the operand alike share one site. */
export function siteOf(
  precision: Precision,
  layer: number,
  name: string,
  operand: OperandName,
  cast: CastRecipe | null,
): Site {
  const key = JSON.stringify(cast);
  const found = precision.sites.find(
    (s) => s.layer === layer && s.name === name && s.operand === operand && JSON.stringify(s.cast) === key,
  );
  if (found) return found;
  if (cast && cast.policy.kind !== 'current' && cast.granularity.kind !== 'tensor') {
    throw new OctavoError(
      `[nn] ${name}.${operand}: got a ${cast.policy.kind} policy with granularity ${cast.granularity.kind}, expected granularity tensor (or policy current)`,
      { exitCode: 2 },
    );
  }
  const site: Site = {
    index: precision.sites.length,
    layer,
    name,
    operand,
    cast,
    format: formatOf(cast?.format ?? precision.recipe.activations),
    state: cast && initState(cast.policy, 1),
    scale: precision.device.alloc([1, 1], FP32),
    usesOwnMaximum: cast !== null,
  };
  precision.device.write(site.scale, [1]);
  precision.sites.push(site);
  return site;
}

/** Brings every site's scale, from its state, to the device. */
export function writeScales(precision: Precision): void {
  for (const site of precision.sites) {
    if (!site.cast || !site.state) continue;
    const { policy } = site.cast;
    site.usesOwnMaximum = needsOwnMaximum(policy, site.state);
    if (!site.usesOwnMaximum) precision.device.write(site.scale, scales(policy, site.state, site.format));
  }
}

/** Begins a step: scales and the random stream to the device, room for what the casts observe. */
export function beginStep(
  precision: Precision,
  scope: Scope,
  options: { step: number; seed: number; microBatches: number; sample: boolean },
): Recording {
  const { step, seed, microBatches } = options;
  writeScales(precision);
  dropQuantizedWeights(precision); // each step observes the weights' maxima, even if an evaluation has just cast them
  const count = Math.max(1, precision.sites.length);
  const zeros = (length: number) => {
    const tensor = scope.alloc([length], FP32);
    precision.device.write(tensor, new Float32Array(length));
    return tensor;
  };
  const recording: Recording = {
    amaxes: zeros(microBatches * count),
    statistics: options.sample ? zeros(count * STATISTICS_LENGTH) : null,
    random: { seed, first: step * microBatches },
    microBatch: 0,
    seen: [],
    scope,
  };
  precision.recording = recording;
  beginMicroBatch(precision, 0);
  return recording;
}

/**
 * Begins a micro-batch of the step under way (the step itself has begun the first): its maxima have a place of their own,
 * and its stochastic casts draw bits of their own, since the micro-batches of all steps are counted on.
 */
export function beginMicroBatch({ device, seed, recording }: Precision, microBatch: number): void {
  if (!recording)
    throw new OctavoError('[nn] beginMicroBatch: no step is under way, expected beginStep before it');
  recording.microBatch = microBatch;
  const { random } = recording;
  device.write(seed, [random.seed % 2 ** 24, (random.first + microBatch) % 2 ** 24]);
}

/** What `compute` gives, as if the step's first micro-batch were under way: its random bits, its place for maxima. */
export function inFirstMicroBatch<T>(precision: Precision, compute: () => T): T {
  const microBatch = precision.recording?.microBatch ?? 0;
  if (microBatch === 0) return compute();
  beginMicroBatch(precision, 0);
  const computed = compute();
  beginMicroBatch(precision, microBatch);
  return computed;
}

/**
 * Ends a step: every site's policy sees the largest maximum over the step's micro-batches, and one that is not finite
 * where any of them is not.
 */
export function endStep(precision: Precision, amaxes: ArrayLike<number>): void {
  precision.recording = null;
  const count = precision.sites.length;
  for (const site of precision.sites) {
    if (!site.cast || !site.state) continue;
    let amax = 0;
    for (let at = site.index; at < amaxes.length; at += count) {
      const value = amaxes[at]!;
      amax = Number.isFinite(value) ? Math.max(amax, value) : value;
      if (!Number.isFinite(value)) break;
    }
    site.state = observe(site.cast.policy, site.state, [amax]);
  }
}

/** Frees the quantised weights: call it after the parameters have changed. */
export function dropQuantizedWeights(precision: Precision): void {
  precision.weightScope.release();
  precision.weights.clear();
}

/** Frees the sites' scales, the quantised weights and the seed. */
export function destroyPrecision(precision: Precision): void {
  const { device, sites, seed } = precision;
  dropQuantizedWeights(precision);
  for (const { scale } of sites) device.free(scale);
  device.free(seed);
}
