/** @file Which output a process has: JSON when asked for, a live line on a terminal, plain lines elsewhere. */
import { createJsonOutput } from './json.ts';
import { createLiveOutput } from './live.ts';
import type { Output } from './messages.ts';
import { createPlainOutput } from './plain.ts';

/** `ranks`: how many processes mpirun passes on the output of; a terminal that it shows is none to draw on. */
export function createOutput({ json }: { json: boolean }, ranks = 1): Output {
  if (json) return createJsonOutput(process.stdout);
  return ranks === 1 && process.stdout.isTTY && process.env.TERM !== 'dumb'
    ? createLiveOutput(process.stdout)
    : createPlainOutput(process.stdout);
}
