/** @file Gradients of a pass that ranks share: from the micro-batches of each to the parts that each owns. */
import { FP32 } from '@octavo/formats';
import { add, type Scope, type Tensor } from '@octavo/kernels';
import { apply, beginMicroBatch } from '@octavo/nn';
import type { Training } from '../training.ts';
import { createExchange } from './exchange.ts';
import type { Ranks } from './ranks.ts';
import { agreedSquares } from './squares.ts';
import { createTreeSum } from './tree.ts';

export interface GradientSums {
  /** Takes the parameters' gradients after the backward pass of a micro-batch. */
  take(microBatch: number): void;
  /** Brings them to their owners, which `ranks.gradients` is then of; gives Σ g² of each parameter. */
  share(): Promise<Float32Array>;
}

/** Deterministic sums keep a gradient for each level of the tree; others run in `parameter.grad`, as they come. */
export function gradientSums({ device, model, plan }: Training, ranks: Ranks, scope: Scope): GradientSums {
  const { parameters, precision } = model;
  const plus = (left: Tensor, right: Tensor): Tensor => {
    const sum = apply({ device, scope }, add, {}, [left, right], FP32);
    for (const part of [left, right]) scope.drop(part);
    return sum;
  };
  const trees = plan.deterministic ? parameters.map(() => createTreeSum(plus)) : null;

  /** This rank's pieces of a parameter's gradient; they are gone then. */
  async function pieces(i: number): Promise<Float32Array[]> {
    const { grad } = parameters[i]!;
    const tensors = trees ? trees[i]!.values() : [scope.adopt(grad!)];
    parameters[i]!.grad = null;
    const values: Float32Array[] = [];
    for (const tensor of tensors) {
      values.push(await device.read(tensor));
      scope.drop(tensor);
    }
    return values;
  }

  return {
    take(microBatch) {
      for (const [i, tree] of (trees ?? []).entries()) {
        const parameter = parameters[i]!;
        tree.push({ from: microBatch, size: 1 }, scope.adopt(parameter.grad!));
        parameter.grad = null;
      }
    },
    async share() {
      // what the update draws at random is drawn as behind the step's last micro-batch, whoever had it
      beginMicroBatch(precision, plan.accumulation - 1);
      const exchange = createExchange(ranks, plan.exchange ?? 'float32');
      for (let i = parameters.length - 1; i >= 0; i--) exchange.add(i, await pieces(i));
      const parts = await exchange.finish();
      ranks.gradients = parts.map((part) => {
        const tensor = device.alloc([1, part.length], FP32);
        device.write(tensor, part);
        return tensor;
      });
      return Float32Array.from(
        await agreedSquares(
          ranks,
          parts.map((part, parameter) => ({ parameter, part })),
        ),
      );
    },
  };
}
