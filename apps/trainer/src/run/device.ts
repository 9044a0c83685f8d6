/** @file The device of a session: of a new run what is asked for, of a resumed one what it was made with. */
import type { Device } from '@octavo/kernels';
import { chooseDevice, type DeviceChoice, type TrainPlan, type Workload } from '@octavo/trainer';
import { planOf, type Settings } from '../config/settings.ts';
import type { RunRecord } from './record.ts';

/** What `auto` chooses for: the shape of one micro-batch. */
export const workOf = (kind: Workload['kind'], plan: TrainPlan): Workload => ({
  kind,
  model: plan.model,
  recipe: plan.recipe,
  batch: plan.batch,
  sequence: plan.sequence,
});

export interface SessionDevice {
  readonly device: Device;
  readonly choice: DeviceChoice;
  /** What there is to say of the choice now: nothing where it was made in an earlier session. */
  readonly said: string | null;
}

/**
 * Devices round differently in their last bits, so a resumed run keeps its own: `auto` chooses once a run. Another word
 * (`told`, null where nothing was said) than the one it began with chooses anew.
 */
export async function deviceOfRun(
  settings: Settings,
  told: string | null,
  record: Pick<RunRecord, 'settings' | 'choice'> | null,
): Promise<SessionDevice> {
  const { hyperparameters, threads, library } = settings;
  const options = { threads, library, work: workOf('train', planOf(settings)) };
  const before = record?.choice ?? null;
  if (!before || (told !== null && told !== before.asked)) {
    const chosen = await chooseDevice(hyperparameters.device, options);
    return { ...chosen, said: chosen.choice.said };
  }
  const { device } = await chooseDevice(before.taken, options);
  return { device, choice: before, said: null };
}
