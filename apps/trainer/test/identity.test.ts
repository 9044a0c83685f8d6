// @module-tag slow
import {
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { babble, lines, octavo } from './support.ts';

/** A tokenizer of one's own, of words, which no built-in one is. */
const WORDS = ['<unk>', 'lorem', 'ipsum', 'dolor', 'sit', 'amet', 'tempor', 'magna', 'aliqua'];
const tokenizerJson = (words: readonly string[]): string =>
  JSON.stringify({
    version: '1.0',
    added_tokens: [],
    normalizer: null,
    pre_tokenizer: { type: 'Whitespace' },
    post_processor: null,
    decoder: null,
    model: { type: 'WordLevel', vocab: Object.fromEntries(words.map((w, i) => [w, i])), unk_token: '<unk>' },
  });

const shape = {
  vocabularySize: 256,
  hiddenSize: 32,
  layers: 1,
  heads: 2,
  keyValueHeads: 1,
  ffnSize: 48,
  contextLength: 16,
};

let folder: string;
const write = (name: string, content: string): void => writeFileSync(join(folder, name), content);
const rot13 = (text: string): string =>
  text.replace(/[a-z]/g, (c) => String.fromCharCode(((c.charCodeAt(0) - 97 + 13) % 26) + 97));
/** Few steps of a tiny model in `cwd`, and the paths that it is told. */
const train = (out: string, more: string[], cwd = folder) =>
  octavo(['train', '--config', join(folder, 'tiny.json'), '--out', out, '--json', ...more], cwd);
async function well(outcome: Promise<{ code: number | null; stdout: string; stderr: string }>) {
  const { code, stdout, stderr } = await outcome;
  expect(stderr).toBe('');
  expect(code).toBe(0);
  return lines(stdout);
}
async function refused(outcome: Promise<{ code: number | null; stderr: string }>, said: RegExp) {
  const { code, stderr } = await outcome;
  expect(stderr).toMatch(said);
  expect(stderr).toMatch(/^octavo: [^\n]+\n$/);
  expect(code).toBe(2);
}

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'octavo-identity-'));
  for (const name of ['llama2', 'byte', 'elsewhere']) mkdirSync(join(folder, name));
  write('text.txt', babble(1500));
  for (const name of ['llama2', 'byte']) write(`${name}/tokenizer.json`, tokenizerJson(WORDS));
  write(
    'tiny.json',
    JSON.stringify({ model: shape, batch: 2, sequence: 16, steps: 4, device: 'simd', threads: 1 }),
  );
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe('a run goes on with its text, known by its content', () => {
  beforeAll(async () => {
    write('own.txt', babble(1500));
    await well(train('text', ['--data', 'own.txt']));
  });
  const resume = () => octavo(['train', '--resume', '--out', 'text', '--steps', '6', '--json'], folder);

  test('another of the same length is refused by resuming and by eval', async () => {
    const before = readFileSync(join(folder, 'text/run.json'), 'utf8');
    write('own.txt', rot13(babble(1500)));
    await refused(
      resume(),
      /text began with another text: got hash [0-9a-f]{12} from own\.txt, expected [0-9a-f]{12}/,
    );
    await refused(octavo(['eval', 'text'], folder), /began with another text/);
    expect(readFileSync(join(folder, 'text/run.json'), 'utf8')).toBe(before);
  });

  test('fewer steps than are done are refused, and what is checked at the start is checked again', async () => {
    write('own.txt', babble(1500));
    const before = readFileSync(join(folder, 'text/run.json'), 'utf8');
    const steps = (n: string) => octavo(['train', '--resume', '--out', 'text', '--steps', n], folder);
    await refused(steps('3'), /text has done 4 steps already: got steps 3, expected at least 4/);
    write(
      'warm.json',
      JSON.stringify({ model: shape, batch: 2, sequence: 16, steps: 4, warmup: 3, device: 'simd' }),
    );
    await well(
      octavo(['train', '--config', 'warm.json', '--data', 'own.txt', '--out', 'warm', '--json'], folder),
    );
    await refused(
      octavo(['train', '--resume', '--out', 'warm', '--steps', '2'], folder),
      /key "warmup": got 3, expected at most steps, 2/,
    );
    expect(readFileSync(join(folder, 'text/run.json'), 'utf8')).toBe(before);
  });

  test('the same text in its place again: it goes on', async () => {
    expect(lines((await resume()).stdout)[0]).toMatchObject({ event: 'start', resumedFrom: 4 });
  });
});

