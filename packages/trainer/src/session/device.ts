/** @file The device of a session: of a new run what is asked for, of a resumed one what it was made with. */
import type { Device } from '@octavo/kernels';
import { chooseDevice, type DeviceChoice } from '../device/choose.ts';
import { planOf, type RunSettings, workOf } from './settings.ts';

export interface SessionDevice {
  readonly device: Device;
  readonly choice: DeviceChoice;
  /** What there is to say of the choice now: nothing where it was made in an earlier session. */
  readonly said: string | null;
}

/**
 * Devices round differently in their last bits, so a resumed run keeps its own: `auto` chooses once a run. Another word
 * (`told`, null where nothing was said) than the one it began with (`before`, null: a new run) chooses anew.
 */
export async function deviceOfRun(
  settings: RunSettings,
  told: string | null,
  before: DeviceChoice | null,
): Promise<SessionDevice> {
  const { hyperparameters, threads, library } = settings;
  const options = { threads, library, work: workOf('train', planOf(settings)) };
  if (!before || (told !== null && told !== before.asked)) {
    const chosen = await chooseDevice(hyperparameters.device, options);
    return { ...chosen, said: chosen.choice.said };
  }
  const { device } = await chooseDevice(before.taken, options);
  return { device, choice: before, said: null };
}
