/** @file The watch study: how long before the loss the early warning speaks, what switching does, and its false alarms. */

import { lazily, runJobs, seedJob } from '../engine/jobs.ts';
import type { Progress, Study, StudyOptions, StudyResult } from '../engine/study.ts';
import { type Row, tableOf } from '../engine/table.ts';
import type { Laboratory } from '../instability/laboratory.ts';
import { fullStudy } from '../instability/settings.ts';
import { ageModel, startingWeights, storedBase } from '../training/base.ts';
import { rareByte } from '../training/corpus.ts';
import { type Snapshot, untrained } from '../training/snapshot.ts';
import { type Arm, type ArmName, armsOf } from './arms.ts';
import { chartsOf } from './charts.ts';
import { claimsOf } from './claims.ts';
import { falseAlarmsOf, leadsOf, type NamedRun, pairedRuns, ruleNames } from './leads.ts';
import { fullWatch, quickWatch, type WatchSettings } from './settings.ts';
import { markdownOf } from './summary.ts';
import { type WatchedRun, watchedRun } from './watched-run.ts';

/** Runs what `parts` does not hold yet. Throws the signal's reason when it is aborted; finished parts are kept. */
export async function studyWatch(
  options: StudyOptions<WatchSettings>,
  onProgress: (progress: Progress) => void = () => {},
): Promise<StudyResult> {
  const { settings, seeds, device, bytes, parts, signal } = options;
  const shared = { ...fullStudy, ...settings };
  const lab: Laboratory = { settings: shared, device, bytes, rare: rareByte(bytes), signal };
  const arms = armsOf(lab, settings);
  const jobs = seeds.flatMap((seed, i) =>
    jobsOf(lab, i === 0 ? arms : arms.filter(({ once }) => !once), seed, parts),
  );
  const results = await runJobs(jobs, parts, onProgress);
  const runs: NamedRun[] = [...results]
    .filter(([key]) => !key.endsWith('.base'))
    .map(([key, result]) => {
      const [seed, arm, recipe] = key.split('.') as [string, ArmName, string];
      return { ...(result as WatchedRun), seed: Number(seed.slice('seed-'.length)), arm, recipe };
    });
  return findings(settings, runs);
}

function jobsOf(lab: Laboratory, arms: readonly Arm[], seed: number, parts: StudyOptions['parts']) {
  const { settings } = lab;
  // Made when the first unfinished part needs them, once.
  const base = lazily((onShare: (share: number) => void) => storedBase(lab, parts, seed, onShare));
  const ignore = (): void => {};
  const starts: Record<Arm['start'], () => Promise<Snapshot>> = {
    base: () => base(ignore),
    aged: lazily(async () => {
      const { peak, rescale } = settings;
      return (await ageModel(lab, await base(ignore), seed, { peak, rescale, aligned: true })).snapshot;
    }),
    scratch: async () => untrained(startingWeights(settings, seed)),
  };
  return [
    seedJob(seed, 'base', async (onShare) => {
      await base(onShare);
      return {};
    }),
    ...arms.map((arm) =>
      seedJob(seed, `${arm.name}.${arm.recipe}`, async (onShare) =>
        watchedRun(lab, arm, seed, await starts[arm.start](), onShare),
      ),
    ),
  ];
}

function findings(settings: WatchSettings, runs: readonly NamedRun[]): StudyResult {
  const paired = pairedRuns(settings, runs);
  const leads = leadsOf(settings, paired);
  const falseAlarms = falseAlarmsOf(runs);
  const claims = claimsOf(settings, paired, leads, falseAlarms);
  const run = { seed: 'int', arm: 'text', recipe: 'text' } as const;
  const place = { step: 'int', layer: 'int', site: 'text', operand: 'text' } as const;
  const count = Object.fromEntries(ruleNames.map((rule) => [rule, 'int' as const]));
  return {
    tables: {
      alarms: tableOf(
        { ...run, ...place, rule: 'text', value: 'number', limit: 'number', switched: 'int' },
        runs.flatMap(({ seed, arm, recipe, alarms }) =>
          alarms.map(
            ({ switched, ...alarm }): Row => ({ seed, arm, recipe, ...alarm, switched: Number(switched) }),
          ),
        ),
      ),
      losses: tableOf(
        { ...run, step: 'int', loss: 'number', gap: 'number' },
        paired.flatMap(({ seed, arm, recipe, losses, gaps }) =>
          losses.map((loss, i): Row => ({ seed, arm, recipe, step: i + 1, loss, gap: gaps[i]! })),
        ),
      ),
      leads: tableOf(
        { seed: 'int', recipe: 'text', rule: 'text', ...place, movedAt: 'int', brokeAt: 'int' },
        leads.map(({ seed, recipe, rule, first, movedAt, brokeAt }): Row => {
          const { step = null, layer = null, site = null, operand = null } = first ?? {};
          return { seed, recipe, rule, step, layer, site, operand, movedAt, brokeAt };
        }),
      ),
      nearness: tableOf(
        { ...run, step: 'int', ...Object.fromEntries(ruleNames.map((rule) => [rule, 'number' as const])) },
        runs.flatMap(({ seed, arm, recipe, nearness }) =>
          nearness.map((near, i): Row => ({ seed, arm, recipe, step: i + 1, ...near })),
        ),
      ),
      falseAlarms: tableOf(
        { ...run, steps: 'int', ...count, any: 'int' },
        falseAlarms.map(({ byRule, ...row }): Row => ({ ...row, ...byRule })),
      ),
    },
    charts: chartsOf(settings, paired, leads, runs),
    summary: { claims, markdown: markdownOf(settings, paired, leads, { runs, falseAlarms }, claims) },
  };
}

/** The study by its name, `watch`. */
export const watch: Study<WatchSettings> = {
  summary: 'how long before the loss the early warning speaks, what switching does, and its false alarms',
  full: fullWatch,
  quick: quickWatch,
  run: studyWatch,
};
