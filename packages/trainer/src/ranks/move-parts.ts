/** @file An update that ranks share (ZeRO-1): each moves its parts of the parameters, and all learn the new weights. */
import { FP32 } from '@octavo/formats';
import { countLost, createScope, dequantize, type Scope, type Tensor } from '@octavo/kernels';
import { activationFormat, apply } from '@octavo/nn';
import { ADAM_ROLES, type AdamState, nextAdamState, storeAdamState } from '@octavo/optim';
import { type Moved, movedBy, UNMOVED, updateStream, wholeBlock } from '../move.ts';
import type { Training } from '../training.ts';
import { gather } from '../transfer.ts';
import { gatherWeights } from './gather-weights.ts';
import type { Ranks } from './ranks.ts';
import { agreedSquares } from './squares.ts';

/** Moves every parameter, the old tensors left alive. Scales are of whole tensors: their maxima are agreed on first. */
export async function moveParts(
  training: Training,
  ranks: Ranks,
  scope: Scope,
  sample: boolean,
): Promise<Moved> {
  const { device, model, optimizer, hyper } = training;
  const { group, parts } = ranks;
  const inner = createScope(device);
  try {
    const next = model.parameters.map(({ isMatrix }, i) =>
      nextAdamState(inner, optimizer[i]!.state, optimizer[i]!.formats, {
        ...{ grad: ranks.gradients[i]!, hyper, decays: isMatrix },
      }),
    );
    const { maxima } = await gather(device, {
      maxima: next.flatMap((of) => ADAM_ROLES.map((role) => of[role].maximum)),
    });
    await group.allReduce(maxima, 'max');
    const before = optimizer.map(({ state }): AdamState => ({ ...state }));
    for (const [i, { state, formats }] of optimizer.entries()) {
      storeAdamState(inner, state, formats, next[i]!, {
        maxima: Array.from(maxima.subarray(ADAM_ROLES.length * i, ADAM_ROLES.length * (i + 1))),
        seed: model.precision.seed,
        stream: updateStream(i),
        first: parts[i]!.from,
      });
      for (const role of ADAM_ROLES) inner.drop(next[i]![role].value);
    }
    const moved = sample ? await measure(training, ranks, before, scope) : UNMOVED;
    for (const gradient of ranks.gradients) device.free(gradient);
    ranks.gradients = [];
    const working = (i: number) => (model.parameters[i]!.isMatrix ? activationFormat(model) : FP32);
    const values = await gatherWeights(ranks, working, async (i) => {
      const { master, masterScale } = optimizer[i]!.state;
      const value = apply(
        { device, scope: inner },
        dequantize,
        wholeBlock(master),
        [master, masterScale],
        working(i),
      );
      const read = await device.read(value);
      inner.drop(value);
      return read;
    });
    for (const [i, parameter] of model.parameters.entries()) {
      parameter.value = device.alloc(parameter.value.shape, working(i));
      device.write(parameter.value, values[i]!);
    }
    return moved;
  } finally {
    inner.release();
  }
}

/** ‖Δw‖ / ‖w‖ of the matrices, and what their master weights lost of the update. */
async function measure(
  training: Training,
  ranks: Ranks,
  before: readonly AdamState[],
  scope: Scope,
): Promise<Moved> {
  const { device, model, optimizer, hyper } = training;
  const values = async ({ master, masterScale }: AdamState): Promise<Float32Array> =>
    device.read(apply({ device, scope }, dequantize, wholeBlock(master), [master, masterScale], FP32));
  const changes: { parameter: number; part: Float32Array }[] = [];
  const weights: { parameter: number; part: Float32Array }[] = [];
  const lost: Tensor[] = [];
  for (const [parameter, { isMatrix }] of model.parameters.entries()) {
    if (!isMatrix) continue;
    const { state, formats } = optimizer[parameter]!;
    const [old, now] = [before[parameter]!, state];
    const [was, is] = [await values(old), await values(now)];
    changes.push({ parameter, part: is.map((value, i) => value - was[i]!) });
    weights.push({ parameter, part: was });
    const { masterRounding } = formats;
    const seed =
      masterRounding === 'stochastic' || formats.rounding === 'stochastic' ? [model.precision.seed] : [];
    const inputs = [old.master, old.masterScale, old.moment1, ranks.gradients[parameter]!, hyper];
    const count = scope.alloc([1], FP32);
    const how = { decays: isMatrix, masterRounding, stream: updateStream(parameter) };
    device.run(countLost, how, [...inputs, now.master, now.masterScale, ...seed], [count]);
    lost.push(count);
  }
  const counts = Int32Array.from((await gather(device, { lost })).lost);
  await ranks.group.allReduce(counts, 'sum');
  const all = await agreedSquares(ranks, [...changes, ...weights]);
  const [moved, of] = [all.subarray(0, changes.length), all.subarray(changes.length)];
  return movedBy(training, moved, of, counts);
}
