import { createReferenceDevice } from '@octavo/kernels';
import { afterAll, describe, expect, it } from 'vitest';
import { fullWatch, memoryParts, studyWatch, type WatchSettings } from '../src/index.ts';
import { falseAlarmsOf, leadsOf, leadTo, type NamedRun, nearest, pairedRuns } from '../src/watch/results.ts';
import type { Alarm } from '../src/watch/train.ts';
import { textWithRareByte, tinyStudy } from './support.ts';

const device = createReferenceDevice();
afterAll(() => device.destroy());

const { model, batch, sequence, baseSteps } = tinyStudy;
const tiny: WatchSettings = {
  ...fullWatch,
  ...{ model, batch, sequence, baseSteps, steps: 20, spikeEvery: 18 },
  ...{ failing: ['fp8'], healthy: ['fp8'], healthySteps: 2, scratchSteps: 2, alignedSteps: 2 },
};
const options = { settings: tiny, seeds: [1], device, bytes: textWithRareByte() };

describe('studyWatch', () => {
  it('warns of the planted channels in the first step, smooths them under switch, and goes on from parts', {
    tags: 'slow',
  }, async () => {
    const parts = memoryParts();
    const { tables, charts, summary } = await studyWatch({ ...options, parts });
    const rows = (name: string) => tables[name]!.toArray().map((row) => row.toJSON());
    const first = rows('alarms').filter(({ arm, step }) => arm === 'aged' && step === 1);
    expect(first.filter(({ rule }) => rule === 'alignment').map(({ layer }) => layer)).toEqual([0, 1]);
    expect(new Set(first.map(({ site, operand }) => `${site} ${operand}`))).toEqual(new Set(['down input']));
    expect(rows('alarms').filter(({ arm, switched }) => arm === 'aged' && switched)).toEqual([]);
    const switched = rows('alarms').filter((row) => row.arm === 'switch' && row.switched);
    expect(new Set(switched.map(({ step, layer }) => `${step} ${layer}`))).toEqual(new Set(['1 0', '1 1']));

    // A run whose layers were all switched at its first step is the run of the recipe that smooths them all.
    const losses = (arm: string, recipe: string) =>
      rows('losses').flatMap((row) => (row.arm === arm && row.recipe === recipe ? [row.loss] : []));
    expect(losses('switch', 'fp8')).toHaveLength(tiny.steps);
    expect(losses('switch', 'fp8')).toEqual(losses('aged', 'fp8-smooth'));

    expect(rows('leads').map(({ rule }) => rule)).toContain('overshoot');
    expect(rows('falseAlarms').map(({ arm, steps }) => [arm, steps])).toEqual([
      ['aged', 20],
      ['base', 2],
      ['scratch', 2],
      ['aligned', 2],
    ]);
    expect(Object.keys(charts)).toEqual(['timeline', 'margins']); // no loss moved so far that there is a lead
    expect(JSON.parse(JSON.stringify(charts))).toEqual(charts);
    const resumed = await studyWatch({
      ...options,
      parts: { ...parts, write: () => Promise.reject(new Error('computed again')) },
    });
    expect(resumed.summary).toEqual(summary);
  });

  it('leaves nothing on the device', async () => {
    const { live } = device.memory();
    const settings = { ...tiny, steps: 2, spikeEvery: 2, baseSteps: 1 };
    await studyWatch({ ...options, settings, parts: memoryParts() });
    expect(device.memory().live).toBe(live);
  });
});

describe('leads and false alarms', () => {
  const alarm = (step: number, rule: Alarm['rule']): Alarm => ({
    ...{ step, rule, layer: 1, site: 'down', operand: 'input', value: 9, limit: 4, switched: false },
  });
  const run = (
    arm: NamedRun['arm'],
    recipe: string,
    losses: number[],
    alarms: NamedRun['alarms'] = [],
  ): NamedRun => ({ seed: 1, arm, recipe, losses, alarms, nearness: [] });
  const runs = [
    run('aged', 'bf16', [1, 1, 1, 1]),
    run(
      'aged',
      'fp8',
      [1, 1, 1.1, 1.2],
      [alarm(2, 'overshoot'), alarm(3, 'overshoot'), alarm(4, 'kurtosis')],
    ),
    run('base', 'fp8', [1, 1, 1], [alarm(2, 'overshoot'), alarm(2, 'kurtosis')]),
  ];
  const settings = { ...tiny, moved: 0.05, broken: 0.15 };

  it('a lead runs from the first alarm to the first step whose gap is too large', () => {
    const [fp8] = pairedRuns(settings, runs);
    expect([fp8!.movedAt, fp8!.brokeAt]).toEqual([3, 4]);
    expect([fp8!.lastGap, fp8!.largestGap].map((v) => Number(v.toFixed(6)))).toEqual([0.15, 0.2]);
    const leads = leadsOf(settings, [fp8!]);
    const to = (event: 'movedAt' | 'brokeAt') =>
      Object.fromEntries(leads.map((lead) => [lead.rule, leadTo(lead, lead[event])]));
    expect(to('movedAt')).toMatchObject({ overshoot: 1, kurtosis: -1, alignment: null });
    expect(to('brokeAt')).toMatchObject({ overshoot: 2, kurtosis: 0, alignment: null });
  });

  it('the nearest that a rule came to its limit, over some steps', () => {
    const near = {
      ...run('base', 'fp8', [1, 1, 1]),
      nearness: [{ overshoot: 2 }, { overshoot: 0.5, range: 1 }, {}],
    };
    expect(nearest(near, 'overshoot', 1, 3)).toBe(2);
    expect(nearest(near, 'overshoot', 2, 3)).toBe(0.5);
    expect(nearest(near, 'kurtosis', 1, 3)).toBeNull();
  });

  it('steps count once, however many rules speak', () => {
    expect(falseAlarmsOf(runs)).toMatchObject([
      { arm: 'base', steps: 3, any: 1, byRule: { overshoot: 1, kurtosis: 1, range: 0 } },
    ]);
  });
});
