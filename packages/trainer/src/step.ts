/**
 * @file One training step: gradients, what the host decides from them, the update.
 *
 * The host reads once between the backward pass and the update, since clipping and the policy for non-finite values
 * decide about the update itself, and a few numbers after it. Scaling states change here and nowhere else.
 */
import { FP32 } from '@octavo/formats';
import {
  createScope,
  dequantize,
  elements,
  type Scope,
  subtract,
  sumSquares,
  type Tensor,
} from '@octavo/kernels';
import { activationFormat, apply, dropQuantizedWeights, endStep } from '@octavo/nn';
import { adamStep, clipFactor, globalNorm, hyperparameterValues, learningRate, STREAMS } from '@octavo/optim';
import { gather } from './gather.ts';
import { computeGradients, freeGradients, type Gradients } from './gradients.ts';
import { firstNonFinite, type NonFinite, nonFiniteError, trustedMaxima } from './non-finite.ts';
import { tokensPerStep } from './plan.ts';
import { accept, putBack, stateNow } from './safety.ts';
import { updateFault } from './state-fault.ts';
import type { Training } from './training.ts';
import type { TokenBatch } from './upload.ts';
import { watchGradients } from './watch/act.ts';
import type { WatchAlarm } from './watch/alarm.ts';
import type { Nearness } from './watch/state.ts';

export interface StepResult {
  /** The step's number; the first is 1. */
  readonly step: number;
  readonly loss: number;
  readonly gradientNorm: number;
  readonly learningRate: number;
  /** ‖Δw‖ / ‖w‖ over all matrices; null on steps that are not sampled. */
  readonly updateRatio: number | null;
  /** By parameter: share of the elements whose update was lost (see @octavo/optim); null for gains and when not sampled. */
  readonly lostUpdates: readonly (number | null)[];
  /** Present when sampled, or when something was not finite. */
  readonly gradients: Gradients;
  /** The first tensor with a value that is not finite, or null. */
  readonly nonFinite: NonFinite | null;
  readonly updated: boolean;
  /** What the watch has to say of this step. */
  readonly alarms: readonly WatchAlarm[];
  readonly nearness: Nearness;
}

/** Steps in a row that policy `skip-step` passes over before the run stops, unless the plan says another number. */
export const SKIP_LIMIT = 8;

/**
 * Runs a step. Where a tensor of it, its loss, a gradient or the state that its update would leave is not finite, the
 * policy decides: `stop` throws a `NonFiniteError`, `skip-step` goes on without the update (and throws after
 * `skipLimit` such steps in a row), and both leave the state as it was before; `continue` takes the update.
 */
export async function trainStep(training: Training, batches: readonly TokenBatch[]): Promise<StepResult> {
  const { device, plan, model, safety } = training;
  const scope = createScope(device);
  const before = stateNow(training);
  try {
    const last = training.step + 1 === plan.steps;
    const sample = plan.sampleEvery > 0 && (last || training.step % plan.sampleEvery === 0);
    const watched = await watchGradients(training, () => computeGradients(training, batches, scope, sample));
    let { gradients } = watched;
    const { loss, seen } = gradients;
    const gradientNorm = globalNorm(gradients.squares);
    const trusted = trustedMaxima(training, gradients);
    let nonFinite = firstNonFinite(training, gradients);
    let proven = nonFinite === null;
    if (nonFinite) {
      const again = await computeGradients(training, batches, scope, true);
      const confirmed = firstNonFinite(training, again);
      proven = confirmed === null;
      if (confirmed) gradients = again;
      // what the cast made is known now; what has gone since is named as it was seen
      nonFinite = confirmed ? firstNonFinite(training, { ...again, seen, loss }) : nonFinite;
    }
    const rate = learningRate(plan.schedule, training.step);
    let moved: Moved = { updateRatio: null, lostUpdates: [] };
    let updated = false;
    if (!nonFinite || plan.nonFinite === 'continue') {
      training.updates += 1;
      device.write(
        training.hyper,
        hyperparameterValues(
          { ...plan.adam, learningRate: rate },
          clipFactor(gradientNorm, plan.clip),
          training.updates,
        ),
      );
      moved = await update(training, scope, sample);
      const fault = await updateFault(training);
      nonFinite ??= fault;
      updated = !fault || plan.nonFinite === 'continue';
      if (updated) accept(training, before, nonFinite === null);
      else putBack(training, before);
      dropQuantizedWeights(model.precision);
    }
    if (nonFinite && plan.nonFinite !== 'continue') {
      const skips = plan.nonFinite === 'stop' ? 0 : safety.skipped + 1;
      const step = training.step + 1;
      const report = { step, loss, gradientNorm, nonFinite, gradients, proven, skips };
      if (skips === 0 || skips >= (plan.skipLimit ?? SKIP_LIMIT)) throw nonFiniteError(report);
    }
    safety.skipped = updated ? 0 : safety.skipped + 1;
    endStep(model.precision, trusted);
    training.watch = watched.state;
    training.step += 1;
    training.tokens += tokensPerStep(plan);
    return {
      step: training.step,
      loss,
      gradientNorm,
      learningRate: rate,
      ...moved,
      gradients,
      nonFinite,
      updated,
      alarms: watched.alarms,
      nearness: watched.nearness,
    };
  } finally {
    freeGradients(training);
    model.precision.recording = null;
    scope.release();
  }
}

