/** @file Which output a process has: JSON when asked for, a live line on a terminal, plain lines elsewhere. */
import { createJsonOutput } from './json.ts';
import { createLiveOutput } from './live.ts';
import type { Output } from './messages.ts';
import { createPlainOutput } from './plain.ts';

export function createOutput({ json }: { json: boolean }): Output {
  if (json) return createJsonOutput(process.stdout);
  return process.stdout.isTTY && process.env.TERM !== 'dumb'
    ? createLiveOutput(process.stdout)
    : createPlainOutput(process.stdout);
}
