/** @file The study's pictures as Vega-Lite specifications. */
import { frame, overSteps } from '../charts/parts.ts';
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

const grey = '#57606a';
const red = '#cf222e';
const blue = '#1f6feb';
const title = (text: string, subtitle: string) => ({ text, subtitle });
const ruleAxis = {
  field: 'rule',
  type: 'nominal',
  title: null,
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
const lines = [
  { arm: 'aged', name: 'warned only', colour: red },
  { arm: 'unsampled', name: 'switch, by maxima alone', colour: '#bf8700' },
  { arm: 'switch', name: 'switch, all rules', colour: blue },
] as const;

/** The first seed: which rule spoke when, above what the loss did. */
function timeline(settings: WatchSettings, paired: readonly PairedRun[]): object {
  const { failing, steps, spikeEvery } = settings;
  const recipe = failing[0]!;
  const seed = paired[0]!.seed;
  const own = paired.filter((run) => run.seed === seed && run.recipe === recipe);
  const warned = own.find(({ arm }) => arm === 'aged')!;
  const spoken = warned.alarms.map(({ rule, step }) => ({ rule, step }));
  const early = spoken.length > 0 && warned.brokeAt !== null && spoken[0]!.step < warned.brokeAt;
  const mended = own.every(({ arm, brokeAt }) => arm === 'aged' || brokeAt === null);
  const curves = lines.flatMap(({ arm, name }) =>
    own
      .filter((run) => run.arm === arm)
      .flatMap(({ gaps }) => gaps.map((gap, i) => ({ run: name, step: i + 1, gap }))),
  );
  const x = { ...overSteps(), scale: { domain: [0, steps + 1], nice: false } };
  const spikes = {
    data: {
      values: Array.from({ length: Math.floor(steps / spikeEvery) }, (_, i) => ({
        step: (i + 1) * spikeEvery,
      })),
    },
    mark: { type: 'rule', strokeDash: [4, 4], color: '#afb8c1' },
    encoding: { x },
  };
  return frame({
    title: title(
      early && mended
        ? `The watch names SwiGLU's output before ${recipe} breaks, and a smoothed layer does not break`
        : `What the watch says of ${recipe}, and what its loss does`,
      `seed ${seed}, from the aged checkpoint; a mark: a rule speaks in the run that is only warned; dashed: steps with the rare byte`,
    ),
    spacing: 10,
    bounds: 'flush',
    vconcat: [
      {
        width: 640,
        height: 120,
        layer: [
          spikes,
          {
            data: { values: spoken },
            mark: { type: 'tick', thickness: 2, size: 12, color: '#24292f' },
            encoding: { x: { ...x, title: null, axis: { labels: false, ticks: false } }, y: ruleAxis },
          },
        ],
      },
      {
        width: 640,
        height: 220,
        layer: [
          spikes,
          {
            data: { values: curves },
            mark: { type: 'line', strokeWidth: 1.8 },
            encoding: {
              x,
              y: {
                field: 'gap',
                type: 'quantitative',
                title: 'loss less bf16’s, nats per byte',
                scale: { nice: true },
              },
              color: {
                field: 'run',
                type: 'nominal',
                scale: { domain: lines.map((l) => l.name), range: lines.map((l) => l.colour) },
                legend: { title: null, orient: 'bottom', labelLimit: 300 },
              },
            },
          },
        ],
      },
    ],
  });
}

/** A mark a seed: how many steps before each event a rule spoke. Nothing where no loss moved. */
function leadChart({ moved, broken }: WatchSettings, leads: readonly Lead[]): Record<string, object> {
  const events = [
    { event: `gap above ${moved}`, colour: '#bf8700', of: (lead: Lead) => lead.movedAt },
    { event: `gap above ${broken}`, colour: red, of: (lead: Lead) => lead.brokeAt },
  ];
  const values = leads.flatMap((lead) =>
    events.flatMap(({ event, of }) => {
      const steps = leadTo(lead, of(lead));
      return steps === null ? [] : [{ recipe: lead.recipe, rule: lead.rule, seed: lead.seed, event, steps }];
    }),
  );
  if (values.length === 0) return {};
  const chart = frame({
    title: title(
      'How many steps before the loss each rule speaks',
      'from its first alarm to the event; a dot a seed; at or left of 0: too late; no dot: it never spoke',
    ),
    data: { values },
    facet: { row: { field: 'recipe', type: 'nominal', title: null, header: { labelFontSize: 12 } } },
    spec: {
      width: 560,
      height: { step: 9 },
      layer: [
        { mark: { type: 'rule', color: grey }, encoding: { x: { datum: 0 } } },
        {
          mark: { type: 'point', filled: true, size: 60, opacity: 0.75 },
          encoding: {
            x: { field: 'steps', type: 'quantitative', title: 'steps of lead' },
            y: ruleAxis,
            yOffset: { field: 'event', type: 'nominal', sort: events.map((e) => e.event) },
            color: {
              field: 'event',
              type: 'nominal',
              scale: { domain: events.map((e) => e.event), range: events.map((e) => e.colour) },
              legend: { title: 'before', orient: 'bottom' },
            },
          },
        },
      ],
    },
  });
  return { leads: chart };
}

/** How near to its limit each rule comes: in runs that do not fail, and in those that do, before their first spike and after. */
function marginChart({ failing, spikeEvery, steps }: WatchSettings, runs: readonly NamedRun[]): object {
  const groups = [
    { group: 'does not fail', colour: blue },
    { group: 'fails, before the first spike', colour: '#bf8700' },
    { group: 'fails, from the first spike on', colour: red },
  ];
  const values = runs.flatMap((run) => {
    const point = (group: string, from: number, to: number) =>
      ruleNames.flatMap((rule) => {
        const value = nearest(run, rule, from, to);
        return value === null || value <= 0
          ? []
          : [{ group, rule, value, run: `${run.arm}, ${run.recipe}, seed ${run.seed}` }];
      });
    if (isHealthy(run)) return point('does not fail', 1, run.losses.length);
    if (run.arm !== 'aged' || !failing.includes(run.recipe)) return [];
    return [
      ...point('fails, before the first spike', 1, spikeEvery - 1),
      ...point('fails, from the first spike on', spikeEvery, steps),
    ];
  });
  const x = {
    field: 'value',
    type: 'quantitative',
    title: 'measure / limit',
    scale: { type: 'log' },
    axis: { format: '~g', tickCount: 6 },
  };
  return frame({
    title: title(
      values.every(({ group, value }) => group !== groups[0]!.group || value <= 1)
        ? 'Runs that do not fail stay below every limit; which rules tell those that will'
        : 'Some runs that do not fail pass a limit, too',
      'the largest measure of each run over the rule’s limit, a dot a run; right of the line a rule speaks',
    ),
    width: 600,
    height: { step: 11 },
    layer: [
      {
        data: { values: [{ value: 1 }] },
        mark: { type: 'rule', color: '#24292f', strokeWidth: 1.5 },
        encoding: { x },
      },
      {
        data: { values },
        mark: { type: 'point', filled: true, size: 45, opacity: 0.6 },
        encoding: {
          x,
          y: ruleAxis,
          yOffset: { field: 'group', type: 'nominal', sort: groups.map((g) => g.group) },
          color: {
            field: 'group',
            type: 'nominal',
            scale: { domain: groups.map((g) => g.group), range: groups.map((g) => g.colour) },
            legend: { title: 'a run that', orient: 'bottom', labelLimit: 300 },
          },
        },
      },
    ],
  });
}
