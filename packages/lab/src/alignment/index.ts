/** @file The alignment study: gate and up vectors over natural training, and Theorem 1 on single neurons. */
import { type Job, resultsOf, runJobs, seedJob } from '../engine/jobs.ts';
import { held } from '../engine/statements.ts';
import type { Study } from '../engine/study.ts';
import { chartsOf } from './charts/index.ts';
import type { Results } from './results.ts';
import { type AlignmentSettings, fullAlignment, plansOf, quickAlignment } from './settings.ts';
import { statementsOf } from './statements.ts';
import { tablesOf } from './tables.ts';
import { markdownOf } from './text.ts';
import { checkTheorem, type NeuronRun } from './theorem.ts';
import { type NaturalRun, trainNatural } from './train.ts';

/** Nothing is planted. */
export const alignment: Study<AlignmentSettings> = {
  summary: 'how gate and up align in natural training, nothing planted, and Theorem 1 by numbers',
  full: fullAlignment,
  quick: quickAlignment,
  async run(options, onProgress) {
    const { settings, seeds, parts, signal } = options;
    const plans = seeds.flatMap((seed) => plansOf(settings, seed));
    const neurons = seeds.map((seed) =>
      seedJob(seed, ['neurons'], (onShare) => checkTheorem(seed, settings.iterations, { signal, onShare })),
    );
    const natural = plans.map((plan): Job => {
      const { seed, decay, rate, arm } = plan;
      return {
        ...{ seed, words: ['natural'], key: `seed-${seed}.decay-${decay}-rate-${rate}.${arm}` },
        name: `seed ${seed}, decay ${decay}, learning rate ${rate}, ${arm}`,
        run: (onShare) => trainNatural(options, plan, onShare),
      };
    });
    const done = await runJobs([...neurons, ...natural], parts, onProgress);
    const results: Results = {
      natural: resultsOf<NaturalRun>(done, 'natural').map(({ result }, i) => ({ ...result, ...plans[i]! })),
      neurons: resultsOf<NeuronRun[]>(done, 'neurons').flatMap(({ seed, result }) =>
        result.map((run) => ({ seed, ...run })),
      ),
    };
    const claims = held(statementsOf(settings), results);
    return {
      tables: tablesOf(results),
      charts: chartsOf(settings, results),
      summary: { claims, markdown: markdownOf(settings, results, claims) },
    };
  },
};
