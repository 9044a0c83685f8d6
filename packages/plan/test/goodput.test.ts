/** @file Simulated runs against arithmetic, and the best interval against Young's and Daly's. */
import { renderSvg } from '@octavo/report';
import { describe, expect, it } from 'vitest';
import { harmonic } from '../src/goodput/simulate.ts';
import {
  bestInterval,
  type Cluster,
  dalyInterval,
  expectedGoodput,
  goodputChart,
  goodputTable,
  rhythmOf,
  simulate,
  youngInterval,
} from '../src/index.ts';

const HOUR = 3600;
const never = Number.POSITIVE_INFINITY;
const calm: Cluster = {
  ...{ ranks: 64, rankBetweenFailures: never, checkpoint: 20, restart: 300, jitter: 0 },
  slow: { every: never, lasts: 600, factor: 1.5 },
};
const failing = { ...calm, rankBetweenFailures: 20_000 * HOUR };

describe('without failures a run is arithmetic', () => {
  it('checkpoints: every interval but the last', () => {
    const { spent, failures, goodput } = simulate(calm, 100, 1050, 1);
    expect(spent).toEqual({ useful: 1050, waiting: 0, checkpoints: 200, lost: 0, restarts: 0 });
    expect(failures).toBe(0);
    expect(goodput).toBe(1050 / 1250);
  });

  it('jitter: the mean of the largest of as many exponential numbers as ranks', () => {
    expect(harmonic(4)).toBeCloseTo(25 / 12, 12);
    const { spent } = simulate({ ...calm, jitter: 0.01 }, 100, 1000, 1);
    expect(spent.waiting / spent.useful).toBeCloseTo(0.01 * harmonic(64), 9);
  });

  it('slow ranks: a share of the time that one is slow, while steps go on at its pace', () => {
    const slow = { every: 1000 * HOUR, lasts: 600, factor: 2 };
    const { spent } = simulate({ ...calm, slow }, 1000, 4e7, 1);
    const busy = 1 - Math.exp((-64 * slow.lasts) / slow.every); // M/G/∞: nobody is slow with probability e^(−ρ)
    const all = spent.useful + spent.waiting;
    expect(spent.waiting / all).toBeCloseTo(busy / 2, 3); // at half speed half of the time is waiting
  });
});

describe('with failures', () => {
  it('what time went into adds up, and every failure costs a restart', () => {
    const { spent, failures, goodput } = simulate(failing, 2000, 1e8, 3);
    const all = Object.values(spent).reduce((a, b) => a + b, 0);
    expect(goodput).toBeCloseTo(spent.useful / all, 9);
    expect(spent.useful).toBeCloseTo(1e8, 3);
    expect(failures).toBeGreaterThan(50);
    expect(spent.restarts).toBeGreaterThan(0.99 * 300 * failures - 300);
    expect(spent.restarts).toBeLessThan(300 * failures + 1e-6);
  });

  it.each([500, 6000, 40_000])('goodput at %i s agrees with Daly’s formula', (interval) => {
    const { betweenFailures } = rhythmOf(failing);
    const { goodput } = simulate(failing, interval, 2000 * betweenFailures, 5);
    expect(goodput / expectedGoodput(rhythmOf(failing), interval)).toBeCloseTo(1, 2);
  });

  it('same seed same run; another seed another', () => {
    const [a, b, c] = [7, 7, 8].map((seed) => simulate(failing, 3000, 1e8, seed));
    expect(a).toEqual(b);
    expect(c!.spent).not.toEqual(a!.spent);
  });

  it.each([64, 512, 4096])('%i ranks: the best interval is near Daly’s, and hardly better', (ranks) => {
    const cluster = { ...failing, ranks };
    const { interval, outcome } = bestInterval(cluster, 10, 1);
    expect(interval.best / interval.daly).toBeGreaterThan(0.49);
    expect(interval.best / interval.daly).toBeLessThan(2.05);
    const rhythm = rhythmOf(cluster);
    const work = 400 * rhythm.betweenFailures;
    const atDaly = simulate(cluster, 10 * Math.round(interval.daly / 10), work, 1).goodput;
    expect(outcome.goodput - atDaly).toBeLessThan(0.002);
    expect(outcome.goodput / atDaly).toBeGreaterThanOrEqual(0.9999);
  });
});

it('the formulas: Young’s is Daly’s first term, and Daly’s never exceeds the time between failures', () => {
  const rare = { betweenFailures: 1e6, checkpoint: 1, restart: 0 };
  expect(youngInterval(rare)).toBeCloseTo(Math.sqrt(2e6), 9);
  expect(dalyInterval(rare) / youngInterval(rare)).toBeCloseTo(1, 2);
  expect(dalyInterval({ betweenFailures: 10, checkpoint: 30, restart: 0 })).toBe(10);
  // the minimum of his own model, sought by small steps
  const rhythm = { betweenFailures: 5000, checkpoint: 100, restart: 300 };
  const tried = Array.from({ length: 4000 }, (_, i) => 10 + i);
  const best = tried.reduce((a, b) => (expectedGoodput(rhythm, b) > expectedGoodput(rhythm, a) ? b : a));
  expect(dalyInterval(rhythm) / best).toBeCloseTo(1, 2);
});

it('a table and a chart, a point for each number of ranks', async () => {
  const points = [8, 64, 512].map((ranks) => bestInterval({ ...failing, ranks }, 30, 1));
  const { rows } = goodputTable(points, '');
  expect(rows.map(({ name }) => name)).toEqual(['8 ranks', '64 ranks', '512 ranks']);
  const goodputs = rows.map(({ values }) => values.goodput!);
  expect(goodputs).toEqual([...goodputs].sort((a, b) => b - a));
  const svg = await renderSvg(goodputChart(points));
  for (const text of ['ranks', 'restarts', 'checkpoints', '512']) expect(svg).toContain(text);
});
