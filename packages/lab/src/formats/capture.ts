/** @file The operands of every linear layer on given batches, captured from a model that stays as it is. */
import { setImmediate } from 'node:timers/promises';
import { createScope, type Device, matrixShape, type Tensor } from '@octavo/kernels';
import type { LlamaConfig } from '@octavo/llama';
import { type Recipe, recipeOf, STATISTICS_LENGTH } from '@octavo/nn';
import {
  computeGradients,
  freeGradients,
  type TokenBatch,
  type Training,
  type TrainPlan,
} from '@octavo/trainer';
import { planOf } from '../training/plan.ts';
import { destroyTraining, trainingFrom, untrained } from '../training/snapshot.ts';
import type { Matrix } from './measure.ts';

/** A model without a history: what it computes with, and its weights by name. */
export interface FrozenModel {
  readonly config: LlamaConfig;
  readonly activations: Recipe['activations'];
  readonly sequence: number;
  readonly weights: ReadonlyMap<string, Float32Array>;
}

/** One operand of one linear layer: `input` `[T, in]`, `weight` `[out, in]`, or `grad` `[T, out]`. */
export interface Operand {
  readonly layer: number;
  readonly site: string;
  readonly operand: 'input' | 'weight' | 'grad';
}

export interface Captured extends Operand {
  readonly matrix: Matrix;
}

export interface Batches {
  readonly batch: TokenBatch;
  /** True: the operands are wanted, not their maxima alone. */
  readonly capture: boolean;
}

/** What a forward and a backward pass showed. */
export interface Passage {
  /** max |x| of every operand, by `keyOf`. */
  readonly amax: ReadonlyMap<string, number>;
  /** Empty unless it was to be captured. */
  readonly operands: readonly Captured[];
}

export const keyOf = ({ layer, site, operand }: Operand): string => `${layer} ${site} ${operand}`;

/** Runs the batches one after the other, forward and backward, without quantisation and without updates. */
export async function* passages(
  device: Device,
  model: FrozenModel,
  batches: readonly Batches[],
): AsyncGenerator<Passage> {
  const training = trainingFrom(device, planFor(model), untrained(model.weights));
  try {
    for (const { batch, capture } of batches) {
      yield await passage(training, batch, capture);
      await setImmediate();
    }
  } finally {
    destroyTraining(training);
  }
}

async function passage(training: Training, batch: TokenBatch, capture: boolean): Promise<Passage> {
  const { device, model } = training;
  const { precision } = model;
  const scope = createScope(device);
  const copies: { operand: Operand; copy: Tensor }[] = [];
  if (capture)
    precision.onOperand = ({ layer, name, operand }, value) => {
      const copy = scope.alloc(value.shape, value.format);
      device.copy(copy, value);
      copies.push({ operand: { layer, site: name, operand }, copy });
    };
  try {
    const { statistics } = await computeGradients(training, [batch], scope, true);
    const operands: Captured[] = [];
    for (const { operand, copy } of copies) {
      const [rows, columns] = matrixShape(copy.shape);
      operands.push({ ...operand, matrix: { values: await device.read(copy), rows, columns } });
    }
    const amax = new Map(
      precision.sites.map(({ layer, name, operand, index }) => [
        keyOf({ layer, site: name, operand }),
        statistics![index * STATISTICS_LENGTH]!,
      ]),
    );
    return { amax, operands };
  } finally {
    precision.onOperand = null;
    freeGradients(training);
    scope.release();
  }
}

/** Nothing is cast, so every operand has one site. */
const planFor = ({ config, activations, sequence }: FrozenModel): TrainPlan =>
  planOf(
    { model: config, batch: 1, sequence },
    {
      recipe: { ...recipeOf('bf16'), activations },
      ...{ steps: 0, seed: 0, schedule: { kind: 'constant', peak: 0, warmup: 0 } },
    },
  );
