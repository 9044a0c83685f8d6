/** @file The study of the guard: how long before the loss it speaks, what switching does, and its false alarms. */
import { tableOf } from '../engine/rows.ts';
import { held } from '../engine/statements.ts';
import {
  type Job,
  type Parts,
  resultsOf,
  runJobs,
  type Study,
  type StudyResult,
  seedJob,
} from '../engine/study.ts';
import { type BaseLaboratory, baseLaboratory } from '../training/plan.ts';
import { type Snapshot, untrained } from '../training/snapshot.ts';
import { startsOf } from '../training/starts.ts';
import { startingWeights } from '../training/weights.ts';
import { chartsOf } from './charts.ts';
import { falseAlarmsOf, leadsOf, type NamedRun, pairedRuns, ruleNames } from './results.ts';
import { fullWatch, quickWatch, type WatchSettings } from './settings.ts';
import { statementsOf } from './statements.ts';
import { markdownOf } from './text.ts';
import { type Arm, type ArmName, armNames, armsOf, type WatchedRun, watchedRun } from './train.ts';

export const watch: Study<WatchSettings> = {
  summary: 'how long before the loss the early warning speaks, what switching does, and its false alarms',
  full: fullWatch,
  quick: quickWatch,
  async run(options, onProgress) {
    const { settings, seeds, bytes, parts } = options;
    const lab = baseLaboratory(options, bytes);
    const arms = armsOf(lab);
    const jobs = seeds.flatMap((seed, i) =>
      jobsOf(lab, i === 0 ? arms : arms.filter(({ once }) => !once), seed, parts),
    );
    // The part that trains the base is called as the arm that goes on from it, but has no recipe.
    const done = (await runJobs(jobs, parts, onProgress)).filter(({ words }) => words.length === 2);
    const runs = resultsOf<WatchedRun>(done, ...armNames).map(
      ({ seed, kind, of, result }): NamedRun => ({ ...result, seed, arm: kind as ArmName, recipe: of }),
    );
    return findings(settings, runs);
  },
};

function jobsOf(lab: BaseLaboratory<WatchSettings>, arms: readonly Arm[], seed: number, parts: Parts): Job[] {
  const { base, aged, job } = startsOf(lab, parts, seed);
  const starts: Record<Arm['start'], () => Promise<Snapshot>> = {
    base,
    aged: async () => (await aged()).snapshot,
    scratch: async () => untrained(startingWeights(lab.settings, seed)),
  };
  return [
    job,
    ...arms.map((arm) =>
      seedJob(seed, [arm.name, arm.recipe], async (onShare) =>
        watchedRun(lab, arm, seed, await starts[arm.start](), onShare),
      ),
    ),
  ];
}

function findings(settings: WatchSettings, runs: readonly NamedRun[]): StudyResult {
  const paired = pairedRuns(settings, runs);
  const leads = leadsOf(settings, paired);
  const falseAlarms = falseAlarmsOf(runs);
  const claims = held(statementsOf(settings), { runs: paired, leads, falseAlarms });
  const run = 'seed int, arm text, recipe text';
  const place = 'step int, layer int, site text, operand text';
  const eachRule = (type: string): string => ruleNames.map((rule) => `${rule} ${type}`).join(', ');
  return {
    tables: {
      alarms: tableOf(
        `${run}, ${place}, rule text, value number, limit number, switched int`,
        runs.flatMap((run) =>
          run.alarms.map(({ switched, ...alarm }) => ({ ...run, ...alarm, switched: Number(switched) })),
        ),
      ),
      losses: tableOf(
        `${run}, step int, loss number, gap number`,
        paired.flatMap((run) =>
          run.losses.map((loss, i) => ({ ...run, step: i + 1, loss, gap: run.gaps[i] })),
        ),
      ),
      leads: tableOf(
        `seed int, recipe text, rule text, ${place}, movedAt int, brokeAt int`,
        leads.map((lead) => ({ ...lead.first, ...lead })),
      ),
      nearness: tableOf(
        `${run}, step int, ${eachRule('number')}`,
        runs.flatMap((run) => run.nearness.map((near, i) => ({ ...run, step: i + 1, ...near }))),
      ),
      falseAlarms: tableOf(
        `${run}, steps int, ${eachRule('int')}, any int`,
        falseAlarms.map((row) => ({ ...row, ...row.byRule })),
      ),
    },
    charts: chartsOf(settings, paired, leads, runs),
    summary: { claims, markdown: markdownOf(settings, paired, leads, { runs, falseAlarms }, claims) },
  };
}
