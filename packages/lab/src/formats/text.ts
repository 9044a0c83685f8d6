/** @file The study in a page, for people. */
import { each, page, table } from '../engine/markdown.ts';
import { median, sideBySide } from '../engine/numbers.ts';
import { distinct, where } from '../engine/rows.ts';
import { claimSection } from '../engine/statements.ts';
import type { Claim } from '../engine/study.ts';
import { nameOfFormat } from './casts.ts';
import { swigluScalings } from './charts/aged.ts';
import { percent, type Scaling } from './charts/parts.ts';
import { nameOfBatch, worstTensors } from './charts/tensors.ts';
import { totals } from './charts/what-if.ts';
import { type CastRow, least, type RunFindings } from './results.ts';
import type { FormatsSettings } from './settings.ts';
import { recordedEvery, seriesOf, WASTED_BITS } from './what-if.ts';

export function markdownOf(
  settings: FormatsSettings,
  rows: readonly CastRow[],
  claims: readonly Claim[],
  run: RunFindings | null,
): string {
  return page(
    ...(run ? aboutRun(settings, run) : aboutModels(settings, rows)),
    ...medians(rows, run ? 'run' : 'base'),
    ...(run ? [] : swiglu(rows)),
    ...worstList(rows, run ? 'run' : 'aged'),
    ...(run ? whatIfTable(run) : []),
    ...claimSection(claims, (value) => Number(value.toPrecision(3)).toString()),
  );
}

const NOTES = [
  'Underflowed: not zero before the cast, zero after it; clipped: beyond the largest value. SQNR is signal to quantisation',
  'noise over a whole tensor; where one huge element would hide what happens to the others, the SQNR of the median row',
  '(a token, or a weight’s output) stands. MX scales are rounded so that nothing is clipped.',
];

function aboutModels(settings: FormatsSettings, rows: readonly CastRow[]): string[] {
  const seeds = distinct(rows, 'seed');
  const { baseSteps, history, tokens, peak, rescale, activations } = settings;
  return [
    '# Formats, granularities and policies on the tensors of a trained model',
    `Every linear’s input, weight and output gradient, captured in ${activations} from a model trained for ${baseSteps} steps (\`base\`)`,
    `and from the same one aged: one SwiGLU channel of each layer is planted, which puts out ${peak.toExponential()} on a rare byte, and`,
    `the others are made ${rescale} times smaller, their columns of \`down\` as much larger. Nothing of it grew by itself.`,
    `Two batches of ${tokens} tokens: one with the rare byte, after ${history} without it, and the next one; delayed scales remember`,
    `${history} batches. Weights do not move here: a delayed scale of theirs would be the current one. Seeds ${seeds.join(', ')}.`,
    '',
    ...NOTES,
  ];
}

function aboutRun({ history, tokens }: FormatsSettings, { run, rows }: RunFindings): string[] {
  const { name, step, seed, activations } = run;
  const every = recordedEvery(seriesOf(run.tensors));
  const counted = rows.reduce((most, row) => Math.max(most, row.counted), 0);
  return [
    `# Formats, granularities and policies: what if, for ${name}`,
    `Tensors: every linear’s input, weight and output gradient at step ${step} (seed ${seed}), captured in ${activations} without casts on`,
    `the first ${tokens} tokens of a batch of the run’s text, after ${history} batches that delayed scales remember.`,
    `Recorded: ${counted} steps of each tensor, ${every === 1 ? 'every step' : `one step in ${every}`}; a history of n steps holds ⌈n / ${every}⌉ of them.`,
    '',
    ...NOTES,
  ];
}

function medians(rows: readonly CastRow[], model: 'base' | 'run'): string[] {
  const formats = ['e4m3fn', 'e4m3', 'e4m3fnuz', 'e5m2', 'e5m2fnuz', 'e2m1'];
  const sqnr = (wanted: Partial<CastRow>): string =>
    median(where(rows, { model, ...wanted }).map((row) => row.sqnr)).toFixed(1);
  const cell = (format: string, operand: CastRow['operand']): string => {
    const tensor =
      format === 'e2m1' ? '–' : sqnr({ operand, format, granularity: 'tensor', policy: 'current' });
    return `${tensor} / ${sqnr({ operand, format, granularity: 'mx32', policy: 'current-p2' })}`;
  };
  return [
    `## SQNR of \`${model}\`, dB, median of its tensors: one current scale a tensor / MX blocks`,
    ...table(formats, [
      ['format', nameOfFormat],
      each(
        ['input', 'weight', 'grad'] as const,
        (operand) => (operand === 'grad' ? 'gradient' : operand),
        cell,
      ),
    ]),
  ];
}

function swiglu(rows: readonly CastRow[]): string[] {
  const down = where(rows, { model: 'aged', site: 'down', operand: 'input', format: 'e4m3fn' });
  const cell =
    (batch: 'rare' | 'after') =>
    ({ granularity, policy }: Scaling): string =>
      sideBySide(distinct(down, 'seed'), (seed) => {
        const those = where(down, { granularity, policy, batch, seed });
        const most = Math.max(...those.map(({ underflowed }) => underflowed));
        const dB = (figure: 'sqnr' | 'rowSqnr') => least(those.map((row) => row[figure])).toFixed(1);
        return `${dB('rowSqnr')} (${dB('sqnr')}), ${percent(most)}`;
      });
  return [
    '## SwiGLU’s output of `aged` in E4M3 448',
    'SQNR of the median row (of the whole tensor), dB, and the share flushed to zero; the worst layer, a figure a seed.',
    ...table(swigluScalings, [
      ['one scale per', ({ name }) => name],
      ['with the rare byte', cell('rare')],
      ['the step after', cell('after')],
    ]),
  ];
}

function worstList(rows: readonly CastRow[], model: 'aged' | 'run'): string[] {
  return [
    `## Worst tensors of \`${model}\`: one delayed scale each, inputs E4M3 448, gradients E5M2`,
    ...table(worstTensors(where(rows, { model }), 10), [
      [
        'tensor',
        ({ seed, layer, site, operand, batch }) =>
          [`seed ${seed}`, `layer ${layer}`, `${site} ${operand}`, nameOfBatch(batch) ?? []]
            .flat()
            .join(', '),
      ],
      ['SQNR of the median row, dB', ({ rowSqnr }) => rowSqnr.toFixed(1)],
      ['whole', ({ sqnr }) => sqnr.toFixed(1)],
      ['clipped', ({ clipped }) => percent(clipped)],
      ['underflowed', ({ underflowed }) => percent(underflowed)],
      ['amax', ({ amax }) => amax.toPrecision(3)],
      ['kurtosis', ({ kurtosis }) => kurtosis?.toPrecision(3) ?? '–'],
    ]),
  ];
}

function whatIfTable({ rows }: RunFindings): string[] {
  if (rows.length === 0) return ['', 'The run recorded nothing of its tensors (`sampleEvery: 0`).'];
  return [
    '## What each policy would have done, shares of all recorded steps of all tensors',
    `Clipped: the largest value beyond the format; wasted: more than ${WASTED_BITS} powers of two unused; starved: the root mean square`,
    'below the format’s smallest normal value.',
    ...table(totals(rows), [
      ['policy', ({ policy }) => policy],
      ['clipped', ({ clipped }) => percent(clipped)],
      ['wasted', ({ wasted }) => percent(wasted)],
      ['starved', ({ starved }) => percent(starved)],
      ['unused bits, mean', ({ headroom }) => digits(headroom)],
    ]),
  ];
}

/** Two digits; a zero without a sign. */
const digits = (value: number): string => (Math.abs(value) < 0.005 ? 0 : value).toFixed(2);
