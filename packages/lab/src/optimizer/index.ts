/** @file The optimizer study: the four format pairs of Adam's moments, from scratch and from an aged checkpoint. */
import type { TokenBatch, TrainPlan } from '@octavo/trainer';
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
import { AFTER_BASE, plainBatch, timedBatch } from '../training/batches.ts';
import { splitText } from '../training/corpus.ts';
import { type BaseLaboratory, baseLaboratory, basePlan, runPlan } from '../training/plan.ts';
import { type Snapshot, untrained } from '../training/snapshot.ts';
import { startsOf } from '../training/starts.ts';
import { nudgeAll, startingWeights } from '../training/weights.ts';
import { NUDGED, optimizerOf, recipeOf } from './arms.ts';
import { bytesChart } from './charts/bytes.ts';
import { gapChart } from './charts/gaps.ts';
import { stallChart, underflowChart } from './charts/moments.ts';
import { type Comparison, compare, type NamedRun, type Start } from './results.ts';
import { fullOptimizer, type OptimizerSettings, quickOptimizer } from './settings.ts';
import { statements } from './statements.ts';
import { markdownOf } from './text.ts';
import { type OptimizerRun, trainArm } from './train.ts';

/** Without `heldOut` the last tenth of `bytes` is held out. */
export const optimizer: Study<OptimizerSettings> = {
  summary:
    "which formats Adam's moments bear, from scratch and on an aged checkpoint, what stalls, and what FP16 master weights lose",
  full: fullOptimizer,
  quick: quickOptimizer,
  async run(options, onProgress) {
    const { settings, seeds, parts } = options;
    const { train, heldOut } = splitText(options);
    const unseen = Array.from({ length: settings.heldOutBatches }, (_, i) =>
      plainBatch(heldOut, settings, 0, i),
    );
    const lab = baseLaboratory(options, train);
    const jobs = seeds.flatMap((seed) => jobsOf(lab, parts, seed, unseen));
    const done = await runJobs(jobs, parts, onProgress);
    const runs = resultsOf<OptimizerRun>(done, 'scratch', 'aged', 'rescaled', 'slow').map(
      ({ seed, kind, of, result }): NamedRun => ({ ...result, seed, start: kind as Start, optimizer: of }),
    );
    return findings(settings, compare(runs));
  },
};

type OptimizerLaboratory = BaseLaboratory<OptimizerSettings>;

function jobsOf(lab: OptimizerLaboratory, parts: Parts, seed: number, heldOut: readonly TokenBatch[]): Job[] {
  const { settings, bytes } = lab;
  const { base, aged, rescaled, job } = startsOf(lab, parts, seed);
  /** The same for all optimizers of a seed, but for the nudged baseline. */
  const scratch = async (name: string): Promise<Snapshot> => {
    const weights = startingWeights(settings, seed);
    return untrained(name === NUDGED ? nudgeAll(weights, seed) : weights);
  };
  const plain = (from: number) => (step: number) => plainBatch(bytes, settings, seed, from + step);
  const timed = (step: number) => timedBatch(lab, seed, step);
  const beginnings: Record<
    Start,
    { start(name: string): Promise<Snapshot>; batch(step: number): TokenBatch }
  > = {
    scratch: { start: scratch, batch: plain(0) },
    aged: { start: async () => (await aged()).snapshot, batch: timed },
    rescaled: { start: rescaled, batch: timed },
    slow: { start: base, batch: plain(AFTER_BASE) },
  };
  const trained = (kind: Start, name: string): Job =>
    seedJob(seed, [kind, name], async (onShare) => {
      const plan = { ...planOf(settings, kind, seed), recipe: recipeOf(name, settings.activations) };
      const { start, batch } = beginnings[kind];
      return trainArm(lab, plan, await start(name), batch, {
        early: optimizerOf(name).variant === 'early',
        sampleEvery: settings.sampleEvery,
        heldOut,
        onShare,
      });
    });
  return [
    ...settings.scratch.map((name) => trained('scratch', name)),
    job,
    ...settings.aged.map((name) => trained('aged', name)),
    ...settings.rescaled.map((name) => trained('rescaled', name)),
    ...settings.slow.map((name) => trained('slow', name)),
  ];
}

/** From scratch as the base is trained; from a checkpoint at a constant rate, without clipping if it is an aged one. */
function planOf(settings: OptimizerSettings, start: Start, seed: number): TrainPlan {
  const { scratchSteps, slowSteps, slowRate } = settings;
  const base = basePlan({ ...settings, baseSteps: scratchSteps }, seed);
  if (start === 'scratch') return base;
  if (start === 'slow')
    return runPlan(settings, seed, base.recipe, { steps: slowSteps, learningRate: slowRate });
  return { ...runPlan(settings, seed, base.recipe), clip: 0 };
}

function findings(settings: OptimizerSettings, comparisons: readonly Comparison[]): StudyResult {
  const claims = held(statements, comparisons).filter(({ values }) => values.length > 0);
  const run = 'seed int, start text, optimizer text';
  return {
    tables: {
      losses: tableOf(
        `${run}, step int, loss number, gap number`,
        comparisons.flatMap((c) => c.losses.map((loss, i) => ({ ...c, step: i + 1, loss, gap: c.gaps[i] }))),
      ),
      moments: tableOf(
        `${run}, step int, tensor text, elements int, stalled int, underflowed int, compared int,
         excess number`,
        comparisons.flatMap((c) => c.moments.map((row) => ({ ...c, ...row }))),
      ),
      gaps: tableOf(
        `${run}, lastGap number, largestGap number, worstStep int, brokeAt int, heldOut number,
         heldOutGap number`,
        comparisons.map((c) => ({ ...c, brokeAt: c.broke?.step })),
      ),
      lost: tableOf(
        `${run}, step int, share number`,
        comparisons.flatMap((c) => c.lost.map((row) => ({ ...c, ...row }))),
      ),
      bytes: tableOf(
        `optimizer text, masterFormat text, moment1Format text, moment2Format text, role text,
         stored number, onDevice number`,
        [...new Map(comparisons.map((c) => [c.optimizer, c])).values()].flatMap(({ optimizer, bytes }) => {
          const { master, moment1, moment2 } = optimizerOf(optimizer).recipe;
          const formats = { masterFormat: master, moment1Format: moment1, moment2Format: moment2 };
          return bytes.map((row) => ({ optimizer, ...formats, ...row }));
        }),
      ),
    },
    charts: chartsOf(settings, comparisons),
    summary: { claims, markdown: markdownOf(settings, comparisons, claims) },
  };
}

export const chartsOf = (
  settings: OptimizerSettings,
  comparisons: readonly Comparison[],
): Record<string, object> => ({
  scratch: gapChart(settings, comparisons, 'scratch'),
  aged: gapChart(settings, comparisons, 'aged'),
  stalls: stallChart(settings, comparisons),
  underflows: underflowChart(comparisons),
  bytes: bytesChart(comparisons),
});
