/** @file A task as data: what its rows are called, how a row becomes a question, what is measured. */
import { OctavoError, quoted } from '@octavo/formats';
import type { MetricName } from '../metrics.ts';
import type { Question } from '../question.ts';

/** A line of a task's file, and where it stands, for messages. */
export interface Row {
  readonly where: string;
  readonly value: unknown;
}

export interface Task {
  /** That of lm-evaluation-harness 0.4.13, whose YAML the prompts and metrics are taken from. */
  readonly name: string;
  readonly version: number;
  readonly metrics: readonly MetricName[];
  /** The published files. */
  readonly files: string;
  /** The rows to ask about, where a file may have others. */
  rows?(lines: AsyncIterable<Row>): AsyncIterable<Row>;
  /** Throws an `OctavoError` (exit code 2) that names the row and what is wrong in it. */
  question(row: Row): Question;
}

/** The refusal of a row. */
export function badRow({ where }: Row, field: string, got: unknown, expected: string): OctavoError {
  return new OctavoError(`[evals] ${where}: ${field}: got ${quoted(got)}, expected ${expected}`, {
    exitCode: 2,
  });
}

/** A field of a row, or of an object inside it; undefined where there is none. */
export function fieldOf(row: Row, name: string, inside: unknown = row.value): unknown {
  if (typeof inside !== 'object' || inside === null || Array.isArray(inside))
    throw badRow(row, 'row', inside, `an object with "${name}"`);
  return Object.hasOwn(inside, name) ? (inside as Record<string, unknown>)[name] : undefined;
}

export function textOf(row: Row, name: string, inside: unknown = row.value): string {
  const text = fieldOf(row, name, inside);
  if (typeof text !== 'string') throw badRow(row, name, text, 'a text');
  return text;
}

/** Two texts or more. */
export function textsOf(row: Row, name: string, inside: unknown = row.value): string[] {
  const texts = fieldOf(row, name, inside);
  if (!Array.isArray(texts) || texts.length < 2 || !texts.every((text) => typeof text === 'string'))
    throw badRow(row, name, texts, 'a list of two texts or more');
  return texts as string[];
}

/** The place of the right answer: what a field says, as an index into `names`. */
export function answerOf(row: Row, name: string, names: readonly string[]): number {
  const answer = fieldOf(row, name);
  const index = names.indexOf(
    typeof answer === 'bigint' || typeof answer === 'number' ? String(answer) : (answer as string),
  );
  if (index < 0)
    throw badRow(row, name, answer, `one of ${names.join(', ')} (the files of some tests have no answers)`);
  return index;
}

/** ` ` and the choice follow the same context each. */
export const choicesAfter = (context: string, choices: readonly string[], gold: number): Question => ({
  kind: 'multiple-choice',
  pairs: choices.map((choice) => ({ context, continuation: ` ${choice}` })),
  choices,
  gold,
});
