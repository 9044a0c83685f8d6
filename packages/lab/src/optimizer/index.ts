/** @file The optimizer study: the four format pairs of Adam's moments, from scratch and from an aged checkpoint. */
import type { TokenBatch, TrainPlan } from '@octavo/trainer';
import { type Job, lazily, runJobs, seedJob } from '../engine/jobs.ts';
import type { Progress, Study, StudyOptions, StudyResult } from '../engine/study.ts';
import type { Laboratory } from '../instability/laboratory.ts';
import { basePlan, fullStudy, runPlan } from '../instability/settings.ts';
import { timedBatch } from '../instability/train-recipe.ts';
import { AFTER_BASE, ageModel, rescaleModel, startingWeights, storedBase } from '../training/base.ts';
import { plainBatch } from '../training/batches.ts';
import { rareByte } from '../training/corpus.ts';
import { nudge } from '../training/nudge.ts';
import { type Snapshot, untrained } from '../training/snapshot.ts';
import { NUDGED, optimizerOf, recipeOf } from './arms.ts';
import { compare, type NamedRun, type Start } from './compare.ts';
import { findings } from './findings.ts';
import { fullOptimizer, type OptimizerSettings, quickOptimizer } from './settings.ts';
import { type OptimizerRun, trainArm } from './train-arm.ts';

/** Runs what `parts` does not hold yet. Without `heldOut` the last tenth of `bytes` is held out. Throws the signal's reason when it is aborted; finished parts are kept. */
export async function studyOptimizer(
  options: StudyOptions<OptimizerSettings>,
  onProgress: (progress: Progress) => void = () => {},
): Promise<StudyResult> {
  const { settings, seeds, device, parts, signal } = options;
  const shared = { ...fullStudy, ...settings };
  const cut = options.heldOut ? options.bytes.length : Math.floor(0.9 * options.bytes.length);
  const bytes = options.bytes.subarray(0, cut);
  const unseen = options.heldOut ?? options.bytes.subarray(cut);
  const heldOut = Array.from({ length: settings.heldOutBatches }, (_, i) =>
    plainBatch(unseen, settings, 0, i),
  );
  const lab: Laboratory = { settings: shared, device, bytes, rare: rareByte(bytes), signal };
  const jobs = seeds.flatMap((seed) => jobsOf(lab, settings, seed, parts, heldOut));
  const results = await runJobs(jobs, parts, onProgress);
  const runs: NamedRun[] = [...results]
    .filter(([key]) => !key.endsWith('.base'))
    .map(([key, result]) => {
      const [seed, start, optimizer] = key.split('.') as [string, Start, string];
      return { ...(result as OptimizerRun), seed: Number(seed.slice('seed-'.length)), start, optimizer };
    });
  return findings(settings, compare(runs));
}

function jobsOf(
  lab: Laboratory,
  settings: OptimizerSettings,
  seed: number,
  parts: StudyOptions['parts'],
  heldOut: readonly TokenBatch[],
): Job[] {
  // Made when the first unfinished part needs them, once.
  const base = lazily((onShare: (share: number) => void) => storedBase(lab, parts, seed, onShare));
  const aged = lazily(async () => {
    const { peak, rescale } = settings;
    const options = { peak, rescale, aligned: true };
    return (await ageModel(lab, await base(() => {}), seed, options)).snapshot;
  });
  const rescaled = lazily(async () => rescaleModel(lab, await base(() => {})));
  const beginnings: Record<Start, (name: string) => Promise<Snapshot>> = {
    scratch: async (name) => untrained(weightsOf(lab, name, seed)),
    aged,
    rescaled,
    slow: () => base(() => {}),
  };
  const trained = (start: Start, name: string): Job =>
    seedJob(seed, `${start}.${name}`, async (onShare) => {
      const plan = { ...planOf(lab, settings, start, seed), recipe: recipeOf(name, settings.activations) };
      const batch = (step: number): TokenBatch =>
        start === 'aged' || start === 'rescaled'
          ? timedBatch(lab, seed, step)
          : plainBatch(lab.bytes, settings, seed, start === 'slow' ? AFTER_BASE + step : step);
      return trainArm(lab, plan, await beginnings[start](name), batch, {
        early: optimizerOf(name).variant === 'early',
        sampleEvery: settings.sampleEvery,
        heldOut,
        onStep: (step) => onShare(step / plan.steps),
      });
    });
  return [
    ...settings.scratch.map((name) => trained('scratch', name)),
    seedJob(seed, 'base', async (onShare) => {
      await base(onShare);
      return {};
    }),
    ...settings.aged.map((name) => trained('aged', name)),
    ...settings.rescaled.map((name) => trained('rescaled', name)),
    ...settings.slow.map((name) => trained('slow', name)),
  ];
}

/** From scratch as the base is trained; from a checkpoint at a constant rate, without clipping if it is an aged one. */
function planOf(lab: Laboratory, settings: OptimizerSettings, start: Start, seed: number): TrainPlan {
  const { scratchSteps, slowSteps, slowRate } = settings;
  if (start === 'scratch') return basePlan({ ...lab.settings, baseSteps: scratchSteps }, seed);
  const plan = basePlan(lab.settings, seed);
  if (start === 'slow') {
    const changes = { steps: slowSteps, learningRate: slowRate };
    return { ...runPlan(lab.settings, seed, plan.recipe, changes), sampleEvery: 0 };
  }
  return { ...runPlan(lab.settings, seed, plan.recipe), clip: 0, sampleEvery: 0 };
}

/** The same for all optimizers of a seed, but for the nudged baseline. */
function weightsOf({ settings }: Laboratory, name: string, seed: number): Map<string, Float32Array> {
  const weights = startingWeights(settings, seed);
  if (name !== NUDGED) return weights;
  return new Map([...weights].map(([key, values], i) => [key, nudge(values, seed * 64 + i)]));
}

/** The study by its name, `optimizer`. */
export const optimizer: Study<OptimizerSettings> = {
  summary:
    "which formats Adam's moments bear, from scratch and on an aged checkpoint, what stalls, and what FP16 master weights lose",
  full: fullOptimizer,
  quick: quickOptimizer,
  run: studyOptimizer,
};
