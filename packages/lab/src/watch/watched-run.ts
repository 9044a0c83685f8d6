/** @file One run under watch: its losses, and everything that the watch said. */
import { setImmediate } from 'node:timers/promises';
import { type Nearness, trainStep, type WatchAlarm } from '@octavo/trainer';
import type { Laboratory } from '../instability/laboratory.ts';
import { destroyTraining, type Snapshot, trainingFrom } from '../training/snapshot.ts';
import type { Arm } from './arms.ts';

/** An alarm as the tables know it. */
export type Alarm = Pick<
  WatchAlarm,
  'step' | 'rule' | 'layer' | 'site' | 'operand' | 'value' | 'limit' | 'switched'
>;

export interface WatchedRun {
  readonly losses: readonly number[];
  readonly alarms: readonly Alarm[];
  /** Of every step: how near each rule came to its limit, 1 being at it. */
  readonly nearness: readonly Nearness[];
}

export async function watchedRun(
  { device, signal }: Laboratory,
  arm: Arm,
  seed: number,
  snapshot: Snapshot,
  onShare: (share: number) => void,
): Promise<WatchedRun> {
  const plan = arm.plan(seed);
  const training = trainingFrom(device, plan, snapshot);
  const losses: number[] = [];
  const alarms: Alarm[] = [];
  const nearness: Nearness[] = [];
  try {
    while (training.step < plan.steps) {
      signal?.throwIfAborted();
      const result = await trainStep(training, [arm.batch(seed, training.step)]);
      losses.push(result.loss);
      nearness.push(result.nearness);
      for (const { step, rule, layer, site, operand, value, limit, switched } of result.alarms)
        alarms.push({ step, rule, layer, site, operand, value, limit, switched });
      onShare(training.step / plan.steps);
      await setImmediate();
    }
    return { losses, alarms, nearness };
  } finally {
    destroyTraining(training);
  }
}
