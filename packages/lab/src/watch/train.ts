/** @file The runs: from which weights, in which recipe, on which batches, under which guard; their losses, and all that it said. */
import { type GuardAlarm, guardPlan, type Nearness, type TokenBatch, type TrainPlan } from '@octavo/trainer';
import { AFTER_BASE, plainBatch, timedBatch } from '../training/batches.ts';
import { trainLoop, withTraining } from '../training/loop.ts';
import { type AgedLaboratory, type BaseLaboratory, basePlan, runPlan } from '../training/plan.ts';
import { protocolRecipe } from '../training/recipes.ts';
import type { Snapshot } from '../training/snapshot.ts';
import type { WatchSettings } from './settings.ts';

/**
 * `aged`: warned only. `switch`: the same under `--guard switch`, sampled at every step; `unsampled`: by the maxima alone.
 * `base`, `scratch`: healthy. `aligned`: from scratch with a decay that aligns channels, also healthy as far as known.
 */
export const armNames = ['aged', 'switch', 'unsampled', 'base', 'scratch', 'aligned'] as const;
export type ArmName = (typeof armNames)[number];

export interface Arm {
  readonly name: ArmName;
  readonly recipe: string;
  readonly start: 'aged' | 'base' | 'scratch';
  /** Only of the first seed. */
  readonly once: boolean;
  plan(seed: number): TrainPlan;
  batch(seed: number, step: number): TokenBatch;
}

/** Another part of the random windows than the base has seen, and than the spikes' batches are cut from. */
const HEALTHY = 1 << 18;

export function armsOf(lab: BaseLaboratory<WatchSettings>): Arm[] {
  const { settings } = lab;
  const { activations, failing, healthy, healthySteps, healthyRate, scratchSteps, alignedSteps } = settings;
  /** Every firing counts, also the second of the same rule: rates are shares of steps. */
  const listen = (plan: TrainPlan): TrainPlan => ({ ...plan, guard: guardPlan('warn', { repeatAfter: 1 }) });
  const plain = (seed: number, step: number) =>
    plainBatch(lab.bytes, settings, seed, AFTER_BASE + HEALTHY + step);
  const aged = (name: ArmName, recipe: string, watched: (plan: TrainPlan) => TrainPlan): Arm => ({
    ...{ name, recipe, start: 'aged', once: false },
    plan: (seed) => watched(runPlan(settings, seed, protocolRecipe(recipe, activations))),
    batch: (seed, step) => timedBatch(lab, seed, step),
  });
  const scratch = (name: ArmName, steps: number, rate: number, decay: number): Arm => ({
    ...{ name, recipe: 'fp8', start: 'scratch', once: name === 'aligned' },
    plan: (seed) => {
      const plan = basePlan(settings, seed);
      const schedule = { ...plan.schedule, peak: rate, steps: settings.baseSteps };
      const recipe = protocolRecipe('fp8', activations);
      return listen({
        ...plan,
        recipe,
        steps,
        schedule,
        sampleEvery: 1,
        adam: { ...plan.adam, weightDecay: decay },
      });
    },
    batch: plain,
  });
  const switching = (plan: TrainPlan): TrainPlan => ({ ...plan, guard: guardPlan('switch') });
  return [
    aged('aged', 'bf16', (plan) => ({ ...plan, sampleEvery: 0 })),
    ...failing.map((recipe) => aged('aged', recipe, listen)),
    aged('aged', 'fp8-smooth', listen),
    ...failing.map((recipe) => aged('switch', recipe, switching)),
    ...failing.map((recipe) => aged('unsampled', recipe, (plan) => ({ ...switching(plan), sampleEvery: 0 }))),
    ...healthy.map(
      (recipe): Arm => ({
        ...{ name: 'base', recipe, start: 'base', once: false },
        plan: (seed) => {
          const changes = { steps: healthySteps, learningRate: healthyRate };
          return listen(runPlan(settings, seed, protocolRecipe(recipe, activations), changes));
        },
        batch: plain,
      }),
    ),
    ...(scratchSteps > 0 ? [scratch('scratch', scratchSteps, 3e-3, 0.1)] : []),
    ...(alignedSteps > 0 ? [scratch('aligned', alignedSteps, 6e-3, 1)] : []),
  ];
}

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
