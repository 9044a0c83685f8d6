/** @file What came out, under the keys of lm-evaluation-harness. */
import type { Answers } from './ask.ts';
import { compare, type McNemar, mcnemar } from './compare.ts';
import { type Estimate, estimate, type MetricName, metrics } from './metrics.ts';
import type { Question } from './question.ts';

/** A task that was asked. */
export interface Asked extends Answers {
  readonly name: string;
  readonly version: number;
  readonly metrics: readonly MetricName[];
  readonly questions: readonly Question[];
  /** Questions that there are, of which those asked are the first. */
  readonly of: number;
}

/** The parts of the harness's `results.json` that a zero-shot evaluation has. */
export interface Results {
  /** By task: `acc,none`, `acc_stderr,none`, …; an error of one question is `N/A`. */
  readonly results: Readonly<Record<string, Readonly<Record<string, number | string>>>>;
  readonly versions: Readonly<Record<string, number>>;
  readonly 'n-shot': Readonly<Record<string, number>>;
  readonly higher_is_better: Readonly<Record<string, Readonly<Record<string, boolean>>>>;
  readonly 'n-samples': Readonly<Record<string, { readonly original: number; readonly effective: number }>>;
}

/** `cut` beside the metrics: questions longer than the model's context, which lost their beginning. */
export function resultsOf(asked: readonly Asked[]): Results {
  const byTask = <T>(of: (task: Asked) => T): Record<string, T> =>
    Object.fromEntries(asked.map((task) => [task.name, of(task)]));
  return {
    results: byTask((task) => ({
      alias: task.name,
      ...Object.fromEntries(
        estimatesOf(task).flatMap(([name, { value, stderr }]) => [
          [`${name},none`, value],
          [`${name}_stderr,none`, stderr ?? 'N/A'],
        ]),
      ),
      cut: task.cut,
    })),
    versions: byTask(({ version }) => version),
    'n-shot': byTask(() => 0),
    higher_is_better: byTask((task) =>
      Object.fromEntries(task.metrics.map((name) => [name, metrics[name].higherIsBetter])),
    ),
    'n-samples': byTask(({ of, answers }) => ({ original: of, effective: answers.length })),
  };
}

/** A metric of a task under two models. */
export interface ComparedMetric {
  readonly task: string;
  readonly metric: MetricName;
  readonly value: number;
  readonly other: number;
  /** `value − other`, and its standard error, question by question. */
  readonly difference: number;
  readonly stderr: number | null;
  /** Of metrics that are right or wrong. */
  readonly mcnemar: McNemar | null;
}

/** The same tasks asked of two models. */
export const comparisonsOf = (asked: readonly Asked[], others: readonly Asked[]): ComparedMetric[] =>
  asked.flatMap((task, i) => {
    const other = others[i]!;
    return estimatesOf(task).map(([metric, one], m): ComparedMetric => {
      const two = estimatesOf(other)[m]![1];
      const right = (of: Asked): number[] => partsOf(of, metric).map(([a]) => a);
      return {
        task: task.name,
        metric,
        value: one.value,
        other: two.value,
        ...compare(one, two),
        mcnemar: metric.startsWith('acc') ? mcnemar(right(task), right(other)) : null,
      };
    });
  });

const partsOf = ({ questions, answers }: Asked, name: MetricName): (readonly [number, number])[] =>
  answers.map((answer, i) => metrics[name].of(questions[i]!, answer));

const estimatesOf = (task: Asked): (readonly [MetricName, Estimate])[] =>
  task.metrics.map((name) => [name, estimate(metrics[name], partsOf(task, name))]);
