/** @file What tasks have come to, in lines. */
import { digits, plural } from './format.ts';
import type { ComparisonMessage, ResultsMessage } from './messages.ts';

const withError = (value: unknown, error: unknown): string =>
  typeof error === 'number' ? `${digits(Number(value))} ± ${digits(error)}` : digits(Number(value));

/** A task a line: its metrics with their standard errors, and of how many questions. */
export function wordResults(message: ResultsMessage): string[] {
  const names = Object.keys(message.results);
  const width = Math.max(...names.map((name) => name.length));
  return [
    `${message.checkpoint}, step ${message.step}, zero-shot:`,
    ...names.map((name) => {
      const results = message.results[name]!;
      const { original, effective } = message['n-samples'][name]!;
      const parts = Object.keys(message.higher_is_better[name]!).map(
        (metric) => `${metric} ${withError(results[`${metric},none`], results[`${metric}_stderr,none`])}`,
      );
      const some = original === effective ? '' : ` of ${original.toLocaleString('en')}`;
      const cut = results.cut === 0 ? '' : `, ${results.cut} cut to the model’s context`;
      return `  ${name.padEnd(width)}  ${parts.join('  ')}  (${plural(effective, 'question')}${some}${cut})`;
    }),
  ];
}

/** A metric a line: both values and their difference, and where answers are right or wrong how likely chance makes it. */
export const wordComparison = ({ checkpoint, other, metrics }: ComparisonMessage): string[] => [
  `${checkpoint} less ${other}:`,
  ...metrics.map(({ task, metric, value, other: second, difference, stderr, mcnemar }) => {
    const test =
      mcnemar === null
        ? ''
        : `  right only here ${mcnemar.onlyFirst}, only there ${mcnemar.onlyOther}, McNemar p = ${digits(mcnemar.p)}`;
    return `  ${task} ${metric}: ${digits(value)} − ${digits(second)} = ${withError(difference, stderr)}${test}`;
  }),
];
