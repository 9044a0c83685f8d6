/**
 * @file `octavo eval --tasks`: a model that knows its text answers from files and from that text, under the harness's keys.
 * @module-tag slow
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { lines, octavo } from './support.ts';

let folder: string;
const write = (name: string, text: string): void => writeFileSync(join(folder, name), text);
const jsonl = (rows: readonly unknown[]): string => rows.map((row) => JSON.stringify(row)).join('\n');
const line = 'we count to ten: one two three four five six seven eight nine ten. ';

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'octavo-tasks-'));
  write('text.txt', line.repeat(400));
  write(
    'config.json',
    JSON.stringify({
      model: {
        ...{ vocabularySize: 256, hiddenSize: 32, layers: 2, heads: 2, keyValueHeads: 2, ffnSize: 64 },
        contextLength: 64,
      },
      ...{
        recipe: 'bf16',
        data: { train: 'text.txt', heldOut: 0.2 },
        batch: 8,
        accumulation: 1,
        sequence: 64,
      },
      ...{
        learningRate: 0.02,
        evaluateTokens: 256,
        device: 'simd',
        threads: 1,
        checkpointEvery: 5,
        steps: 120,
      },
    }),
  );
  const { code, stderr } = await octavo(
    ['train', '--config', 'config.json', '--out', 'run', '--json'],
    folder,
  );
  expect([code, stderr]).toEqual([0, '']);
  write(
    'lambada.jsonl',
    jsonl([{ text: 'one two three four' }, { text: 'five six seven eight' }, { text: 'six seven one' }]),
  );
  write(
    'valid.jsonl',
    jsonl([
      { goal: 'one two', sol1: 'three', sol2: 'xqz' },
      { goal: 'six', sol1: 'kkk', sol2: 'seven' },
    ]),
  );
  write('valid-labels.lst', '0\n1\n');
  write('tasks.yaml', 'piqa: valid.jsonl\ncorpus_last_word: true\n');
}, 120_000);
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const evaluate = async (...more: string[]) => {
  const outcome = await octavo(['eval', 'run', ...more], folder);
  return { ...outcome, told: more.includes('--json') ? lines(outcome.stdout) : [] };
};

describe('tasks', () => {
  test('of a file are answered', async () => {
    const { told, stderr } = await evaluate(
      '--tasks',
      'lambada_openai=lambada.jsonl',
      '--limit',
      '2',
      '--json',
    );
    expect(stderr).toBe('');
    expect(told).toHaveLength(1);
    const [{ results, 'n-samples': samples }] = told as [
      Record<string, Record<string, Record<string, number>>>,
    ];
    expect(results!.lambada_openai!['acc,none']).toBe(1);
    expect(results!.lambada_openai!['perplexity,none']).toBeLessThan(3);
    expect(samples!.lambada_openai).toEqual({ original: 3, effective: 2 });
  });

  test('of a list in a file, whose paths count from there, with labels beside the rows', async () => {
    const { told, stderr } = await evaluate('--tasks', 'tasks.yaml', '--json');
    expect(stderr).toBe('');
    const { results } = told[0] as { results: Record<string, Record<string, number>> };
    expect(Object.keys(results)).toEqual(['piqa', 'corpus_last_word']);
    expect(results.piqa!['acc,none']).toBe(1);
    expect(results.corpus_last_word!['acc,none']).toBe(1);
  });

  test('are put to two checkpoints, which are compared', async () => {
    const other = 'early';
    await octavo(['train', '--config', 'config.json', '--out', other, '--steps', '2', '--json'], folder);
    const { told, code } = await evaluate(
      '--tasks',
      'corpus_last_word,corpus_continuation',
      '--compare',
      other,
      '--json',
    );
    expect(code).toBe(0);
    const { metrics } = told.at(-1) as {
      metrics: { metric: string; difference: number; mcnemar: { onlyFirst: number } | null }[];
    };
    expect(metrics[0]).toMatchObject({ metric: 'perplexity', mcnemar: null });
    expect(metrics[0]!.difference).toBeLessThan(0);
    expect(metrics[1]).toMatchObject({ metric: 'acc', difference: 1 });
    expect(metrics[1]!.mcnemar!.onlyFirst).toBeGreaterThan(10);
  });

  test('are worded for people', async () => {
    const { stdout } = await evaluate('--tasks', 'lambada_openai=lambada.jsonl');
    expect(stdout).toMatch(
      /lambada_openai {2}perplexity \S+ ± \S+ {2}acc 0\.667 ± 0\.333 {2}\(3 questions\)/,
    );
  });

  test.each([
    ['--tasks hellaswag', 'task hellaswag: got no file, expected hellaswag=PATH of hellaswag_val.jsonl'],
    ['--tasks quiz', 'task: got "quiz", expected one of corpus_last_word'],
    ['--tasks piqa=lambada.jsonl', 'lambada.jsonl:1: sol1: got nothing, expected a text'],
    ['--tasks corpus_last_word=text.txt', 'expected no file: it is made from held-out text'],
    ['--tasks boolq=text.txt', 'text.txt has no rows'],
    ['--tasks boolq=', 'expected NAME or NAME=PATH'],
    ['--limit 3', '--limit: got no --tasks'],
  ])('%s is refused in one line', async (args, message) => {
    const { code, stderr } = await evaluate(...args.split(' '));
    expect(stderr).toContain(message);
    expect([code, stderr.split('\n').length]).toEqual([2, 2]);
  });
});
