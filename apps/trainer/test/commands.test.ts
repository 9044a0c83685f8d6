/**
 * @file Every command of every document, of every `--help` and of the end of a run is given, in a reader's order, on a named model.
 * @module-tag slow
 */
import { spawn } from 'node:child_process';
import {
  copyFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { defaultCorpus } from '@octavo/data';
import type { Command } from 'commander';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  documents,
  root,
  snippets,
  type ToldCommand,
  toldCommands,
} from '../../../tooling/vitest/markdown.ts';
import { octavoArguments, shorten, wordsOf } from '../../../tooling/vitest/told-commands.ts';
import { createProgram } from '../src/program.ts';
import { nextSteps } from '../src/run/next.ts';

/** The lines below `Examples:` of a command's help and of those below it. */
function examplesOf(command: Command): ToldCommand[] {
  let help = '';
  command.configureOutput({ writeOut: (text) => (help += text) });
  command.outputHelp();
  const lines = help.split('Examples:\n')[1]?.split('\n') ?? [];
  const told = lines.filter((line) => line.startsWith('  octavo '));
  return [
    ...told.map((line) => ({
      file: `octavo ${command.name()} --help`,
      text: line.trim().split(/ {2,}/)[0]!,
    })),
    ...command.commands.flatMap(examplesOf),
  ];
}

const told: ToldCommand[] = [
  ...toldCommands(),
  ...examplesOf(createProgram()),
  ...nextSteps('runs/nano-fp8-full', 'fp8-full').map((message) => ({
    file: 'the end of npm start',
    text: (message as { command: string }).command,
  })),
];

const isOctavo = ({ text }: ToldCommand): boolean => octavoArguments(text) !== null;
/** `octavo train` in a sentence speaks of the command, and gives it no argument. */
const isMention = (args: readonly string[]): boolean => args.every((word) => /^[a-z]+$/.test(word));

const program = createProgram();
function commandOf(args: readonly string[]): Command | undefined {
  let found: Command | undefined = program;
  for (const word of args)
    found = found?.commands.find((c) => c.name() === word) ?? (found?.commands.length ? undefined : found);
  return found;
}

let folder: string;
const at = (...path: string[]): string => join(folder, ...path);

