/**
 * @file The formats study: what every format, granularity and policy leaves of the tensors that a trained model really
 * has, healthy and with planted outliers; or of those of a recorded run.
 */
import { tableOf, where } from '../engine/rows.ts';
import {
  type Done,
  type Job,
  type Parts,
  type RecordedRun,
  resultsOf,
  runJobs,
  type Study,
  type StudyOptions,
  type StudyResult,
  seedJob,
} from '../engine/study.ts';
import { AFTER_BASE, cleanBatch, spikeBatch } from '../training/batches.ts';
import { type BaseLaboratory, baseLaboratory } from '../training/plan.ts';
import type { Snapshot } from '../training/snapshot.ts';
import { startsOf } from '../training/starts.ts';
import { agedChart, swigluChart } from './charts/aged.ts';
import { gradientChart, sqnrChart, worstChart } from './charts/casts.ts';
import type { ModelName } from './charts/parts.ts';
import { delayedChart, worstTensorsChart } from './charts/tensors.ts';
import { whatIfCharts } from './charts/what-if.ts';
import { type MeasuredOperand, measureModel } from './measure-model.ts';
import { type CastRow, type Named, type RunFindings, rowsOf } from './results.ts';
import { type FormatsSettings, fullFormats, quickFormats } from './settings.ts';
import { claimsOf } from './statements.ts';
import { markdownOf } from './text.ts';
import { type WhatIfRow, whatIfRows } from './what-if.ts';

/** With a `subject`, on that run alone. */
export const formats: Study<FormatsSettings> = {
  summary: 'what each format, granularity and policy leaves of real tensors; with --run, of a run’s',
  full: fullFormats,
  quick: quickFormats,
  takesRun: true,
  async run(options, onProgress) {
    const { settings, seeds, bytes, parts, subject: run } = options;
    if (run) {
      const done = await runJobs(runJobsOf(options, run), parts, onProgress);
      const [rows] = resultsOf<WhatIfRow[]>(done, 'what-if');
      return findings(settings, named(done), { run, rows: rows!.result });
    }
    const lab = baseLaboratory(options, bytes);
    const jobs = seeds.flatMap((seed) => seedJobs(lab, parts, seed));
    return findings(settings, named(await runJobs(jobs, parts, onProgress)), null);
  },
};

function seedJobs(lab: BaseLaboratory<FormatsSettings>, parts: Parts, seed: number): Job[] {
  const { settings, device, signal } = lab;
  const { model: config, activations, sequence, history } = settings;
  const { base, aged, job } = startsOf(lab, parts, seed);
  const batch = (make: typeof cleanBatch, i: number) => make(lab, seed, AFTER_BASE + i);
  const measured = (name: 'base' | 'aged', start: () => Promise<Snapshot>): Job =>
    seedJob(seed, [name, 'tensors'], async (onShare) => {
      const model = { config, activations, sequence, weights: (await start()).weights };
      const batches = {
        history: Array.from({ length: history }, (_, i) => batch(cleanBatch, i)),
        measured: [
          ['rare', batch(spikeBatch, history)],
          ['after', batch(cleanBatch, history + 1)],
        ],
      } as const;
      return measureModel(device, settings, model, batches, { signal, onShare });
    });
  return [job, measured('base', base), measured('aged', async () => (await aged()).snapshot)];
}

function runJobsOf(options: StudyOptions<FormatsSettings>, run: RecordedRun): Job[] {
  const { settings, device, signal } = options;
  const { seed, model: config, activations, sequence, weights } = run;
  return [
    {
      ...{ seed, words: ['what-if'], key: 'what-if' },
      name: 'what each policy would have done',
      run: async () => whatIfRows(run.tensors),
    },
    {
      ...{ seed, words: ['run', 'tensors'], key: 'run.tensors' },
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
const named = (done: readonly Done[]): Named[] =>
  resultsOf<MeasuredOperand[]>(
    done.filter(({ words }) => words[1] === 'tensors'),
    'base',
    'aged',
    'run',
  ).flatMap(({ seed, kind, result }) =>
    result.map((operand) => ({
      ...operand,
      seed,
      model: kind as Named['model'],
      casts: operand.casts.map((cast) => ({
        ...cast,
        sqnr: (cast.sqnr as number | null) ?? Number.POSITIVE_INFINITY,
        rowSqnr: (cast.rowSqnr as number | null) ?? Number.POSITIVE_INFINITY,
      })),
    })),
  );

/** Tables, charts, and the statements held to their figures. */
function findings(
  settings: FormatsSettings,
  operands: readonly Named[],
  run: RunFindings | null,
): StudyResult {
  const rows = rowsOf(operands);
  const claims = claimsOf(rows);
  return {
    tables: {
      casts: tableOf(
        `seed int, model text, batch text, layer int, site text, operand text, format text,
         granularity text, policy text, sqnr number, rowSqnr number, clipped number,
         underflowed number, amax number, kurtosis number`,
        rows,
      ),
      ...(run && {
        whatif: tableOf(
          `layer int, site text, operand text, format text, policy text, counted int, clipped int,
           wasted int, starved int, headroom number, leastHeadroom number`,
          run.rows,
        ),
      }),
    },
    charts: { ...chartsOf(rows), ...(run && whatIfCharts(run.rows)) },
    summary: { claims, markdown: markdownOf(settings, rows, claims, run) },
  };
}

export function chartsOf(rows: readonly CastRow[]): Record<string, object> {
  const has = (model: ModelName): boolean => rows.some((row) => row.model === model);
  const sound: ModelName = has('base') ? 'base' : 'run';
  const worst: ModelName = has('aged') ? 'aged' : 'run';
  const [soundRows, worstRows] = [where(rows, { model: sound }), where(rows, { model: worst })];
  return {
    sqnr: sqnrChart(soundRows, sound),
    worst: worstChart(worstRows, worst),
    'worst-tensors': worstTensorsChart(worstRows, worst),
    delayed: delayedChart(rows),
    gradients: gradientChart(soundRows, sound),
    ...(has('base') && has('aged') ? { aged: agedChart(rows), swiglu: swigluChart(rows) } : {}),
  };
}
