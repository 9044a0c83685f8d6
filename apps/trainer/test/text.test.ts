/**
 * @file Text through the command: in from JSON arrays and JSONL, out whole; what is evaluated is what was asked for.
 * @module-tag slow
 */
import { cpSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { babble, lines, octavo } from './support.ts';

const bpe = fileURLToPath(new URL('../../../packages/data/test/fixtures/bpe.json', import.meta.url));
let folder: string;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'octavo-text-'));
  const write = (name: string, text: string) => writeFileSync(join(folder, name), text);
  cpSync(bpe, join(folder, 'tokenizer.json'));
  const stories = Array.from({ length: 60 }, (_, i) => ({ story: babble(60 + i) }));
  write('stories.json', JSON.stringify(stories));
  write('other.jsonl', stories.map((s) => JSON.stringify(s)).join('\n'));
  write('body.jsonl', JSON.stringify({ body: babble(300) }));
  mkdirSync(join(folder, 'f'));
  write('f/a.txt', babble(500));
  write(
    'config.json',
    JSON.stringify({
      model: {
        vocabularySize: 557,
        hiddenSize: 16,
        layers: 1,
        heads: 2,
        keyValueHeads: 1,
        ffnSize: 16,
        contextLength: 32,
      },
      recipe: 'bf16',
      data: { train: 'stories.json', heldOut: 0.2, tokenizer: 'tokenizer.json', textField: 'story' },
      ...{
        batch: 2,
        accumulation: 1,
        sequence: 32,
        steps: 3,
        evaluateTokens: 256,
        device: 'simd',
        threads: 1,
      },
    }),
  );
  const { code, stderr } = await octavo(
    ['train', '--config', 'config.json', '--out', 'run', '--json'],
    folder,
  );
  expect([code, stderr]).toEqual([0, '']);
}, 60_000);
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const evaluated = async (...more: string[]) => {
  const { code, stdout, stderr } = await octavo(['eval', 'run', '--json', ...more], folder);
  return { code, stderr, tokens: lines(stdout).find(({ event }) => event === 'evaluation')?.tokens };
};

describe.concurrent('eval', () => {
  test.each([
    [['--tokens', '2'], 2],
    [['--tokens', '33'], 33],
    [[], 256],
    [['--data', 'other.jsonl', '--tokens', '100'], 100],
  ])('%j evaluates as many tokens as its help says', async (more, tokens) => {
    expect(await evaluated(...more)).toEqual({ code: 0, stderr: '', tokens });
  });

  test('of other text takes the run’s field, or one that is named', async () => {
    const refused = await evaluated('--data', 'body.jsonl');
    expect(refused.code).toBe(2);
    expect(refused.stderr).toMatch(/got no field "story".*--text-field/);
    expect(await evaluated('--data', 'body.jsonl', '--text-field', 'body')).toMatchObject({ code: 0 });
  });
});

test('generate begins where begin and end are the same token, and shows the tokens whole', async () => {
  for (const seed of ['1']) {
    const made = await octavo(
      ['generate', 'run', '--prompt', '', '--tokens', '3', '--seed', seed, '--json'],
      folder,
    );
    const tokens = lines(made.stdout).filter(({ event }) => event === 'token');
    expect(tokens.length).toBeGreaterThan(0);
  }
});

test('data prepare reads a file once however it is given, and says so', async () => {
  const args = ['data', 'prepare', 'f', 'f/a.txt', '--held-out', '0', '--json'];
  const { code, stdout, stderr } = await octavo([...args, '--out', 'once'], folder);
  expect(code).toBe(0);
  expect(stderr).toBe('octavo: note: f/a.txt is given twice (f/a.txt): it is read once\n');
  expect(lines(stdout)[0]).toMatchObject({ splits: { train: { documents: 1 } } });
});

test.each(['SIGINT', 'SIGTERM'] as const)(
  'data prepare ends on %s and leaves no part of the folder',
  async (signal) => {
    const text = babble(2_000_000);
    writeFileSync(join(folder, 'long.txt'), text);
    const home = join(folder, signal);
    mkdirSync(home);
    const prepared = octavo(
      ['data', 'prepare', 'long.txt', '--tokenizer', 'tokenizer.json', '--out', join(home, 'out')],
      folder,
      undefined,
      (child) => {
        const wait = setInterval(() => {
          if (readdirSync(home).length === 0) return;
          clearInterval(wait);
          child.kill(signal);
        }, 20);
      },
    );
    const { code, stderr } = await prepared;
    expect(code).toBe(0);
    expect(stderr).toMatch(/^octavo: \[data\] interrupted[^\n]+\n$/);
    expect(readdirSync(home)).toEqual([]);
  },
  60_000,
);

test.skipIf(process.platform === 'win32').each([
  [['train', '--data', '/dev/zero'], /\/dev\/zero, a device, expected a regular file/],
  [['data', 'prepare', '/dev/zero', '--out', 'zero'], /a device, expected a regular file/],
  [['train', '--tokenizer', '/dev/zero'], /a device, expected a regular file/],
  [['train', '--model', '/dev/zero'], /a device, expected a regular file/],
])('%j reads regular files only', async (args, said) => {
  const { code, stderr } = await octavo(args, folder);
  expect(stderr).toMatch(said);
  expect(code).toBe(2);
});
