/**
 * @file The formats study: what every format, granularity and policy leaves of the tensors that a trained model really
 * has, healthy and with planted outliers; or of those of a recorded run.
 */

import { type Job, lazily, runJobs, seedJob } from '../engine/jobs.ts';
import type { RecordedRun } from '../engine/recorded-run.ts';
import type { Parts, Progress, Study, StudyOptions, StudyResult } from '../engine/study.ts';
import type { Laboratory } from '../instability/laboratory.ts';
import { AFTER_BASE, ageModel, storedBase } from '../training/base.ts';
import { cleanBatch, spikeBatch } from '../training/batches.ts';
import { rareByte } from '../training/corpus.ts';
import type { Snapshot } from '../training/snapshot.ts';
import { findings } from './findings.ts';
import { type MeasuredOperand, measureModel } from './measure-model.ts';
import type { Named } from './rows.ts';
import { baseSettings, type FormatsSettings, fullFormats, quickFormats } from './settings.ts';
import { type WhatIfRow, whatIfRows } from './what-if.ts';

/** Runs what `parts` does not hold yet; with a `subject`, on that run alone. */
export async function studyFormats(
  options: StudyOptions<FormatsSettings>,
  onProgress: (progress: Progress) => void = () => {},
): Promise<StudyResult> {
  const { settings, seeds, device, bytes, parts, signal, subject } = options;
  if (subject) {
    const results = await runJobs(runJobsOf(options, subject), parts, onProgress);
    const measured = named(results, () => ({ seed: subject.seed, model: 'run' }));
    return findings(settings, measured, { run: subject, rows: results.get('what-if') as WhatIfRow[] });
  }
  const lab: Laboratory = {
    settings: baseSettings(settings),
    device,
    bytes,
    rare: rareByte(bytes),
    signal,
  };
  const jobs = seeds.flatMap((seed) => seedJobs(lab, settings, parts, seed));
  const results = await runJobs(jobs, parts, onProgress);
  return findings(
    settings,
    named(results, (key) => {
      const [seed, model] = key.split('.') as [string, 'base' | 'aged'];
      return { seed: Number(seed.slice('seed-'.length)), model };
    }),
    null,
  );
}

/** The study by its name, `formats`. */
export const formats: Study<FormatsSettings> = {
  summary: 'what each format, granularity and policy leaves of real tensors; with --run, of a run’s',
  full: fullFormats,
  quick: quickFormats,
  takesRun: true,
  run: studyFormats,
};

function seedJobs(lab: Laboratory, settings: FormatsSettings, parts: Parts, seed: number): Job[] {
  const { device, bytes, rare, signal } = lab;
  const { peak, rescale, model: config, activations, sequence, history } = settings;
  const base = lazily((onShare: (share: number) => void) => storedBase(lab, parts, seed, onShare));
  const measured = (name: string, start: () => Promise<Snapshot>): Job =>
    seedJob(seed, `${name}.tensors`, async (onShare) => {
      const { weights } = await start();
      const batch = (make: typeof cleanBatch, i: number) => make(bytes, settings, rare, seed, AFTER_BASE + i);
      return measureModel(
        device,
        settings,
        { config, activations, sequence, weights },
        {
          history: Array.from({ length: history }, (_, i) => batch(cleanBatch, i)),
          measured: [
            ['rare', batch(spikeBatch, history)],
            ['after', batch(cleanBatch, history + 1)],
          ],
        },
        { signal, onShare },
      );
    });
  const ignore = (): void => {};
  return [
    seedJob(seed, 'base', async (onShare) => {
      await base(onShare);
      return {};
    }),
    measured('base', () => base(ignore)),
    measured('aged', async () => {
      const aged = await ageModel(lab, await base(ignore), seed, { peak, rescale, aligned: true });
      return aged.snapshot;
    }),
  ];
}

function runJobsOf(options: StudyOptions<FormatsSettings>, run: RecordedRun): Job[] {
  const { settings, device, signal } = options;
  const { model: config, activations, sequence, weights } = run;
  return [
    { key: 'what-if', name: 'what each policy would have done', run: async () => whatIfRows(run.tensors) },
    {
      key: 'run.tensors',
      name: `tensors at step ${run.step}`,
      run: async (onShare) => {
        const history = [];
        for (let i = 0; i < settings.history; i++) history.push(await run.next());
        const model = { config, activations, sequence, weights };
        const measured = [['plain', await run.next()]] as const;
        return measureModel(device, settings, model, { history, measured }, { signal, onShare });
      },
    },
  ];
}

/** The measured operands among the parts. JSON keeps the SQNR of a cast that lost nothing as null. */
function named(
  results: ReadonlyMap<string, unknown>,
  nameOf: (key: string) => { seed: number; model: Named['model'] },
): Named[] {
  return [...results]
    .filter(([key]) => key.endsWith('.tensors'))
    .flatMap(([key, result]) =>
      (result as MeasuredOperand[]).map((operand) => ({
        ...operand,
        ...nameOf(key),
        casts: operand.casts.map((cast) => ({
          ...cast,
          sqnr: (cast.sqnr as number | null) ?? Number.POSITIVE_INFINITY,
          rowSqnr: (cast.rowSqnr as number | null) ?? Number.POSITIVE_INFINITY,
        })),
      })),
    );
}
