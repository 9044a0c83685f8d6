// @module-tag slow
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { octavo } from './support.ts';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'octavo-usage-'));
  writeFileSync(join(folder, 'empty.txt'), '');
  writeFileSync(join(folder, 'short.txt'), 'Too short for a sequence.');
  writeFileSync(join(folder, 'noise.arrow'), 'ARROW1 but not really');
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe.concurrent('bad usage is one line on standard error and exit code 2', () => {
  test.each<[args: string[], said: RegExp]>([
    [['trian'], /unknown command 'trian'/],
    [['\u001b[2Jtrain'], /unknown command '\\u001b\[2Jtrain'/],
    [['train', '--data', 'a\u001b[31m'], /got \S*a\\u001b\[31m, which does not exist/],
    [['train', '--steps'], /argument missing/],
    [['train', '--stepz', '3'], /unknown option '--stepz'.*--steps/],
    [['train', '--steps', 'many'], /Got "many", expected an integer of at least 1/],
    [['train', '--steps', '0'], /Got "0", expected an integer of at least 1/],
    [['train', '--watch', 'stop'], /'--watch.*renamed to --guard/],
    [['data', 'prepare', 'a', '--out', 'b', '--validation', '0.1'], /'--validation.*renamed to --held-out/],
    [['train', '--watch'], /'--watch.*renamed to --guard/],
    [['train', '--device', 'tpu'], /auto, simd/],
    [['train', '--recipe', 'fp8-ful'], /got "fp8-ful".*did you mean "fp8-full"/],
    [['train', '--model', 'nanno'], /got "nanno".*did you mean "nano"/],
    [['train', '--config', 'missing.yaml'], /no such file: got "missing.yaml"/],
    [
      ['train', '--sequence', '4096'],
      /key "sequence": got 4096, expected at most the model's contextLength, \d+/,
    ],
    [['train', '--resume'], /nothing to resume: no run under runs/],
    [['train', '--resume', '--out', 'nowhere'], /nothing to resume: nowhere/],
    [['train', '--tokenizer', 'bytes', '--data', 'short.txt'], /tokenizer.*"bytes"/],
    [['eval'], /missing required argument 'checkpoint'/],
    [['eval', 'missing.arrow'], /got "missing.arrow"/],
    [['generate', 'missing', '--prompt', 'a'], /got "missing"/],
    [['study'], /missing required argument 'name'/],
    [['study', 'instabilty'], /did you mean "instability"/],
    [['study', 'instability', '--seeds', '1,1'], /Got "1,1", expected different integers/],
    [['study', 'instability', '--seeds', '1,'], /Got "1,", expected different integers/],
    [['study', 'instability', '--out', '.'], /not empty and holds no study/],
    [['generate', 'missing'], /required option '--prompt <text>' not specified/],
  ])('octavo %j', async (args, said) => {
    const { code, stdout, stderr } = await octavo(args, folder);
    expect(stderr).toMatch(said);
    expect(stderr).toMatch(/^octavo: [^\n]+\n$/);
    expect(stdout).toBe('');
    expect(code).toBe(2);
  });
});

test.concurrent.each([
  [['trian'], 'octavo'],
  [['train', '--stepz', '3'], 'octavo train'],
  [['eval'], 'octavo eval'],
  [['data', 'prepare', 'short.txt'], 'octavo data prepare'],
])('octavo %j names the help of the command that was used', async (args, command) => {
  const { stderr } = await octavo(args, folder);
  expect(stderr.trimEnd().endsWith(`; see ${command} --help`)).toBe(true);
});

describe.concurrent('bad input is one line and exit code 1 or 2, and leaves nothing behind', () => {
  test.each<[what: string, args: string[], said: RegExp]>([
    ['a missing text', ['train', '--data', 'missing.txt'], /missing\.txt/],
    ['an empty corpus', ['train', '--data', 'empty.txt'], /empty/],
    ['a text that is not UTF-8', ['train', '--data', process.execPath], /UTF-8|too long/],
    ['a sequence longer than the corpus', ['train', '--data', 'short.txt'], /corpus|tokens|text/],
    ['a file that is no checkpoint', ['eval', 'noise.arrow'], /noise\.arrow/],
    ['a folder without a checkpoint', ['generate', '.', '--prompt', 'a'], /no checkpoint/],
  ])('%s', async (_, args, said) => {
    const { code, stderr } = await octavo(args, folder);
    expect(stderr).toMatch(said);
    expect(stderr).toMatch(/^octavo: [^\n]+\n$/);
    expect([1, 2]).toContain(code);
    const left = readdirSync(folder).filter((name) => name !== '.octavo'); // prepared text may stay
    expect(left.sort()).toEqual(['empty.txt', 'noise.arrow', 'short.txt']);
  });

  test('--debug adds a stack trace', async () => {
    const { stderr } = await octavo(['train', '--data', 'missing.txt', '--debug'], folder);
    expect(stderr).toMatch(/^octavo: .*missing\.txt/);
    expect(stderr).toMatch(/\n {4}at /);
  });
});

describe.concurrent('help', () => {
  test.each([
    [[]],
    [['train']],
    [['eval']],
    [['generate']],
    [['study']],
    [['report']],
    [['data']],
    [['data', 'prepare']],
  ])('octavo %j --help', async (command) => {
    const { code, stdout, stderr } = await octavo([...command, '--help'], folder);
    expect(code).toBe(0);
    expect(stderr).toBe('');
    expect(stdout).toMatch(/^Usage: octavo/);
    expect(stdout).toMatch(/ --json .*JSON/);
    if (command.length > 0 && command.at(-1) !== 'data') expect(stdout).toMatch(/Examples:\n {2}octavo /);
  });

  test('--version is that of the package', async () => {
    const { stdout } = await octavo(['--version'], folder);
    expect(stdout).toMatch(/^\d+\.\d+\.\d+\n$/);
  });
});
