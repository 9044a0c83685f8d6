/** @file The optimizer's part of a step: every parameter moved, and how far. */
import { FP32 } from '@octavo/formats';
import { dequantize, elements, type Scope, subtract, sumSquares, type Tensor } from '@octavo/kernels';
import { activationFormat, apply } from '@octavo/nn';
import { adamStep, globalNorm, STREAMS } from '@octavo/optim';
import { gather } from './gather.ts';
import type { Training } from './training.ts';

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
export async function update(training: Training, scope: Scope, sample: boolean): Promise<Moved> {
  const { device, model, optimizer, hyper } = training;
  const { seed } = model.precision;
  const working = activationFormat(model);
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
      stream: updateStream(i),
      decays: parameter.isMatrix,
      ...(lost && { lost }),
      keepsOld: true,
    });
    parameter.value = device.alloc(parameter.value.shape, parameter.isMatrix ? working : FP32);
    device.run(dequantize, wholeBlock(parameter.value), [state.master, state.masterScale], [parameter.value]);
    if (before && lost) {
      const after = masterValues(training, scope, i);
      const change = apply({ device, scope }, subtract, {}, [after, before], FP32);
      const squares = [change, before].map((t) => apply({ device, scope }, sumSquares, {}, [t], FP32));
      measures.push(...squares, lost);
    }
  }
  if (!sample) return UNMOVED;
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