type Moved = Pick<StepResult, 'updateRatio' | 'lostUpdates'>;

/** The first random stream of the optimizer; those of casts lie below. */
const FIRST_STREAM = 0x800000;

/** Moves every parameter, the old tensors left alive; when sampling, measures ‖Δw‖ / ‖w‖ and the lost updates of the matrices. */
async function update(training: Training, scope: Scope, sample: boolean): Promise<Moved> {
  const { device, model, optimizer, hyper } = training;
  const { seed } = model.precision;
  const working = activationFormat({ device, scope, tape: null, precision: model.precision });
  /** Of each matrix: ‖Δw‖², ‖w‖², lost updates. */
  const measures: Tensor[] = [];
  for (const [i, parameter] of model.parameters.entries()) {
    const { state, formats } = optimizer[i]!;
    const measured = sample && parameter.isMatrix;
    const before = measured ? masterValues(training, scope, i) : null;
    const lost = measured ? scope.alloc([1], FP32) : null;
    adamStep(device, state, formats, {
      grad: parameter.grad!,
      hyper,
      seed,
      stream: FIRST_STREAM + STREAMS * i,
      decays: parameter.isMatrix,
      ...(lost && { lost }),
      keepsOld: true,
    });
    parameter.value = device.alloc(parameter.value.shape, parameter.isMatrix ? working : FP32);
    device.run(dequantize, wholeBlock(parameter.value), [state.master, state.masterScale], parameter.value);
    if (before && lost) {
      const after = masterValues(training, scope, i);
      const change = apply({ device, scope }, subtract, {}, [after, before], FP32);
      const squares = [change, before].map((t) => apply({ device, scope }, sumSquares, {}, [t], FP32));
      measures.push(...squares, lost);
    }
  }
  if (!sample) return { updateRatio: null, lostUpdates: [] };
  const values = await gather(device, measures);
  const part = (offset: number) => values.filter((_, i) => i % 3 === offset);
  const counts = part(2).values();
  return {
    updateRatio: globalNorm(part(0)) / globalNorm(part(1)),
    lostUpdates: model.parameters.map(({ value, isMatrix }) =>
      isMatrix ? counts.next().value! / elements(value.shape) : null,
    ),
  };
}

function masterValues(training: Training, scope: Scope, index: number): Tensor {
  const { master, masterScale } = training.optimizer[index]!.state;
  return apply(
    { device: training.device, scope },
    dequantize,
    wholeBlock(master),
    [master, masterScale],
    FP32,
  );
}

function wholeBlock(tensor: Tensor): { blockRows: number; blockColumns: number } {
  const blockColumns = tensor.shape[tensor.shape.length - 1]!;
  return { blockRows: elements(tensor.shape) / blockColumns, blockColumns };
}
