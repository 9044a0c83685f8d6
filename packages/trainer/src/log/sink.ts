/** @file A run's numbers for other programs: TensorBoard reads them, Trackio takes them over. */
import { join } from 'node:path';
import type { TrainEvent } from '../events.ts';
import { createEventFile, type EventRecord } from './event-file.ts';

/**
 * What to do with the files in `folder`. Trackio has no JavaScript client and takes TensorBoard's files. Weights & Biases has no
 * living one either, and has stopped taking them (wandb 0.30).
 */
export const logSinks = {
  tensorboard: (folder: string) => `tensorboard --logdir ${folder}`,
  trackio: (folder: string) =>
    `python -c "import trackio; trackio.import_tf_events('${folder}', project='octavo')"`,
} as const;

export type LogSink = keyof typeof logSinks;

export interface RunLog {
  readonly folder: string;
  write(event: TrainEvent): void;
  close(): void;
}

/** Event files in the run's folder; `resumeFrom`: the step after which the run goes on, 0 for a new one. */
export async function openRunLog(runFolder: string, resumeFrom: number): Promise<RunLog> {
  const folder = join(runFolder, 'tensorboard');
  const file = await createEventFile(folder);
  if (resumeFrom > 0) file.write({ step: resumeFrom + 1, restarted: true });
  return {
    folder,
    write(event) {
      const record = recordOf(event);
      if (record) file.write(record);
    },
    close: () => file.close(),
  };
}

/** The numbers of a step and of an evaluation, under the names of their columns. */
function recordOf(event: TrainEvent): EventRecord | null {
  if (event.kind !== 'step' && event.kind !== 'evaluation') return null;
  const group = event.kind === 'step' ? 'train' : 'held_out';
  const { step, ...row } = event.row;
  const numbers = Object.entries(row).flatMap(([name, value]) =>
    typeof value === 'number' || typeof value === 'bigint' ? [[`${group}/${name}`, Number(value)]] : [],
  );
  return { step, scalars: Object.fromEntries(numbers) };
}
