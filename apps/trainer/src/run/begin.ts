/** @file The state that a session trains on from: as it was saved, the weights of a model, or weights at random. */
import type { LoaderPosition, TrainingText } from '@octavo/data';
import { checkpointOf, modelFiles, openModel } from '@octavo/exchange';
import { OctavoError } from '@octavo/formats';
import {
  calibrateScales,
  createTraining,
  restoreTraining,
  startTraining,
  stateOf,
  type TokenBatch,
  type Training,
} from '@octavo/trainer';
import type { Session } from './session.ts';

/** Steps of which delayed scales see the batches before the first of them is done. */
const CALIBRATION = 2;

export interface Beginning {
  readonly training: Training;
  /** Hash of the weights that the run started from; null: it drew them. */
  readonly weights: string | null;
  /** Of a run that starts from a model: the model's files, to be kept with the run. */
  readonly files: ReadonlyMap<string, Uint8Array | string> | null;
}

/** Gives delayed scales of a run that starts from a model their first maxima; the loader stands where it stood. */
export async function calibrateFirst(
  training: Training,
  { loader }: Pick<TrainingText, 'loader'>,
): Promise<void> {
  const start = loader.position();
  const steps: TokenBatch[][] = [];
  for (let step = 0; step < CALIBRATION; step++) {
    steps.push([]);
    for (let i = 0; i < training.plan.accumulation; i++) steps[step]!.push(await loader.next());
  }
  loader.seek(start);
  await calibrateScales(training, steps);
}

/** Brings the loader to where the state goes on, too. */
export async function beginTraining(
  { origin: { settings, resumed }, plan, group, device, text: { loader } }: Session,
  warn: (message: string) => void,
): Promise<Beginning> {
  if (resumed?.checkpoint) {
    const training = await restoreTraining(device, plan, resumed.checkpoint, group);
    loader.seek(stateOf(resumed.checkpoint).loader as LoaderPosition);
    return { training, weights: resumed.record.weights, files: null };
  }
  const { init } = settings;
  if (init === null) return { training: createTraining(device, plan, group), weights: null, files: null };
  const source = await openModel(init);
  try {
    for (const note of source.notes) warn(note);
    const { training, weights } = await startTraining(device, plan, checkpointOf(source, {}), group);
    const before = resumed?.record.weights ?? weights;
    if (weights !== before)
      throw new OctavoError(
        `[run] ${init} is no longer the model that the run started from: got weights of hash ${weights.slice(0, 12)}, expected ${before.slice(0, 12)}; put it back, or start a new run in another --out`,
        { exitCode: 2 },
      );
    return { training, weights, files: await modelFiles(source) };
  } finally {
    await source.close();
  }
}
