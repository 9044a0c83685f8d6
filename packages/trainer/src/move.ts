/** @file Every parameter moved by its gradient, and how far. */
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
import { activationFormat, apply } from '@octavo/nn';
import { adamStep, globalNorm, STREAMS } from '@octavo/optim';
import { freeGradient } from './gradients.ts';
import type { Training } from './training.ts';
import { gather } from './transfer.ts';

/** How far an update went. */
export interface Moved {
  /** ‖Δw‖ / ‖w‖ over all matrices; null on steps that are not sampled. */
  readonly updateRatio: number | null;
  /** By parameter: share of the elements whose update was lost (see @octavo/optim); null for gains and when not sampled. */
  readonly lostUpdates: readonly (number | null)[];
}

export const UNMOVED: Moved = { updateRatio: null, lostUpdates: [] };

/** The first random stream of a parameter's update, `STREAMS` for each; the streams of casts lie below them all. */
export const updateStream = (parameter: number): number => 0x800000 + STREAMS * parameter;

/** Moves every parameter, the old tensors left alive; when sampling, measures ‖Δw‖ / ‖w‖ and the lost updates of the matrices. */
export async function moveParameters(training: Training, scope: Scope, sample: boolean): Promise<Moved> {
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
  return movedBy(training, changes, weights, lost);
}

/** In the order of the matrices: ‖Δw‖², ‖w‖², lost updates. */
export function movedBy(
  { model }: Training,
  changes: ArrayLike<number>,
  weights: ArrayLike<number>,
  lost: ArrayLike<number>,
): Moved {
  const counts = Array.from(lost).values();
  return {
    updateRatio: globalNorm(changes) / globalNorm(weights),
    lostUpdates: model.parameters.map(({ value, isMatrix }) =>
      isMatrix ? counts.next().value! / elements(value.shape) : null,
    ),
  };
}

export function masterValues(training: Training, scope: Scope, index: number): Tensor {
  const { master, masterScale } = training.optimizer[index]!.state;
  return apply(
    { device: training.device, scope },
    dequantize,
    wholeBlock(master),
    [master, masterScale],
    FP32,
  );
}

export function wholeBlock(tensor: Tensor): { blockRows: number; blockColumns: number } {
  const blockColumns = tensor.shape[tensor.shape.length - 1]!;
  return { blockRows: elements(tensor.shape) / blockColumns, blockColumns };
}
