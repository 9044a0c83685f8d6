/** @file `--json`: one object a line on standard output, and nothing else. */
import type { Output } from './messages.ts';

/** JSON has no NaN or infinity; they become strings, so that nothing is hidden behind a null. */
export const toLine = (value: unknown): string =>
  `${JSON.stringify(value, (_, v: unknown) => (typeof v === 'number' && !Number.isFinite(v) ? String(v) : v))}\n`;

export const createJsonOutput = (stream: NodeJS.WritableStream): Output => ({
  say: (message) => {
    stream.write(toLine(message));
  },
  close: () => {},
});
