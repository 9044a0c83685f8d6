/** @file Prompts and targets are those of lm-evaluation-harness (`harness.py` makes the fixture); strange rows are refused. */
import { readFileSync } from 'node:fs';
import { counterRandom, OctavoError } from '@octavo/formats';
import { describe, expect, it, test } from 'vitest';
import { corpusTasks, encodePair, encodeWhole, type Question, tasks } from '../src/index.ts';
import { countCharacters, countWords, strip } from '../src/python-text.ts';

const fixture = (name: string) =>
  JSON.parse(readFileSync(new URL(`./fixtures/${name}.json`, import.meta.url), 'utf8'));
const rows: Record<string, Record<string, unknown>[]> = fixture('harness-rows').tasks;
const expected: Record<string, Record<string, unknown>[]> = fixture('harness').questions;

const plain = (question: Question): Record<string, unknown> => {
  if (question.kind === 'text') {
    const { kind, ...rest } = question;
    return rest;
  }
  const pairs = question.kind === 'continuation' ? [question.pair] : question.pairs;
  const asked = pairs.map(({ context, continuation }) => [context, continuation]);
  return question.kind === 'continuation' ? { pairs: asked } : { pairs: asked, gold: question.gold };
};

describe('questions are the harness’s', () => {
  for (const [name, values] of Object.entries(rows))
    test.each(values.map((value, i) => [i, value] as const))(`${name} %d`, (i, value) => {
      expect(plain(tasks.get(name)!.question({ where: 'here', value }))).toEqual(expected[name]![i]);
    });

  it('from AI2’s own files of ARC, and Google’s of BoolQ', () => {
    const [value] = rows.arc_easy!;
    const { text, label } = value!.choices as { text: string[]; label: string[] };
    const choices = text.map((t, i) => ({ text: t, label: label[i] }));
    const ai2 = { question: { stem: value!.question, choices }, answerKey: value!.answerKey };
    for (const name of ['arc_easy', 'arc_challenge'])
      expect(plain(tasks.get(name)!.question({ where: '', value: ai2 }))).toEqual(expected.arc_easy![0]);
    const { label: truth, ...boolq } = rows.boolq![0]!;
    const google = { ...boolq, answer: truth === 1, title: 'Water' };
    expect(plain(tasks.get('boolq')!.question({ where: '', value: google }))).toEqual(expected.boolq![0]);
  });
});

test('lines of WikiText are articles again, as those of the pages’ file', async () => {
  // The raw file, and what the two published forms make of it.
  const raw = ' \n = One = \n \n A line . \n = = Part = = \n More . \n \n = Two = \n Last . \n';
  const pages = [' = One = \n \n A line . \n = = Part = = \n More . \n ', ' = Two = \n Last . \n'];
  async function* lines() {
    for (const [i, line] of raw.split('\n').slice(0, -1).entries())
      yield { where: `f:${i + 1}`, value: { text: line.trim() === '' ? '' : `${line}\n` } };
    yield { where: 'f:99', value: { page: 'a page' } };
  }
  const found: [string, unknown][] = [];
  for await (const { where, value } of tasks.get('wikitext')!.rows!(lines()))
    found.push([where, (value as { page: string }).page]);
  expect(found).toEqual([
    ['f:2', pages[0]],
    ['f:99', 'a page'],
    ['f:8', pages[1]],
  ]);
});

test.each([
  ['lambada_openai', { txt: 'a b' }, 'f:3: text: got nothing, expected a text'],
  ['lambada_openai', { text: 'ends in a space ' }, 'f:3: text: got "ends in a space "'],
  ['hellaswag', { ...rows.hellaswag![0], label: '' }, 'label: got "", expected one of 0, 1, 2, 3'],
  ['hellaswag', { ...rows.hellaswag![0], endings: ['one'] }, 'endings: got ["one"], expected a list of two'],
  ['winogrande', { ...rows.winogrande![0], sentence: 'no gap' }, 'sentence: got "no gap"'],
  ['winogrande', { ...rows.winogrande![0], answer: '3' }, 'answer: got "3", expected one of 1, 2'],
  ['arc_easy', { ...rows.arc_easy![0], answerKey: 'Z' }, 'answerKey: got "Z", expected one of A, B, C'],
  ['arc_easy', { ...rows.arc_easy![0], choices: [] }, 'got [], expected an object with "text"'],
  ['piqa', { goal: 'g', sol1: 'a', sol2: 'b' }, 'label: got nothing, expected one of 0, 1'],
  ['boolq', { passage: 'p', question: 'q', label: 2 }, 'label: got 2, expected one of 0, 1'],
  ['wikitext', { text: 'a line' }, 'page: got nothing'],
  ['wikitext', [1], 'got [1], expected an object with "page"'],
])('%s refuses %j', (name, value, message) => {
  const act = () => tasks.get(name)!.question({ where: 'f:3', value });
  expect(act).toThrow(message);
  expect(act).toThrow(expect.objectContaining({ exitCode: 2 }));
});

