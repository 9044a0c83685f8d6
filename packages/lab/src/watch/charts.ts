/** @file The study's pictures as Vega-Lite specifications. */
import { below, overSteps, panel, picture, quantity, shaded } from '../charts/frame.ts';
import { dots, INK, layer, ruleAt, spikeRules, zeroLine } from '../charts/layers.ts';
import { where } from '../engine/rows.ts';
import {
  isHealthy,
  type Lead,
  leadTo,
  type NamedRun,
  nearest,
  type PairedRun,
  ruleNames,
} from './results.ts';
import type { WatchSettings } from './settings.ts';

const red = '#cf222e';
const yellow = '#bf8700';
const blue = '#1f6feb';
const ruleAxis = {
  ...{ field: 'rule', type: 'nominal', title: null },
  scale: { domain: ruleNames },
  axis: { grid: true },
};

export const chartsOf = (
  settings: WatchSettings,
  paired: readonly PairedRun[],
  leads: readonly Lead[],
  runs: readonly NamedRun[],
): Record<string, object> => ({
  timeline: timeline(settings, paired),
  ...leadChart(settings, leads),
  margins: marginChart(settings, runs),
});

/** How the runs of a failing recipe are called, and their colours: the failing one warm. */
const lines = {
  aged: 'warned only',
  unsampled: 'switch, by maxima alone',
  switch: 'switch, all rules',
} as const;
const lineColours = { [lines.aged]: red, [lines.unsampled]: yellow, [lines.switch]: blue };

/** The first seed: which rule spoke when, above what the loss did. */
function timeline(settings: WatchSettings, paired: readonly PairedRun[]): object {
  const { failing, steps } = settings;
  const recipe = failing[0]!;
  const seed = paired[0]!.seed;
  const own = where(paired, { seed, recipe });
  const warned = where(own, { arm: 'aged' })[0]!;
  const spoken = warned.alarms.map(({ rule, step }) => ({ rule, step }));
  const early = spoken.length > 0 && warned.brokeAt !== null && spoken[0]!.step < warned.brokeAt;
  const mended = own.every(({ arm, brokeAt }) => arm === 'aged' || brokeAt === null);
  const curves = (Object.keys(lines) as (keyof typeof lines)[]).flatMap((arm) =>
    where(own, { arm }).flatMap(({ gaps }) => gaps.map((gap, i) => ({ run: lines[arm], step: i + 1, gap }))),
  );
  const x = { ...overSteps(), scale: { domain: [0, steps + 1], nice: false } };
  const spikes = spikeRules(settings, x);
  const unnamed = { ...x, title: null, axis: { labels: false, ticks: false } };
  const y = quantity('gap', { title: 'loss less bf16’s, nats per byte', scale: { nice: true } });
  const color = shaded('run', lineColours, below({ labelLimit: 300 }));
  return picture(
    early && mended
      ? `The watch names SwiGLU's output before ${recipe} breaks, and a smoothed layer does not break`
      : `What the watch says of ${recipe}, and what its loss does`,
    `seed ${seed}, from the aged checkpoint; a mark: a rule speaks in the run that is only warned; dashed: steps with the rare byte`,
    {
      spacing: 10,
      bounds: 'flush',
      vconcat: [
        panel(640, 120, [
          spikes,
          layer({ type: 'tick', thickness: 2, size: 12, ...INK }, { x: unnamed, y: ruleAxis }, spoken),
        ]),
        panel(640, 220, [spikes, layer({ type: 'line', strokeWidth: 1.8 }, { x, y, color }, curves)]),
      ],
    },
  );
}

/** A mark a seed: how many steps before each event a rule spoke. Nothing where no loss moved. */
function leadChart({ moved, broken }: WatchSettings, leads: readonly Lead[]): Record<string, object> {
  const events = { [`gap above ${moved}`]: 'movedAt', [`gap above ${broken}`]: 'brokeAt' } as const;
  const order = Object.keys(events);
  const values = leads.flatMap((lead) =>
    Object.entries(events).flatMap(([event, at]) => {
      const steps = leadTo(lead, lead[at]);
      return steps === null ? [] : [{ recipe: lead.recipe, rule: lead.rule, seed: lead.seed, event, steps }];
    }),
  );
  if (values.length === 0) return {};
  const leadsChart = picture(
    'How many steps before the loss each rule speaks',
    'from its first alarm to the event; a dot a seed; at or left of 0: too late; no dot: it never spoke',
    {
      data: { values },
      facet: { row: { field: 'recipe', type: 'nominal', title: null, header: { labelFontSize: 12 } } },
      spec: panel(560, { step: 9 }, [
        zeroLine('x', { color: '#57606a' }),
        dots(
          { size: 60, opacity: 0.75 },
          {
            x: quantity('steps', { title: 'steps of lead' }),
            y: ruleAxis,
            yOffset: { field: 'event', type: 'nominal', sort: order },
            color: shaded('event', { [order[0]!]: yellow, [order[1]!]: red }, below({ title: 'before' })),
          },
        ),
      ]),
    },
  );
  return { leads: leadsChart };
}

const SOUND = 'does not fail';
const BEFORE = 'fails, before the first spike';
const AFTER = 'fails, from the first spike on';
const groups = { [SOUND]: blue, [BEFORE]: yellow, [AFTER]: red };

/** How near to its limit each rule comes: in runs that do not fail, and in those that do, before their first spike and after. */
function marginChart({ failing, spikeEvery, steps }: WatchSettings, runs: readonly NamedRun[]): object {
  const values = runs.flatMap((run) => {
    const point = (group: string, from: number, to: number) =>
      ruleNames.flatMap((rule) => {
        const value = nearest(run, rule, from, to);
        if (value === null || value <= 0) return [];
        return [{ group, rule, value, run: `${run.arm}, ${run.recipe}, seed ${run.seed}` }];
      });
    if (isHealthy(run)) return point(SOUND, 1, run.losses.length);
    if (run.arm !== 'aged' || !failing.includes(run.recipe)) return [];
    return [...point(BEFORE, 1, spikeEvery - 1), ...point(AFTER, spikeEvery, steps)];
  });
  const x = quantity('value', {
    title: 'measure / limit',
    scale: { type: 'log' },
    axis: { format: '~g', tickCount: 6 },
  });
  return picture(
    where(values, { group: SOUND }).every(({ value }) => value <= 1)
      ? 'Runs that do not fail stay below every limit; which rules tell those that will'
      : 'Some runs that do not fail pass a limit, too',
    'the largest measure of each run over the rule’s limit, a dot a run; right of the line a rule speaks',
    panel(600, { step: 11 }, [
      ruleAt(x, 1, { ...INK, strokeWidth: 1.5 }),
      dots(
        { size: 45, opacity: 0.6 },
        {
          x,
          y: ruleAxis,
          yOffset: { field: 'group', type: 'nominal', sort: Object.keys(groups) },
          color: shaded('group', groups, below({ title: 'a run that', labelLimit: 300 })),
        },
        values,
      ),
    ]),
  );
}
