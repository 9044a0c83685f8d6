/** @file Progress where there is no terminal: a line every few seconds, and at the first and the last step. */
import type { Output } from './messages.ts';
import { createPace } from './pace.ts';
import { word, wordStep } from './wording.ts';

const INTERVAL = 5000;

export function createPlainOutput(
  stream: NodeJS.WritableStream,
  now: () => number = () => performance.now(),
): Output {
  const pace = createPace();
  let last = Number.NEGATIVE_INFINITY;
  return {
    say(message) {
      if (message.event !== 'step') {
        for (const line of word(message)) stream.write(`${line}\n`);
        return;
      }
      const recent = pace(message);
      if (now() - last < INTERVAL && message.step < message.steps) return;
      last = now();
      stream.write(`${wordStep(message, recent)}\n`);
    },
    close: () => {},
  };
}
