/** @file The alignment study: gate and up vectors over natural training, and Theorem 1 on single neurons. */
import { tableOf } from '../engine/rows.ts';
import { held } from '../engine/statements.ts';
import { type Job, resultsOf, runJobs, type Study, type StudyResult, seedJob } from '../engine/study.ts';
import { outlierChart, portraitChart } from './charts/channels.ts';
import { gapChart } from './charts/gap.ts';
import { alignmentChart, gridChart } from './charts/grid.ts';
import { theoremChart } from './charts/theorem.ts';
import type { Results } from './results.ts';
import { type AlignmentSettings, fullAlignment, plansOf, quickAlignment } from './settings.ts';
import { statementsOf } from './statements.ts';
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

const point = 'seed int, decay number, rate number, arm text';

function tablesOf({ natural, neurons }: Results): StudyResult['tables'] {
  const rows = (of: (run: Results['natural'][number]) => readonly object[]): object[] =>
    natural.flatMap((run) => of(run).map((row) => ({ ...run, ...row })));
  return {
    alignment: tableOf(
      `${point}, step int, layer int, mean number, max number, signed number, above8 number,
       above9 number, strangers number, correlation number, gateNorm number, upNorm number`,
      rows(({ samples }) => samples),
    ),
    steps: tableOf(
      `${point}, step int, loss number, layer int, amax number`,
      rows(({ losses, peaks }) =>
        peaks.flatMap((amaxes, layer) =>
          amaxes.map((amax, i) => ({ step: i + 1, loss: losses[i] ?? null, layer, amax })),
        ),
      ),
    ),
    traces: tableOf(
      `${point}, layer int, kind text, channel int, step int, cosine number, correlation number,
       gateNorm number, upNorm number, amax number`,
      rows(({ traces }) =>
        traces.flatMap(({ layer, kind, channel, points }) =>
          points.map(({ peak, ...rest }) => ({ layer, kind, channel, ...rest, amax: peak })),
        ),
      ),
    ),
    entries: tableOf(
      `${point}, layer int, kind text, channel int, step int, entry int, gate number, up number`,
      rows(({ traces }) =>
        traces.flatMap(({ layer, kind, channel, early, late }) =>
          [early, late].flatMap(({ step, gate, up }) =>
            gate.map((value, entry) => ({ layer, kind, channel, step, entry, gate: value, up: up[entry]! })),
          ),
        ),
      ),
    ),
    neurons: tableOf(
      `seed int, case text, cosine number, gradientNorm number, slope number, upNorm number,
       gateNorm number, alignedAt int, iterations int`,
      neurons.map((run) => ({ ...run, iterations: run.trace.at(-1)!.iteration })),
    ),
    descents: tableOf(
      'seed int, case text, iteration int, cosine number',
      neurons.flatMap((run) => run.trace.map((row) => ({ ...run, ...row }))),
    ),
  };
}

export const chartsOf = (
  settings: AlignmentSettings,
  { natural, neurons }: Results,
): Record<string, object> => ({
  grid: gridChart(settings, natural),
  alignment: alignmentChart(settings, natural),
  entries: portraitChart(settings, natural),
  outlier: outlierChart(settings, natural),
  gap: gapChart(settings, natural),
  theorem: theoremChart(neurons),
});
