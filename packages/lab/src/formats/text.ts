/** @file The study in a page, for people. */
import { each, pageOf, table } from '../engine/markdown.ts';
import { median, sideBySide } from '../engine/numbers.ts';
import { distinct, where } from '../engine/rows.ts';
import { claimLines } from '../engine/statements.ts';
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
  const { history, tokens, activations, baseSteps, rescale, peak } = settings;
  const [sound, hit] = run ? (['run', 'run'] as const) : (['base', 'aged'] as const);
  return pageOf('formats', {
    ...{ models: !run, baseSteps, rescale, peak: peak.toExponential() },
    ...{ history, tokens, activations, seeds: distinct(rows, 'seed').join(', ') },
    run: false,
    ...(run && aboutRun(run)),
    ...{ sound, medians: medians(rows, sound) },
    swiglu: run ? [] : swigluTable(rows),
    ...{ hit, worst: worstTable(where(rows, { model: hit })) },
    ...{
      wastedBits: WASTED_BITS,
      recorded: whatIfTable(run?.rows ?? []),
      unrecorded: run?.rows.length === 0,
    },
    claims: claimLines(claims, (value) => Number(value.toPrecision(3)).toString()),
  });
}

/** `seed` and `activations` are the run's own. */
function aboutRun({ run: { name, step, seed, activations, tensors }, rows }: RunFindings) {
  const every = recordedEvery(seriesOf(tensors));
  const counted = rows.reduce((most, row) => Math.max(most, row.counted), 0);
  const sampled = every === 1 ? 'every step' : `one step in ${every}`;
  return { run: name, step, seeds: seed, activations, every, counted, sampled };
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
  return table(formats, [
    ['format', nameOfFormat],
    each(
      ['input', 'weight', 'grad'] as const,
      (operand) => (operand === 'grad' ? 'gradient' : operand),
      cell,
    ),
  ]);
}

function swigluTable(rows: readonly CastRow[]): string[] {
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
  return table(swigluScalings, [
    ['one scale per', ({ name }) => name],
    ['with the rare byte', cell('rare')],
    ['the step after', cell('after')],
  ]);
}

const worstTable = (rows: readonly CastRow[]): string[] =>
  table(worstTensors(rows, 10), [
    [
      'tensor',
      ({ seed, layer, site, operand, batch }) =>
        [`seed ${seed}`, `layer ${layer}`, `${site} ${operand}`, nameOfBatch(batch) ?? []].flat().join(', '),
    ],
    ['SQNR of the median row, dB', ({ rowSqnr }) => rowSqnr.toFixed(1)],
    ['whole', ({ sqnr }) => sqnr.toFixed(1)],
    ['clipped', ({ clipped }) => percent(clipped)],
    ['underflowed', ({ underflowed }) => percent(underflowed)],
    ['amax', ({ amax }) => amax.toPrecision(3)],
    ['kurtosis', ({ kurtosis }) => kurtosis?.toPrecision(3) ?? '–'],
  ]);

const whatIfTable = (rows: RunFindings['rows']): string[] =>
  rows.length === 0
    ? []
    : table(totals(rows), [
        ['policy', ({ policy }) => policy],
        ['clipped', ({ clipped }) => percent(clipped)],
        ['wasted', ({ wasted }) => percent(wasted)],
        ['starved', ({ starved }) => percent(starved)],
        ['unused bits, mean', ({ headroom }) => digits(headroom)],
      ]);

/** Two digits; a zero without a sign. */
const digits = (value: number): string => (Math.abs(value) < 0.005 ? 0 : value).toFixed(2);