/** `OCTAVO_MUTATIONS=100000` (the package's script `mutations`) for more. */
const TIMES = Number(process.env.OCTAVO_MUTATIONS ?? 4000);
const strange = [null, -1, 1e9, 0.5, '', ' ', [], {}, true, ['a', 'b'], '_', '\ud800', 10n];
type Draw = (bound: number) => number;

/** One value, anywhere in a row, replaced by a strange one or left out. */
function alteredValue(row: Record<string, unknown>, draw: Draw): unknown {
  const value = structuredClone(row);
  let at: Record<string, unknown> = value;
  for (;;) {
    const keys = Object.keys(at);
    const key = keys[draw(keys.length)]!;
    if (typeof at[key] === 'object' && draw(3) > 0) {
      at = at[key] as Record<string, unknown>;
      continue;
    }
    if (draw(5) === 0 && !Array.isArray(at)) delete at[key];
    else at[key] = strange[draw(strange.length)];
    return value;
  }
}

/** A line of a file with a byte changed, left out, or said twice; undefined where that is not JSON any more. */
function alteredLine(row: unknown, draw: Draw): unknown {
  const line = Buffer.from(JSON.stringify(row));
  const at = draw(line.length);
  const bytes = [Buffer.of(draw(256)), Buffer.of(), Buffer.of(line[at]!, line[at]!)][draw(3)]!;
  try {
    return JSON.parse(Buffer.concat([line.subarray(0, at), bytes, line.subarray(at + 1)]).toString());
  } catch {
    return undefined;
  }
}

test('rows and lines altered at random are questions that can be asked, or refused in one line', () => {
  const encoder = { encode: (text: string) => Buffer.from(text), bos: 1, eos: 2 };
  let asked = 0;
  for (let seed = 0; seed < TIMES; seed++) {
    let i = 0;
    const draw: Draw = (bound) => (counterRandom(seed, i++) >>> 8) % bound;
    const [name, values] = Object.entries(rows)[draw(Object.keys(rows).length)]!;
    const value = (seed % 2 === 0 ? alteredValue : alteredLine)(values[draw(values.length)]!, draw);
    if (value === undefined) continue;
    try {
      const question = tasks.get(name)!.question({ where: 'f:1', value });
      if (question.kind === 'multiple-choice') expect(question.pairs[question.gold]).toBeDefined();
      if (question.kind === 'text') encodeWhole(encoder, question.text);
      else
        for (const pair of question.kind === 'continuation' ? [question.pair] : question.pairs)
          encodePair(encoder, pair);
      asked++;
    } catch (error) {
      if (!OctavoError.is(error)) throw error;
      expect([error.exitCode, error.message.includes('\n')]).toEqual([2, false]);
    }
  }
  expect(asked).toBeGreaterThan(TIMES / 10);
  expect(asked).toBeLessThan(TIMES);
}, 3_600_000);

test('a page or a scene made to keep a pattern busy takes no time', () => {
  const began = performance.now();
  for (const text of [
    ' '.repeat(300_000),
    '('.repeat(300_000),
    `(${' '.repeat(300_000)}`,
    '["{('.repeat(80_000),
  ]) {
    tasks.get('wikitext')!.question({ where: '', value: { page: `a${text}b` } });
    tasks.get('hellaswag')!.question({ where: '', value: { ...rows.hellaswag![0], ctx_a: `a${text}\nb` } });
  }
  expect(performance.now() - began).toBeLessThan(5000);
});

test('text is measured as Python measures it', () => {
  expect(strip('\u001c\u0085 a\ufeff \u3000')).toBe('a\ufeff');
  expect([countWords(''), countWords(' a  b ')]).toEqual([1, 4]);
  expect(countCharacters('a😀')).toBe(2);
});

describe('tasks made from text', () => {
  const text = Array.from(
    { length: 60 },
    (_, i) => `In the year ${i} the house met, and word${'abc'[i % 3]} came.`,
  ).join('\n');

  it('ask the last word of sentences, which stands in the text', () => {
    const questions = corpusTasks.get('corpus_last_word')!.questions(text, 10);
    expect(questions).toHaveLength(10);
    for (const question of questions) {
      if (question.kind !== 'continuation') throw new Error(question.kind);
      const { context, continuation } = question.pair;
      expect(context.split(' ')).toHaveLength(24);
      expect(text.replaceAll('\n', ' ')).toContain(`${context}${continuation}.`);
    }
  });

  it('ask which of four different stretches follows, at every place', () => {
    const questions = corpusTasks.get('corpus_continuation')!.questions(text, 1000);
    const golds = new Set<number>();
    for (const question of questions) {
      if (question.kind !== 'multiple-choice') throw new Error(question.kind);
      const { pairs, gold } = question;
      expect(pairs).toHaveLength(4);
      const { context, continuation } = pairs[gold]!;
      expect(text.replaceAll('\n', ' ')).toContain(context + continuation);
      golds.add(gold);
    }
    expect([...golds].sort()).toEqual([0, 1, 2, 3]);
    expect(corpusTasks.get('corpus_continuation')!.questions(text, 1000)).toEqual(questions);
  });

  it('refuse a text that is too short', () => {
    for (const task of corpusTasks.values()) expect(() => task.questions('A word.', 5)).toThrow(task.name);
  });
});
