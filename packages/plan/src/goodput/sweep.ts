/** @file Goodput against ranks, each with the checkpoint interval that serves it best, beside the formulas' intervals. */
import type { BenchTable } from '@octavo/bench';
import { dalyInterval, expectedGoodput, youngInterval } from './interval.ts';
import { type Cluster, type Outcome, rhythmOf, simulate } from './simulate.ts';

/** Intervals that are tried: Daly's times these. */
const FACTORS = [-4, -3, -2, -1, 0, 1, 2, 3, 4].map((power) => 2 ** (power / 2));
/** Failures of each simulated run, about; intervals where there are none, and of Daly's at the most. */
const FAILURES = 400;
const INTERVALS = { fewest: 400, most: 1e5 };

export interface SweepPoint {
  readonly cluster: Cluster;
  /** Seconds of useful work between checkpoints: the best that was tried, and those of the formulas. */
  readonly interval: { readonly best: number; readonly young: number; readonly daly: number };
  readonly outcome: Outcome;
  /** Of Daly's formula at the best interval, which knows nothing of slow ranks. */
  readonly expected: number;
}

/**
 * Tries intervals around Daly's, of whole steps of `step` seconds, on the same failures; the best of them. A run lasts about
 * 400 failures, or 100,000 intervals if those are fewer.
 */
export function bestInterval(cluster: Cluster, step: number, seed: number): SweepPoint {
  const rhythm = rhythmOf(cluster);
  const daly = dalyInterval(rhythm);
  const intervals = new Set(FACTORS.map((factor) => step * Math.max(1, Math.round((factor * daly) / step))));
  const { fewest, most } = INTERVALS;
  const work = Math.min(Math.max(FAILURES * rhythm.betweenFailures, fewest * daly), most * daly);
  const tried = [...intervals].map((interval) => ({
    interval,
    outcome: simulate(cluster, interval, work, seed),
  }));
  const best = tried.reduce((a, b) => (b.outcome.goodput > a.outcome.goodput ? b : a));
  return {
    cluster,
    interval: { best: best.interval, young: youngInterval(rhythm), daly },
    outcome: best.outcome,
    expected: expectedGoodput(rhythm, best.interval),
  };
}

/** A row for each number of ranks. */
export const goodputTable = (points: readonly SweepPoint[], note: string): BenchTable => ({
  id: 'plan goodput',
  title: 'Goodput against ranks',
  note: `shares of the time. ${note} "goodput": useful, at the best interval of nine around Daly’s; "formula": Daly’s at that interval, without slow ranks. "waiting": for slow ranks; "lost": work since the last checkpoint. Intervals in seconds of work between checkpoints.`,
  columns: [
    { key: 'goodput', label: 'goodput', digits: 3 },
    { key: 'formula', label: 'formula', digits: 3 },
    ...['waiting', 'checkpoints', 'lost', 'restarts'].map((key) => ({ key, label: key, digits: 3 })),
    { key: 'hours_between', label: 'hours a failure', digits: 1 },
    { key: 'checkpoint', label: 'checkpoint, s', digits: 1 },
    { key: 'best', label: 'best', digits: 0 },
    { key: 'young', label: 'Young', digits: 0 },
    { key: 'daly', label: 'Daly', digits: 0 },
  ],
  rows: points.map(({ cluster, interval, outcome: { spent, goodput }, expected }) => {
    const all = Object.values(spent).reduce((a, b) => a + b, 0);
    const { useful, ...others } = spent;
    const shares = Object.entries(others).map(([part, seconds]) => [part, seconds / all]);
    return {
      name: `${cluster.ranks} ranks`,
      values: {
        goodput,
        formula: expected,
        ...Object.fromEntries(shares),
        hours_between: rhythmOf(cluster).betweenFailures / 3600,
        checkpoint: cluster.checkpoint,
        ...interval,
      },
    };
  }),
});
