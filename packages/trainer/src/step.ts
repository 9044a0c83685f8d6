/**
 * @file One training step: gradients, what the host decides from them, the update.
 *
 * The host reads once, between the backward pass and the update, since clipping and the policy for non-finite values
 * decide about the update itself. Scaling states change here and nowhere else.
 */
import { FP32, OctavoError } from '@octavo/formats';
import {
  createScope,
  dequantize,
  elements,
  type Scope,
  subtract,
  sumSquares,
  type Tensor,
} from '@octavo/kernels';
import { activationFormat, apply, dropWeights, endStep } from '@octavo/nn';
import { adamStep, clipFactor, globalNorm, hyperValues, learningRate, STREAMS } from '@octavo/optim';
import { computeGradients, freeGradients, type Gradients } from './gradients.ts';
import { firstNonFinite } from './non-finite.ts';
import { tokensPerStep } from './plan.ts';
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
  /** Where a value that is not finite first appeared, or null. */
  readonly nonFinite: string | null;
  readonly updated: boolean;
  /** What the watch has to say of this step. */
  readonly alarms: readonly WatchAlarm[];
  readonly nearness: Nearness;
}

/** Runs a step. With policy `stop` a non-finite loss or gradient throws, and leaves the state as it was before. */
export async function trainStep(training: Training, batches: readonly TokenBatch[]): Promise<StepResult> {
  const { device, plan, model } = training;
  const scope = createScope(device);
  try {
    const last = training.step + 1 === plan.steps;
    const sample = plan.sampleEvery > 0 && (last || training.step % plan.sampleEvery === 0);
    const watched = await watchGradients(training, () => computeGradients(training, batches, scope, sample));
    let { gradients } = watched;
    const gradientNorm = globalNorm(gradients.squares);
    const finite = Number.isFinite(gradients.loss) && Number.isFinite(gradientNorm);
    let nonFinite: string | null = null;
    if (!finite) {
      gradients = await computeGradients(training, batches, scope, true);
      nonFinite = firstNonFinite(training, gradients);
      if (plan.nonFinite === 'stop') {
        throw new OctavoError(
          `[trainer] step ${training.step + 1}: got loss ${gradients.loss}, gradient norm ${gradientNorm}, expected finite values; first non-finite in ${nonFinite}; resume with another recipe, a lower learning rate, or nonFinite: skip-step`,
        );
      }
    }
    const rate = learningRate(plan.schedule, training.step);
    const updated = finite || plan.nonFinite === 'continue';
    let moved: Moved = { updateRatio: null, lostUpdates: [] };
    if (updated) {
      training.updates += 1;
      device.write(
        training.hyper,
        hyperValues(
          { ...plan.adam, learningRate: rate },
          clipFactor(gradientNorm, plan.clip),
          training.updates,
        ),
      );
      moved = await update(training, scope, sample);
      dropWeights(model.precision);
    }
    endStep(model.precision, gradients.amaxes);
    training.watch = watched.state;
    training.step += 1;
    training.tokens += tokensPerStep(plan);
    const loss = gradients.loss;
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

/** Moves every parameter; when sampling, measures ‖Δw‖ / ‖w‖ and the lost updates of the matrices. */
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
    });
    device.free(parameter.value);
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
  const board = scope.alloc([measures.length], FP32);
  for (const [i, measure] of measures.entries()) device.copy(board, measure, { to: i });
  const values = await device.read(board);
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
