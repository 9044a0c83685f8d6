/** @file What a guarded step observes: the rules look at its gradients, and where the policy says so a layer is smoothed at once. */
import { switchSmoothing } from '@octavo/nn';
import type { GuardAlarm } from './guard/alarm.ts';
import { type GuardState, judge, type Nearness } from './guard/state.ts';
import type { Gradients } from './learned.ts';
import { observationsOf } from './observations.ts';
import type { Training } from './training.ts';

export interface Watched {
  readonly gradients: Gradients;
  readonly alarms: readonly GuardAlarm[];
  /** Of the gradients that the update is made of. */
  readonly nearness: Nearness;
  readonly state: GuardState;
}

/**
 * Computes a step's gradients and watches them. Under `switch` Smooth-SwiGLU is turned on for every layer that an alarm
 * says it would mend, and the gradients are computed again before anything has moved, so that not even the step of the
 * alarm is harmed: such a step takes twice the time, at most once a layer. Alarms that an earlier part of the run has
 * left without action (it went on under another policy) are acted upon first.
 */
export async function watchedGradients(
  training: Training,
  compute: () => Promise<Gradients>,
): Promise<Watched> {
  const { plan, model } = training;
  const step = training.step + 1;
  let state = training.guard;
  if (!plan.guard || plan.guard.policy === 'off')
    return { gradients: await compute(), alarms: [], nearness: {}, state };
  const { policy, limits } = plan.guard;
  /** Smooths the layers that alarms have named and nobody has smoothed yet; gives those alarms. */
  const act = (): readonly GuardAlarm[] => {
    const { pending } = state;
    if (policy !== 'switch' || pending.length === 0) return [];
    for (const { layer } of pending) switchSmoothing(model.precision, layer);
    state = { ...state, pending: [] };
    return pending;
  };
  const alarms = act().map((alarm): GuardAlarm => ({ ...alarm, step, switched: true }));
  for (;;) {
    const gradients = await compute();
    const seen = judge(state, step, observationsOf(training, gradients), limits);
    state = seen.state;
    const switched = act().length > 0;
    alarms.push(...seen.alarms.map((alarm) => ({ ...alarm, switched: switched && alarm.smooths })));
    if (!switched) return { gradients, alarms, nearness: seen.nearness, state };
  }
}
