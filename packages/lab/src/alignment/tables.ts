/** @file The study's figures as Arrow tables. */
import type { StudyResult } from '../engine/study.ts';
import { type Row, tableOf } from '../engine/table.ts';
import type { Results } from './results.ts';

const point = 'seed int, decay number, rate number, arm text';

export function tablesOf({ natural, neurons }: Results): StudyResult['tables'] {
  const rows = (of: (run: Results['natural'][number]) => Row[]): Row[] =>
    natural.flatMap((run) => {
      const { seed, decay, rate, arm } = run;
      return of(run).map((row): Row => ({ seed, decay, rate, arm, ...row }));
    });
  return {
    alignment: tableOf(
      `${point}, step int, layer int, mean number, max number, signed number, above8 number,
       above9 number, strangers number, correlation number, gateNorm number, upNorm number`,
      rows(({ samples }) => samples.map((sample) => ({ ...sample }))),
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
      neurons.map(({ trace, ...run }): Row => ({ ...run, iterations: trace.at(-1)!.iteration })),
    ),
    descents: tableOf(
      'seed int, case text, iteration int, cosine number',
      neurons.flatMap(({ seed, case: name, trace }) =>
        trace.map((row): Row => ({ seed, case: name, ...row })),
      ),
    ),
  };
}