describe('a tokenizer is what it does, not what its folder is called', () => {
  test.each(['llama2', 'byte'])('one of one’s own in a folder named %s', async (name) => {
    const spec = `${name}/tokenizer.json`;
    await well(train(`own-${name}`, ['--data', 'text.txt', '--tokenizer', spec]));
    const { settings, identity } = JSON.parse(readFileSync(join(folder, `own-${name}/run.json`), 'utf8'));
    expect(settings.data.tokenizer).toBe(join(folder, spec));
    expect(identity.tokenizer.hash).toMatch(/^[0-9a-f]{64}$/);
    await well(octavo(['eval', `own-${name}`, '--json'], folder));
    await well(octavo(['train', '--resume', '--out', `own-${name}`, '--steps', '5', '--json'], folder));
  });

  test('a relative one is found from another folder, and after it has gone', async () => {
    const generate = () =>
      octavo(
        ['generate', '../own-llama2', '--prompt', 'lorem', '--tokens', '3', '--json'],
        join(folder, 'elsewhere'),
      );
    await well(generate());
    renameSync(join(folder, 'llama2'), join(folder, 'gone'));
    await well(generate());
    renameSync(join(folder, 'gone'), join(folder, 'llama2'));
  });

  test('another tokenizer is refused by name', async () => {
    write('other.json', tokenizerJson([...WORDS].reverse()));
    await refused(
      octavo(['generate', 'own-llama2', '--prompt', 'lorem', '--tokenizer', 'other.json'], folder),
      /trained with another tokenizer: got other\.json with hash [0-9a-f]{12}, expected "llama2" with hash/,
    );
  });

  test('prepared data brings its own', async () => {
    await well(
      octavo(
        ['data', 'prepare', 'text.txt', '--tokenizer', 'llama2/tokenizer.json', '--out', 'q', '--json'],
        folder,
      ),
    );
    await well(train('prepared', ['--data', 'q']));
    await well(octavo(['eval', 'prepared', '--json'], folder));
    await well(octavo(['eval', 'prepared', '--data', 'q', '--json'], folder));
    await well(octavo(['generate', 'prepared', '--prompt', 'lorem', '--tokens', '3', '--json'], folder));
    await well(octavo(['train', '--resume', '--out', 'prepared', '--steps', '5', '--json'], folder));
    await refused(
      train('clash', ['--data', 'q', '--tokenizer', 'byte']),
      /q was prepared with another tokenizer: got byte/,
    );
  });
});

describe('a place is where it really is', () => {
  test('a checkpoint belongs to its run from inside its folder, and by a link', async () => {
    await well(train('place', ['--data', 'text.txt']));
    const inside = join(folder, 'place/checkpoints');
    await well(octavo(['eval', 'step-00000004.arrow', '--json'], inside));
    symlinkSync(join(inside, 'step-00000004.arrow'), join(folder, 'best.arrow'));
    await well(octavo(['eval', 'best.arrow', '--json'], folder));
    symlinkSync(join(folder, 'place'), join(folder, 'elsewhere/linked'));
    await well(octavo(['eval', 'elsewhere/linked', '--json'], folder));
  });

  test('what a configuration file names is sought beside it', async () => {
    mkdirSync(join(folder, 'beside/words'), { recursive: true });
    write('beside/words/tokenizer.json', tokenizerJson(WORDS));
    write('beside/shape', JSON.stringify(shape));
    write('beside/texts.txt', babble(1500));
    const data = { train: 'texts.txt', tokenizer: 'words' };
    const config = {
      model: 'shape',
      data,
      library: './no-such.so',
      out: 'run',
      batch: 2,
      sequence: 16,
      steps: 2,
    };
    write('beside/c.json', JSON.stringify({ ...config, device: 'simd' }));
    await refused(
      octavo(['train', '--config', '../beside/c.json'], join(folder, 'elsewhere')),
      new RegExp(`${join(folder, 'beside/no-such.so')}`),
    );
    await well(
      octavo(
        ['train', '--config', '../beside/c.json', '--library', 'off', '--json'],
        join(folder, 'elsewhere'),
      ),
    );
    const { settings } = JSON.parse(readFileSync(join(folder, 'beside/run/run.json'), 'utf8'));
    expect(settings.data).toMatchObject({
      train: [join(folder, 'beside/texts.txt')],
      tokenizer: join(folder, 'beside/words'),
    });
    expect(settings.model.name).toBe('shape');
  });

  test('a folder of texts may have an index.json of its own', async () => {
    for (const content of ['{"pages": []}', 'not JSON', 'null']) {
      mkdirSync(join(folder, 'site'), { recursive: true });
      write('site/a.txt', babble(1500));
      write('site/index.json', content);
      await well(train('site-run', ['--data', 'site']));
      rmSync(join(folder, 'site-run'), { recursive: true });
    }
    await refused(
      octavo(['data', 'prepare', 'text.txt', '--out', 'site', '--overwrite'], folder).then((o) => ({
        ...o,
        code: 2,
      })),
      /site holds other files/,
    );
    expect(readFileSync(join(folder, 'site/a.txt'), 'utf8')).toBe(babble(1500));
  });
});
