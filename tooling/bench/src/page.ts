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
  /** Names of what was not installed. */
  readonly missing: readonly string[];
}

export function pageOf({ machine, command, tables, missing }: Page): string {
  const about = `Made by \`${command}\` on ${describeMachine(machine)}. Figures of another machine differ; those of one table
are of one run, its subjects in turns, so their ratios carry over best. \`octavo bench\` makes the tables of
Octavo alone; the libraries beside it come by \`pnpm bench:peers\`, apart from the workspace, and PyTorch from the system.`;
  const absent = missing.length > 0 ? `\nNot installed: ${missing.join(', ')}.\n` : '';
  return `# Benchmarks\n\n${about}\n${absent}\n${tables.map(toMarkdown).join('\n')}`;
}