/** Files that a reader has, and the documents name. */
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'octavo-told-'));
  const { value } = await defaultCorpus().train[Symbol.asyncIterator]().next();
  const text = (value as { text: string }).text.slice(0, 6000);
  for (const name of ['my-texts', 'books', 'corpus', 'notes']) {
    mkdirSync(at(name));
    writeFileSync(at(name, 'one.txt'), text);
  }
  for (const name of ['speech.txt', 'book.txt']) writeFileSync(at(name), text);
  for (const name of ['corpus.jsonl', 'notes.jsonl'])
    writeFileSync(
      at(name),
      text
        .split('\n')
        .map((line) => JSON.stringify({ text: line }))
        .join('\n'),
    );
  writeFileSync(at('corpus.jsonl.gz'), gzipSync(readFileSync(at('corpus.jsonl'))));
  const messages = [
    { role: 'user', content: 'What is an octavo?' },
    { role: 'assistant', content: 'A sheet folded into eight.' },
  ];
  writeFileSync(at('chats.jsonl'), `${JSON.stringify({ messages })}\n`.repeat(64));
  writeFileSync(at('lambada_test.jsonl'), '{"text":"We hold these truths to be self-evident"}\n');
  // Configurations stand in the documents under the name that their first line says.
  for (const { code, language } of snippets())
    if (language === 'yaml')
      writeFileSync(at(/^# (\S+\.yaml)/.exec(code)![1]!), `${code}data:\n  train: speech.txt\n`);
  copyFileSync(at('octavo.yaml'), at('run.yaml'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** What the first commands have left, under the names that later ones ask for. */
async function give(): Promise<void> {
  const made = at('runs/nano-fp8-full');
  if (!existsSync(made)) return;
  for (const name of ['SmolLM2-135M', 'TinyLlama-1.1B'])
    if (!existsSync(at(name))) {
      await octavo(['convert', made, name], false);
      writeFileSync(
        at(name, 'chat_template.jinja'),
        '{% for message in messages %}{{ message.role }}: {{ message.content }}\n{% endfor %}',
      );
    }
  for (const name of ['bf16', 'fp8', 'fp8-smooth'])
    if (!existsSync(at('runs', name))) cpSync(made, at('runs', name), { recursive: true });
  if (!existsSync(at('step-00000600.arrow')))
    copyFileSync(join(made, 'checkpoints/step-00000003.arrow'), at('step-00000600.arrow'));
}

function octavo(
  args: readonly string[],
  interrupt: boolean,
): Promise<{ code: number | null; stderr: string }> {
  return new Promise((resolve, reject) => {
    const bin = join(root, 'apps/trainer/bin/octavo.js');
    const child = spawn(process.execPath, [bin, ...args], { cwd: folder, stdio: ['ignore', 'pipe', 'pipe'] });
    let stderr = '';
    child.stderr.setEncoding('utf8').on('data', (text) => (stderr += text));
    child.stdout.once('data', () => interrupt && child.kill('SIGINT'));
    child.stdout.resume();
    child.on('error', reject);
    child.on('close', (code) => resolve({ code, stderr }));
  });
}

describe('octavo commands', () => {
  let resumed = 0;
  const seen = new Set<string>();
  const given = [{ file: 'package.json', text: 'octavo train --what-next' }, ...told.filter(isOctavo)].filter(
    ({ text }) => {
      const key = octavoArguments(text)!.join(' ');
      return !seen.has(key) && seen.add(key) && !isMention(octavoArguments(text)!);
    },
  );

  test('are found: in README.md, in the other documents and in every help', () => {
    const files = new Set(given.map(({ file }) => file));
    for (const file of ['README.md', 'apps/trainer/README.md', 'docs/reproduction.md', 'octavo train --help'])
      expect(files).toContain(file);
    for (const { name, leaf } of leaves(program))
      expect(examplesOf(leaf).length, `examples of octavo ${name}`).toBeGreaterThan(0);
  });

  test.each(given.map(({ file, text }) => [text, file] as const))(
    '%s (%s)',
    async (text) => {
      await give();
      const { args, interrupt } = shorten(octavoArguments(text)!, resumed);
      if (args.includes('--resume')) resumed++;
      const out = args[args.indexOf('--out') + 1];
      if (args.includes('--out') && !args.includes('--resume'))
        rmSync(at(out!), { recursive: true, force: true });
      if (args[0] === 'convert') rmSync(at(args[2]!), { recursive: true, force: true });
      const { code, stderr } = await octavo(args, interrupt);
      expect(stderr.replace(/^octavo: note: .*\n/gm, '')).toBe('');
      expect(code, args.join(' ')).toBe(0);
    },
    240_000,
  );

  test('that a sentence speaks of exist', () => {
    for (const { file, text } of told.filter(isOctavo)) {
      const args = octavoArguments(text)!;
      if (isMention(args)) expect(commandOf(args), `${text} in ${file}`).toBeDefined();
    }
  });
});

const leaves = (command: Command): { name: string; leaf: Command }[] =>
  command.commands.length === 0
    ? [{ name: command.name(), leaf: command }]
    : command.commands.flatMap(leaves);

interface Manifest {
  readonly name: string;
  readonly scripts?: Readonly<Record<string, string>>;
}
const manifestIn = (path: string): Manifest =>
  JSON.parse(readFileSync(join(root, path, 'package.json'), 'utf8'));
const manifests = (): Manifest[] =>
  documents()
    .map(dirname)
    .concat('tooling/studies', 'tooling/bench', 'tooling/mutation')
    .filter((path) => existsSync(join(root, path, 'package.json')))
    .map(manifestIn);

describe('the other commands, which would install, build or test the repository again, name what there is', () => {
  const own = manifestIn('.').scripts!;
  /** Packages of others that ours depend on. */
  const catalog = [
    ...readFileSync(join(root, 'pnpm-workspace.yaml'), 'utf8').matchAll(/^ {2}"?([^":\s]+)"?: [\^\d]/gm),
  ].map(([, name]) => name!);
  const others = told.filter((command) => !isOctavo(command));
  test.each(others.map(({ text, file }) => [text, file] as const))('%s (%s)', (text, file) => {
    const [tool, verb, ...rest] = wordsOf(text);
    const inside = (path: string): boolean =>
      existsSync(join(root, path)) || existsSync(join(root, dirname(file), path));
    if (verb === undefined) return; // npm and npx themselves
    if (tool === 'node') expect(inside(verb)).toBe(true);
    else if (tool === 'npx') expect(verb === 'vitest' && inside(rest.at(-1)!)).toBe(true);
    else if (verb === '--filter')
      expect(manifests().find(({ name }) => name === rest[0])?.scripts).toHaveProperty([rest[1]!]);
    else if (tool === 'npm' && (verb === 'i' || verb === 'install')) {
      const names = rest
        .filter((word) => !word.startsWith('-'))
        .map((word) => word.replace(/(.)@[^@]*$/, '$1'));
      const known = [...manifests().map((m) => m.name), ...catalog];
      if (!rest.includes('--prefix')) for (const name of names) expect(known).toContain(name);
      expect(names.length).toBeGreaterThan(0);
    } else expect(Object.keys(own)).toContain(verb === 'run' ? rest[0] : verb);
  });
});
