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
import { adamStep, clipFactor, globalNorm, hyperValues, learningRate } from '@octavo/optim';
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
    const sample = plan.sampleEvery > 0 && training.step % plan.sampleEvery === 0;
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
    let updateRatio: number | null = null;
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
      updateRatio = await update(training, scope, sample);
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
      updateRatio,
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

/** Moves every parameter; when sampling, resolves to ‖Δw‖ / ‖w‖ over the matrices. */
async function update(training: Training, scope: Scope, sample: boolean): Promise<number | null> {
  const { device, model, optimizer, hyper } = training;
  const { seed } = model.precision;
  const working = activationFormat({ device, scope, tape: null, precision: model.precision });
  const norms: Tensor[] = [];
  for (const [i, parameter] of model.parameters.entries()) {
    const { state, formats } = optimizer[i]!;
    const measured = sample && parameter.isMatrix;
    const before = measured ? masterValues(training, scope, i) : null;
    const stream = 0x8000 + 3 * i; // its own for the weight and either moment
    adamStep(device, state, formats, {
      grad: parameter.grad!,
      hyper,
      seed,
      stream,
      decays: parameter.isMatrix,
    });
    device.free(parameter.value);
    parameter.value = device.alloc(parameter.value.shape, parameter.isMatrix ? working : FP32);
    device.run(dequantize, wholeBlock(parameter.value), [state.master, state.masterScale], parameter.value);
    if (before) {
      const after = masterValues(training, scope, i);
      const change = apply({ device, scope }, subtract, {}, [after, before], FP32);
      norms.push(...[change, before].map((t) => apply({ device, scope }, sumSquares, {}, [t], FP32)));
    }
  }
  if (!sample) return null;
  const board = scope.alloc([norms.length], FP32);
  for (const [i, norm] of norms.entries()) device.copy(board, norm, { to: i });
  const squares = await device.read(board);
  const part = (offset: number) => globalNorm(squares.filter((_, i) => i % 2 === offset));
  return part(0) / part(1);
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
