/** @file What a report says of runs: what stands out, several held against each other where they may be, the inside of each. */
import { findingsOf } from '../charts/findings.ts';
import {
  alignmentChart,
  gapChart,
  gapsOf,
  gateUpChart,
  heatMap,
  lossChart,
  type Measured,
  quietCasts,
  scheduleChart,
} from '../charts/index.ts';
import type { RunInput } from '../read/read-run.ts';
import { html } from './html.ts';
import { findings, type Picture, type Section } from './parts.ts';
import { runsTable } from './runs-table.ts';
import { settingsTable } from './settings-table.ts';

export function runSections(inputs: readonly RunInput[]): Section[] {
  if (inputs.length === 0) return [];
  const several = inputs.length > 1;
  return [
    {
      id: 'findings',
      title: 'What stands out',
      content: inputs.map(({ run, notes }) => {
        const leftOut = notes.map((text) => ({ kind: 'look' as const, text: `Left out: ${text}` }));
        return html`${several ? html`<h3>${run.name}</h3>` : null}${findings([...findingsOf(run), ...leftOut])}`;
      }),
    },
    { id: 'training', title: 'Training', content: [runsTable(inputs), ...trainingOf(inputs)] },
    ...inputs.map((input, i) => ({
      id: `inside-${i + 1}`,
      title: several ? `Inside ${input.run.name}` : 'Inside the model',
      content: insideOf(input, several ? `${i + 1}-` : ''),
    })),
    { id: 'settings', title: 'Settings', content: [settingsTable(inputs)] },
  ];
}

function trainingOf(inputs: readonly RunInput[]): Section['content'] {
  const started = inputs.filter(({ run }) => run.steps.length > 0);
  if (started.length === 0) return [html`<p>No step has been recorded yet.</p>`];
  const runs = started.map(({ run }) => run);
  const clips = new Set(started.map(({ record }) => record.plan.clip));
  const gaps = comparable(started)
    .map((group) => ({ found: gapsOf(group.map(({ run }) => run)), paced: sameSchedule(group) }))
    .filter(({ found }) => found.length > 0);
  return [
    {
      name: 'loss',
      chart: lossChart(runs),
      caption: `${heldOutWords(started)}In the paper (Llama2 7B) FP8 follows BF16 for about 200 billion tokens, then spikes and diverges; with the SwiGLU output in BF16, or with Smooth-SwiGLU, it does not.`,
    },
    ...gaps.map(({ found, paced }, i) => ({
      name: i === 0 ? 'gap' : `gap-${i + 1}`,
      chart: gapChart(found),
      caption: !paced
        ? 'Up to where the shorter run ends. The runs were to have another number of steps, so their learning rates differ at the same step, and with them their losses, whatever the recipe.'
        : found.every(({ paired }) => paired)
          ? 'Runs of one seed begin with the same weights and see the same batches. What is left is the recipe’s doing, and the drift that any other rounding would bring: octavo study recipes measures it.'
          : 'Runs of different seeds see other batches: their gap is mostly noise from step to step, and only its mean says something.',
    })),
    { name: 'schedule', chart: scheduleChart(runs, clips.size === 1 ? [...clips][0]! : 0), caption: '' },
  ];
}

/** What the dots of the loss are, where there are any: a short run has one. */
function heldOutWords(inputs: readonly RunInput[]): string {
  const most = Math.max(...inputs.map(({ run }) => run.evaluations.length));
  if (most === 0) return '';
  const when = most === 1 ? 'measured once' : 'measured every so many steps and at the end';
  return `Dots: loss on held-out text, which is not trained on, ${when}; it may lie above the line, which is that of each step’s own batch. `;
}

const HEAT_MAPS: readonly (readonly [measured: Measured, caption: string])[] = [
  [
    'amax',
    'The paper shows the largest activation of every layer early and late in training: late, aligned SwiGLU channels give sporadic, huge outliers.',
  ],
  ['overflows', 'What a saturating cast clips: values larger than the scale expected.'],
  ['underflows', 'What becomes zero: the price of a scale that a single outlier has made too small.'],
  ['kurtosis', ''],
];

/** What was sampled of a run, and its gate and up vectors where it has checkpoints. `prefix` is that of the pictures' names. */
function insideOf({ run, record, gateUp }: RunInput, prefix: string): Section['content'] {
  const picture = (name: string, chart: object | null, caption: string): Picture[] =>
    chart ? [{ name: `${prefix}${name}`, chart, caption }] : [];
  const never = record.plan.sampleEvery === 0 ? ': the run was told not to' : ' yet';
  return [
    ...(run.tensors.length === 0 ? [html`<p>No tensor has been sampled${never}.</p>`] : []),
    ...HEAT_MAPS.flatMap(([measured, caption]): Section['content'] => {
      if (measured === 'overflows' || measured === 'underflows') {
        const quiet = quietCasts(run.tensors, measured);
        if (quiet !== null) return [html`<p class="quiet">${capital(quiet)}.</p>\n`];
        if (!run.tensors.some((tensor) => (tensor[measured] ?? 0) > 0)) return [];
      }
      // Weights are close to normal throughout; a row of them would only take room.
      const tensors =
        measured === 'kurtosis' ? run.tensors.filter(({ operand }) => operand !== 'weight') : run.tensors;
      return picture(measured, heatMap(tensors, measured), caption);
    }),
    ...picture(
      'alignment',
      alignmentChart(run.tensors),
      'The paper’s Theorem 1: with weight decay, at a stationary point whose gate is saturated, the two vectors of a channel point the same or the opposite way. SwiGLU is then quadratic, and the channel’s output can be huge.',
    ),
    ...picture(
      'gate-up',
      gateUp.length > 0 ? gateUpChart(gateUp) : null,
      `The paper shows such a scatter of an outlier channel early and late in training; aligned vectors lie on the dashed line.${gateUp.length > 1 ? ' Early is the oldest checkpoint that was kept.' : ''}`,
    ),
  ];
}

const capital = (text: string): string => text[0]!.toUpperCase() + text.slice(1);

/** Groups of at least two, in the order of the runs. */
function comparable(inputs: readonly RunInput[]): (readonly RunInput[])[] {
  const groups = new Map<string, RunInput[]>();
  for (const input of inputs) {
    const key = keyOf(input);
    groups.set(key, [...(groups.get(key) ?? []), input]);
  }
  return [...groups.values()].filter((group) => group.length > 1);
}

/** Whether the learning rate of every step is the same: runs of unequal length rise and fall at their own pace. */
const sameSchedule = (inputs: readonly RunInput[]): boolean =>
  new Set(inputs.map(({ record }) => JSON.stringify(record.plan.schedule))).size === 1;

/** What decides the loss of a step, but for recipe, seed and the steps that the run was to have. */
function keyOf({ record: { plan, settings } }: RunInput): string {
  const { model, batch, accumulation, sequence, schedule, adam, clip } = plan;
  const { kind, peak } = schedule;
  const shape = Object.entries(model).sort(([a], [b]) => (a < b ? -1 : 1));
  return JSON.stringify([shape, batch, accumulation, sequence, kind, peak, adam, clip, settings.data]);
}
