/** @file The alignment study: gate and up vectors over natural training, and Theorem 1 on single neurons. */
import { type Job, runJobs, seedJob } from '../engine/jobs.ts';
import type { Progress, Study, StudyOptions, StudyResult } from '../engine/study.ts';
import { chartsOf } from './charts.ts';
import { claimsOf } from './claims.ts';
import type { NamedNatural, NamedNeuron, Results } from './runs.ts';
import {
  type AlignmentSettings,
  fullAlignment,
  type NaturalPlan,
  plansOf,
  quickAlignment,
} from './settings.ts';
import { markdownOf } from './summary.ts';
import { tablesOf } from './tables.ts';
import { checkTheorem, type NeuronRun } from './theorem.ts';
import { type Laboratory, type NaturalRun, trainNatural } from './train-natural.ts';

/** Runs what `parts` does not hold yet. Nothing is planted. */
export async function studyAlignment(
  options: StudyOptions<AlignmentSettings>,
  onProgress: (progress: Progress) => void = () => {},
): Promise<StudyResult> {
  const { settings, seeds, device, bytes, parts, signal } = options;
  const lab: Laboratory = { settings, device, bytes, signal };
  const plans = seeds.flatMap((seed) => plansOf(settings, seed));
  const neurons = seeds.map((seed) =>
    seedJob(seed, 'neurons', (onShare) => checkTheorem(seed, settings.iterations, { signal, onShare })),
  );
  const natural = plans.map(
    (plan): Job => ({
      key: keyOf(plan),
      name: `seed ${plan.seed}, decay ${plan.decay}, learning rate ${plan.rate}, ${plan.arm}`,
      run: (onShare) => trainNatural(lab, plan, (step) => onShare(step / settings.steps)),
    }),
  );
  const done = await runJobs([...neurons, ...natural], parts, onProgress);
  const results: Results = {
    natural: plans.map((plan): NamedNatural => ({ ...(done.get(keyOf(plan)) as NaturalRun), ...plan })),
    neurons: seeds.flatMap((seed, i) =>
      (done.get(neurons[i]!.key) as NeuronRun[]).map((run): NamedNeuron => ({ seed, ...run })),
    ),
  };
  const claims = claimsOf(settings, results);
  return {
    tables: tablesOf(results),
    charts: chartsOf(settings, results),
    summary: { claims, markdown: markdownOf(settings, results, claims) },
  };
}

const keyOf = ({ seed, decay, rate, arm }: NaturalPlan): string =>
  `seed-${seed}.decay-${decay}-rate-${rate}.${arm}`;

/** The study by its name, `alignment`. */
export const alignment: Study<AlignmentSettings> = {
  summary: 'how gate and up align in natural training, nothing planted, and Theorem 1 by numbers',
  full: fullAlignment,
  quick: quickAlignment,
  run: studyAlignment,
};
