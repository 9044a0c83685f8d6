// @module-tag slow
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { babble, lines, octavo } from './support.ts';

const readme = readFileSync(new URL('../README.md', import.meta.url), 'utf8');

/** What the README's table says of `--json`: the fields of an event of a command. */
const documented = readme
  .slice(readme.indexOf('## Events of `--json`'))
  .split('\n')
  .flatMap((line) => {
    const [, commands, event, fields] = /^\| ([^|]+?) +\| `([^`]+)` +\| (.*) \|$/.exec(line) ?? [];
    if (!commands || !event || !fields) return [];
    return [
      {
        commands: commands.split(', '),
        event,
        fields: [...fields.matchAll(/`([A-Za-z]+)`/g)].map((m) => m[1]!),
      },
    ];
  });

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'octavo-json-'));
  writeFileSync(join(folder, 'text.txt'), babble(20_000));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const simd = ['--device', 'simd', '--threads', '1', '--json'];
const small = ['--data', 'text.txt', '--model', 'nano', '--batch', '1', '--sequence', '32', ...simd];

test.each<[command: string, events: readonly string[], args: readonly string[]]>([
  [
    'train',
    ['start', 'evaluation', 'step', 'checkpoint', 'baseline', 'sample', 'next', 'end'],
    ['train', ...small, '--steps', '2', '--what-next', '--out', 'run'],
  ],
  ['eval', ['evaluation'], ['eval', 'run', ...simd]],
  ['generate', ['start', 'token', 'end'], ['generate', 'run', '--prompt', 'a', '--tokens', '3', ...simd]],
  ['data prepare', ['prepared'], ['data', 'prepare', 'text.txt', '--out', 'prepared', '--json']],
  ['report', ['end'], ['report', 'run', '--json']],
  ['inspect', ['start', 'tensor', 'swiglu', 'end'], ['inspect', 'run', '--json']],
])('octavo %s --json: every field of every event stands in the README', async (command, events, args) => {
  const { code, stdout, stderr } = await octavo(args, folder);
  expect(stderr).toBe('');
  expect(code).toBe(0);
  const said = lines(stdout);
  expect(new Set(said.map(({ event }) => event))).toEqual(new Set(events));
  for (const { event, ...fields } of said) {
    const known = documented.find((d) => d.event === event && d.commands.includes(command));
    expect(known, `${command} ${event}`).toBeDefined();
    for (const field of Object.keys(fields)) expect(known!.fields, `${command} ${event}`).toContain(field);
  }
});
