/** @file How contenders are named, and the page of the documentation. */
import { type BenchTable, describeMachine, type Machine, toMarkdown } from '@octavo/trainer/bench';
import type { Hello } from './protocol.ts';

export const titleOf = (hello: Hello): string =>
  hello.ready
    ? `${hello.name} (${hello.version}${hello.version.includes('thread') ? '' : `, ${hello.threads} threads`})`
    : `${hello.name}: not installed`;

export const missingLine = (hello: Hello): string | null =>
  hello.ready ? null : `${hello.name}: not installed (${hello.missing})`;

export interface Page {
  readonly machine: Machine;
  readonly command: string;
  readonly tables: readonly BenchTable[];
  readonly missing: readonly string[];
}

export function pageOf({ machine, command, tables, missing }: Page): string {
  const about = `Made by \`${command}\` on ${describeMachine(machine)}. Figures of another machine differ; those of one table
are of one run, its subjects in turns, so their ratios carry over best.`;
  const absent = missing.length > 0 ? `\nNot compared: ${missing.join('; ')}.\n` : '';
  return `# Benchmarks\n\n${about}\n${absent}\n${tables.map(toMarkdown).join('\n')}`;
}
