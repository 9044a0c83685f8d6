/** @file The pictures of runs: those that hold several against each other, and those of the inside of one. */
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
import { drawFigure, type Figure } from '../draw/svg.ts';
import type { RunInput } from '../read/read-run.ts';
import { comparable, sameSchedule } from './comparable.ts';
import { type Html, html } from './html.ts';
import { figure } from './parts.ts';

/** A picture with what is said below it, or the one sentence that takes its place where there is nothing to see. */
type Captioned = { readonly name: string; readonly chart: object; readonly caption: string } | string;

export async function trainingFigures(inputs: readonly RunInput[]): Promise<Drawn> {
  const started = inputs.filter(({ run }) => run.steps.length > 0);
  if (started.length === 0) return { content: html`<p>No step has been recorded yet.</p>`, figures: [] };
  const runs = started.map(({ run }) => run);
  const clips = new Set(started.map(({ record }) => record.plan.clip));
  const gaps = comparable(started)
    .map((group) => ({ found: gapsOf(group.map(({ run }) => run)), paced: sameSchedule(group) }))
    .filter(({ found }) => found.length > 0);
  return draw([
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
  ]);
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

/** What the dots of the loss are, where there are any: a short run has one. */
function heldOutWords(inputs: readonly RunInput[]): string {
  const most = Math.max(...inputs.map(({ run }) => run.evaluations.length));
  if (most === 0) return '';
  const when = most === 1 ? 'measured once' : 'measured every so many steps and at the end';
  return `Dots: loss on held-out text, which is not trained on, ${when}; it may lie above the line, which is that of each step’s own batch. `;
}

const capital = (text: string): string => text[0]!.toUpperCase() + text.slice(1);

/** Null parts where a run has no samples or no checkpoints. */
export async function insideFigures({ run, gateUp }: RunInput, prefix: string): Promise<Drawn> {
  const captioned: Captioned[] = [];
  for (const [measured, caption] of HEAT_MAPS) {
    if (measured === 'overflows' || measured === 'underflows') {
      const quiet = quietCasts(run.tensors, measured);
      if (quiet !== null) captioned.push(quiet);
      if (quiet !== null || !run.tensors.some((tensor) => (tensor[measured] ?? 0) > 0)) continue;
    }
    // Weights are close to normal throughout; a row of them would only take room.
    const tensors =
      measured === 'kurtosis' ? run.tensors.filter(({ operand }) => operand !== 'weight') : run.tensors;
    const chart = heatMap(tensors, measured);
    if (chart) captioned.push({ name: `${prefix}${measured}`, chart, caption });
  }
  const alignment = alignmentChart(run.tensors);
  if (alignment)
    captioned.push({
      name: `${prefix}alignment`,
      chart: alignment,
      caption:
        'The paper’s Theorem 1: with weight decay, at a stationary point whose gate is saturated, the two vectors of a channel point the same or the opposite way. SwiGLU is then quadratic, and the channel’s output can be huge.',
    });
  if (gateUp.length > 0)
    captioned.push({
      name: `${prefix}gate-up`,
      chart: gateUpChart(gateUp),
      caption: `The paper shows such a scatter of an outlier channel early and late in training; aligned vectors lie on the dashed line.${gateUp.length > 1 ? ' Early is the oldest checkpoint that was kept.' : ''}`,
    });
  return draw(captioned);
}

export interface Drawn {
  readonly content: Html;
  readonly figures: readonly Figure[];
}

async function draw(captioned: readonly Captioned[]): Promise<Drawn> {
  const figures: Figure[] = [];
  const content: Html[] = [];
  for (const one of captioned) {
    if (typeof one === 'string') {
      content.push(html`<p class="quiet">${capital(one)}.</p>\n`);
      continue;
    }
    const { name, chart, caption } = one;
    const drawn = await drawFigure(name, chart);
    figures.push(drawn);
    content.push(figure(drawn, caption === '' ? null : caption));
  }
  return { content: html`${content}`, figures };
}
