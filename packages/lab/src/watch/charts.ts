/** @file The study's pictures as Vega-Lite specifications. */
import { frame } from '../charts.ts';
import { type FalseAlarms, type Lead, type PairedRun, ruleNames } from './leads.ts';
import type { WatchSettings } from './settings.ts';

const subtitleColor = '#57606a';

/** How the runs of a failing recipe are called in the pictures, and their colours: the failing one warm. */
const runs = {
  aged: { name: 'warned only', colour: '#cf222e' },
  unsampled: { name: 'switch, by maxima alone', colour: '#bf8700' },
  switch: { name: 'switch, all rules', colour: '#1f6feb' },
} as const;
const runColour = {
  field: 'run',
  type: 'nominal',
  scale: { domain: Object.values(runs).map((r) => r.name), range: Object.values(runs).map((r) => r.colour) },
  legend: { title: null, orient: 'top' },
};

export const chartsOf = (
  settings: WatchSettings,
  paired: readonly PairedRun[],
  leads: readonly Lead[],
  falseAlarms: readonly FalseAlarms[],
): Record<string, object> => ({
  timeline: timeline(settings, paired),
  leads: leadChart(settings, leads),
  alarms: falseAlarmChart(falseAlarms),
});

/** The first seed: which rule spoke when, above what the loss did. */
function timeline(
  { failing, steps, spikeEvery, moved }: WatchSettings,
  paired: readonly PairedRun[],
): object {
  const recipe = failing[0]!;
  const seed = paired[0]!.seed;
  const own = paired.filter((run) => run.seed === seed && run.recipe === recipe);
  const spoken = own
    .find(({ arm }) => arm === 'aged')!
    .alarms.map(({ rule, step, layer }) => ({
      ...{ rule, step, layer: `layer ${layer}` },
    }));
  const spikes = {
    data: {
      values: Array.from({ length: Math.floor(steps / spikeEvery) }, (_, i) => ({
        step: (i + 1) * spikeEvery,
      })),
    },
    mark: { type: 'rule', strokeDash: [4, 4], color: '#afb8c1' },
    encoding: { x: { field: 'step', type: 'quantitative' } },
  };
  const x = { field: 'step', type: 'quantitative', title: 'step', scale: { domain: [0, steps] } };
  return frame({
    title: {
      text: `The watch names SwiGLU's output before ${recipe}'s loss moves, and a smoothed layer does not break`,
      subtitle: `seed ${seed}, from the aged checkpoint; dashed: steps with the rare byte; a mark: a rule speaks`,
      subtitleColor,
    },
    vconcat: [
      {
        width: 640,
        height: 130,
        layer: [
          spikes,
          {
            data: { values: spoken },
            mark: { type: 'tick', thickness: 2, size: 12, color: '#24292f' },
            encoding: {
              x: { ...x, title: null },
              y: {
                field: 'rule',
                type: 'nominal',
                title: null,
                scale: { domain: ruleNames },
                axis: { grid: true },
              },
            },
          },
        ],
      },
      {
        width: 640,
        height: 220,
        layer: [
          spikes,
          {
            data: { values: [{ gap: moved }] },
            mark: { type: 'rule', color: '#57606a', strokeWidth: 0.7 },
            encoding: { y: { field: 'gap', type: 'quantitative' } },
          },
          {
            data: {
              values: own.flatMap(({ arm, gaps }) =>
                gaps.map((gap, i) => ({ run: runs[arm as keyof typeof runs].name, step: i + 1, gap })),
              ),
            },
            mark: { type: 'line', strokeWidth: 1.8 },
            encoding: {
              x,
              y: { field: 'gap', type: 'quantitative', title: 'loss less that of bf16, nats per byte' },
              color: runColour,
            },
          },
        ],
      },
    ],
  });
}

/** A dot a seed: how many steps before the loss each rule spoke. */
function leadChart({ moved }: WatchSettings, leads: readonly Lead[]): object {
  const values = leads
    .filter(({ lead }) => lead !== null)
    .map(({ seed, recipe, rule, lead }) => ({ seed, recipe, rule, lead }));
  return frame({
    title: {
      text: 'How many steps before the loss each rule speaks',
      subtitle: `steps from its first alarm to a gap above ${moved}; dots: seeds; at or left of 0: too late; no dot: it never spoke`,
      subtitleColor,
    },
    data: { values },
    facet: { row: { field: 'recipe', type: 'nominal', title: null, header: { labelFontSize: 12 } } },
    spec: {
      width: 560,
      height: { step: 22 },
      layer: [
        { mark: { type: 'rule', color: '#57606a' }, encoding: { x: { datum: 0 } } },
        {
          mark: { type: 'point', filled: true, size: 60, opacity: 0.7, color: '#1f6feb' },
          encoding: {
            x: { field: 'lead', type: 'quantitative', title: 'steps' },
            y: {
              field: 'rule',
              type: 'nominal',
              title: null,
              scale: { domain: ruleNames },
              axis: { grid: true },
            },
          },
        },
      ],
    },
  });
}

/** Share of the steps of healthy runs at which each rule spoke. */
function falseAlarmChart(falseAlarms: readonly FalseAlarms[]): object {
  const groups = [...new Set(falseAlarms.map(({ arm, recipe }) => `${arm}, ${recipe}`))];
  const values = groups.flatMap((run) => {
    const own = falseAlarms.filter(({ arm, recipe }) => `${arm}, ${recipe}` === run);
    const steps = own.reduce((n, f) => n + f.steps, 0);
    return ruleNames.map((rule) => ({
      ...{ run, rule },
      rate: (1000 * own.reduce((n, f) => n + f.byRule[rule], 0)) / steps,
    }));
  });
  const encoding = {
    x: {
      field: 'rule',
      type: 'nominal',
      sort: ruleNames,
      title: null,
      axis: { labelAngle: 0, orient: 'top' },
    },
    y: { field: 'run', type: 'nominal', sort: groups, title: null },
  };
  return frame({
    title: {
      text: 'False alarms: steps of 1,000 at which a rule speaks in runs that do not fail',
      subtitle: 'all seeds together',
      subtitleColor,
    },
    width: { step: 90 },
    height: { step: 26 },
    data: { values },
    layer: [
      {
        mark: 'rect',
        encoding: {
          ...encoding,
          color: {
            field: 'rate',
            type: 'quantitative',
            scale: { domain: [0, 1000], scheme: 'orangered', type: 'sqrt' },
            legend: null,
          },
        },
      },
      {
        mark: { type: 'text', fontSize: 12 },
        encoding: {
          ...encoding,
          text: { field: 'rate', type: 'quantitative', format: '.3~r' },
          color: { condition: { test: 'datum.rate > 400', value: 'white' }, value: '#24292f' },
        },
      },
    ],
  });
}
