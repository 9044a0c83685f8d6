/** @file One guarded run: its losses, and everything that the guard said. */
import type { GuardAlarm, Nearness } from '@octavo/trainer';
import type { AgedLaboratory } from '../training/laboratory.ts';
import { trainLoop, withTraining } from '../training/loop.ts';
import type { Snapshot } from '../training/snapshot.ts';
import type { Arm } from './arms.ts';

/** An alarm as the tables know it. */
export type Alarm = Pick<
  GuardAlarm,
  'step' | 'rule' | 'layer' | 'site' | 'operand' | 'value' | 'limit' | 'switched'
>;

export interface WatchedRun {
  readonly losses: readonly number[];
  readonly alarms: readonly Alarm[];
  /** Of every step: how near each rule came to its limit, 1 being at it. */
  readonly nearness: readonly Nearness[];
}

export function watchedRun(
  { device, signal }: AgedLaboratory,
  arm: Arm,
  seed: number,
  start: Snapshot,
  onShare: (share: number) => void,
): Promise<WatchedRun> {
  const alarms: Alarm[] = [];
  const nearness: Nearness[] = [];
  return withTraining(device, arm.plan(seed), start, async (training) => {
    const { losses } = await trainLoop(training, {
      batch: (step) => arm.batch(seed, step),
      signal,
      onShare,
      onStep(result) {
        nearness.push(result.nearness);
        for (const { step, rule, layer, site, operand, value, limit, switched } of result.alarms)
          alarms.push({ step, rule, layer, site, operand, value, limit, switched });
      },
    });
    return { losses, alarms, nearness };
  });
}
