/** @file Where the memory of a training step is: measured on the device, in real bytes. */

import { stepBatch, stepPlan } from '@octavo/bench';
import { createScope, type Device } from '@octavo/kernels';
import { countParameters } from '@octavo/llama';
import { dropQuantizedWeights } from '@octavo/nn';
import { computeGradients, createTraining, freeGradients, trainStep } from '@octavo/trainer';
import { bytesOn, metered } from '../training/meter.ts';
import { destroyTraining } from '../training/snapshot.ts';
import type { ThroughputModel } from './settings.ts';

/** What a parameter costs, bytes of the device by the number of parameters. */
export interface BytesPerParameter {
  /** What the products read: BF16, FP32. */
  readonly weights: number;
  /** Their FP8 copies, kept while the weights stand. */
  readonly casts: number;
  readonly gradients: number;
  readonly master: number;
  readonly moment1: number;
  readonly moment2: number;
}

export interface Memory {
  readonly batch: number;
  readonly recipe: string;
  readonly parameters: number;
  readonly perParameter: BytesPerParameter;
  /** Largest bytes of a step, activations and everything else with it. */
  readonly peak: number;
}

/** Peaks at every batch size, smallest first, since a peak does not shrink. */
export async function measureMemory(device: Device, one: ThroughputModel, recipe: string): Promise<Memory[]> {
  const meter = metered(device);
  const batches = [...one.batches].sort((a, b) => a - b);
  const training = createTraining(meter, stepPlan({ ...one, batch: batches[0]! }, recipe));
  const parameters = countParameters(one.model);
  try {
    const peaks: { batch: number; peak: number }[] = [];
    for (const batch of batches) {
      for (let step = 0; step < 2; step++) await trainStep(training, [stepBatch({ ...one, batch })]);
      peaks.push({ batch, peak: meter.memory().peak });
    }
    const scope = createScope(meter);
    await computeGradients(training, [stepBatch({ ...one, batch: batches[0]! })], scope, false);
    const { model, optimizer } = training;
    const gradients = bytesOn(
      meter,
      model.parameters.flatMap(({ grad }) => grad ?? []),
    );
    freeGradients(training);
    scope.release();
    const withCasts = meter.memory().live;
    dropQuantizedWeights(model.precision);
    const of = (role: 'master' | 'moment1' | 'moment2'): number =>
      bytesOn(
        meter,
        optimizer.flatMap(({ state }) => [state[role], state[`${role}Scale`]]),
      ) / parameters;
    const perParameter: BytesPerParameter = {
      weights:
        bytesOn(
          meter,
          model.parameters.map(({ value }) => value),
        ) / parameters,
      casts: (withCasts - meter.memory().live) / parameters,
      gradients: gradients / parameters,
      master: of('master'),
      moment1: of('moment1'),
      moment2: of('moment2'),
    };
    return peaks.map(({ batch, peak }) => ({ batch, recipe, parameters, perParameter, peak }));
  } finally {
    destroyTraining(training);
  }
}
