/** @file How contenders are named, and the page of the documentation. */
import { type BenchTable, describeMachine, type Machine, toMarkdown } from '@octavo/bench';
import type { Hello } from './protocol.ts';

export const titleOf = (hello: Hello): string =>
  hello.ready
    ? `${hello.name} (${hello.version}${hello.version.includes('thread') ? '' : `, ${hello.threads} ${hello.threads === 1 ? 'thread' : 'threads'}`})`
    : `${hello.name}: not installed`;

export const missingLine = (hello: Hello): string | null =>
  hello.ready ? null : `${hello.name}: not installed (${hello.missing})`;

export interface Page {
  readonly machine: Machine;
  readonly command: string;
  readonly tables: readonly BenchTable[];
  /** Titles of the contenders: versions, libraries and the instructions they compute by. */
  readonly contenders: readonly string[];
  /** Of what was not installed or failed, a line each. */
  readonly missing: readonly string[];
}

const listed = (head: string, lines: readonly string[]): string =>
  lines.length > 0 ? `\n${head}\n\n${lines.map((line) => `- ${line}`).join('\n')}\n` : '';

export function pageOf({ machine, command, tables, contenders, missing }: Page): string {
  const about = `Made by \`${command}\` on ${describeMachine(machine)}. Figures of another machine differ; those of one table
are of one run, its subjects in turns, so their ratios carry over best. \`octavo bench\` makes the tables of
Octavo alone; the libraries beside it come by \`pnpm bench:peers\`, apart from the workspace.`;
  const present = listed('Compared:', contenders);
  return `# Benchmarks\n\n${about}\n${present}${listed('Left out:', missing)}\n${tables.map(toMarkdown).join('\n')}`;
}
