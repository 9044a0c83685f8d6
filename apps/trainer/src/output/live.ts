/** @file Progress on a terminal: one line that is drawn again at every step; everything else scrolls by above it. */
import progress, { type SingleBar } from 'cli-progress';
import colors from 'picocolors';
import type { Output } from './messages.ts';
import { createPace } from './pace.ts';
import { word, wordStep } from './wording.ts';

export function createLiveOutput(stream: NodeJS.WriteStream): Output {
  const pace = createPace();
  let bar: SingleBar | null = null;
  const stop = (): void => {
    bar?.stop();
    bar = null;
  };
  return {
    say(message) {
      if (message.event === 'step') {
        bar ??= startBar(stream, message.steps);
        bar.update(message.step, { text: wordStep(message, pace(message)) });
        return;
      }
      if (message.event === 'checkpoint') return; // every one is announced in the folder; the line stays where it is
      stop();
      for (const line of word(message))
        stream.write(
          `${message.event === 'warning' || message.event === 'watch' ? colors.yellow(line) : line}\n`,
        );
    },
    close: stop,
  };
}

function startBar(stream: NodeJS.WriteStream, steps: number): SingleBar {
  const bar = new progress.SingleBar(
    {
      stream,
      barsize: 20,
      fps: 8,
      hideCursor: true,
      linewrap: false,
      // The command handles interrupts itself: the step is finished and saved first.
      gracefulExit: false,
      format: (options, params, payload) =>
        `${progress.Format.BarFormat(params.progress, options)} ${String(payload.text)}`,
    },
    progress.Presets.shades_classic,
  );
  bar.start(steps, 0, { text: '' });
  return bar;
}
