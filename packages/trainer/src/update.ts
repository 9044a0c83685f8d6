/** @file The optimizer's part of a step: every parameter moved, how far, and whether the new state stands. */
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
import { activationFormat, apply, dropQuantizedWeights } from '@octavo/nn';
import { adamStep, clipFactor, globalNorm, hyperparameterValues, STREAMS } from '@octavo/optim';
import type { Decision } from './decide.ts';
import { freeGradient } from './gradients.ts';
import type { Held } from './held.ts';
import type { NonFinite } from './non-finite.ts';
import { accept, putBack, releaseHeld } from './safety.ts';
import { updateFault } from './state-fault.ts';
import type { Training } from './training.ts';
import { gather } from './transfer.ts';

/** How far an update went. */
interface Moved {
  /** ‖Δw‖ / ‖w‖ over all matrices; null on steps that are not sampled. */
  readonly updateRatio: number | null;
  /** By parameter: share of the elements whose update was lost (see @octavo/optim); null for gains and when not sampled. */
  readonly lostUpdates: readonly (number | null)[];
}

export interface Update extends Moved {
  /** The first tensor with a value that is not finite, of the step or of the state that its update would leave; or null. */
  readonly nonFinite: NonFinite | null;
  /** Whether the update was taken. */
  readonly updated: boolean;
}

const UNMOVED: Moved = { updateRatio: null, lostUpdates: [] };

/** The first random stream of a parameter's update, `STREAMS` for each; the streams of casts lie below them all. */
export const updateStream = (parameter: number): number => 0x800000 + STREAMS * parameter;

/** Updates the state `before`, unless a value is not finite and the policy says otherwise: then it stays, or is put back. */
export async function update(
  training: Training,
  before: Held,
  { nonFinite, gradientNorm, learningRate, proven }: Decision,
  scope: Scope,
  sample: boolean,
): Promise<Update> {
  const { device, plan, model, hyper } = training;
  const always = plan.nonFinite === 'continue';
  if (nonFinite && !always) return { ...UNMOVED, nonFinite, updated: false };
  if (!nonFinite && proven) releaseHeld(training);
  training.updates += 1;
  const numbers = { ...plan.adam, learningRate };
  device.write(hyper, hyperparameterValues(numbers, clipFactor(gradientNorm, plan.clip), training.updates));
  const moved = await moveParameters(training, scope, sample);
  const fault = await updateFault(training);
  const updated = !fault || always;
  if (updated) accept(training, before, !nonFinite && !fault);
  else putBack(training, before);
  dropQuantizedWeights(model.precision);
  return { ...moved, nonFinite: nonFinite ?? fault, updated };
}

/** Moves every parameter, the old tensors left alive; when sampling, measures ‖Δw‖ / ‖w‖ and the lost updates of the matrices. */
async function moveParameters(training: Training, scope: Scope, sample: boolean): Promise<Moved> {
  const { device, model, optimizer, hyper } = training;
  const { seed } = model.precision;
  const working = activationFormat(model);
  /** Of each matrix: ‖Δw‖², ‖w‖², lost updates. */
  const measures = { changes: [] as Tensor[], weights: [] as Tensor[], lost: [] as Tensor[] };
  for (const [i, parameter] of model.parameters.entries()) {
    const { state, formats } = optimizer[i]!;
    const measured = sample && parameter.isMatrix;
    const own = createScope(device); // values of one matrix at a time
    const old = measured ? masterValues(training, own, i) : null;
    const lost = measured ? scope.alloc([1], FP32) : null;
    adamStep(device, state, formats, {
      grad: parameter.grad!,
      hyper,
      seed,
      stream: updateStream(i),
      decays: parameter.isMatrix,
      ...(lost && { lost }),
      keepsOld: true,
    });
    freeGradient(device, parameter); // it has done its work, and the new state needs room
    parameter.value = device.alloc(parameter.value.shape, parameter.isMatrix ? working : FP32);
    device.run(dequantize, wholeBlock(parameter.value), [state.master, state.masterScale], [parameter.value]);
    if (old && lost) {
      const squared = (x: Tensor): Tensor => apply({ device, scope }, sumSquares, {}, [x], FP32);
      const change = [masterValues(training, own, i), old];
      measures.changes.push(squared(apply({ device, scope: own }, subtract, {}, change, FP32)));
      measures.weights.push(squared(old));
      measures.lost.push(lost);
    }
    own.release();
  }
  if (!sample) return UNMOVED;
  const { changes, weights, lost } = await gather(device, measures);
  const counts = lost.values();
  return {
    updateRatio: globalNorm(changes) / globalNorm(weights),
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
