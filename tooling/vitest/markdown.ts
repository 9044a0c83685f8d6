/** @file The documents of the repository: which there are, their snippets, and the commands that they tell readers to give. */
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

export const root = fileURLToPath(new URL('../..', import.meta.url));

export interface Snippet {
  /** Path of the document from the root. */
  readonly file: string;
  /** Of the fence; empty for an indented block. */
  readonly language: string;
  readonly code: string;
}

export interface ToldCommand {
  readonly file: string;
  readonly text: string;
}

/** Every document but change logs, which are made by a tool, and templates in a `src`: README.md first. */
export function documents(): string[] {
  const listed = execFileSync('git', ['ls-files', '*.md'], { cwd: root, encoding: 'utf8' });
  const files = listed
    .split('\n')
    .filter((file) => /\.md$/.test(file) && !/CHANGELOG|^\.changeset|\/src\//.test(file));
  return files.sort((a, b) => Number(b === 'README.md') - Number(a === 'README.md') || (a < b ? -1 : 1));
}

const read = (file: string): string => readFileSync(`${root}/${file}`, 'utf8');
const FENCE = /^```(\w*)[^\n]*\n(.*?)^```/gms;

export const snippets = (): Snippet[] =>
  documents().flatMap((file) =>
    [...read(file).matchAll(FENCE)].map(([, language, code]) => ({ file, language: language!, code: code! })),
  );

const COMMAND = /^(?:npx|npm|pnpm|node|octavo)(?: |$)/;

/** All of them, in their order: lines of shell and indented blocks, and what stands between backquotes in the text. */
export function toldCommands(): ToldCommand[] {
  return documents().flatMap((file) => {
    const blocks = snippets().filter((s) => s.file === file && /^(|sh|bash|shell|console)$/.test(s.language));
    const prose = read(file).replace(FENCE, '');
    const lines = [
      ...blocks.flatMap(({ code }) => code.split('\n').map((line) => line.trim().replace(/^\$ /, ''))),
      ...[...prose.matchAll(/^ {4}(\S.*)$/gm)].map(([, line]) => line!),
      ...[...prose.matchAll(/`([^`]+)`/g)].map(([, span]) => span!.replace(/\s+/g, ' ')),
    ];
    return lines
      .map((line) => line.replace(/\s+#.*$/, ''))
      .filter((line) => COMMAND.test(line))
      .map((text) => ({ file, text }));
  });
}
