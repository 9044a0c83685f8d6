/** @file Progress on a terminal: one line that is drawn again at every step; everything else scrolls by above it. */
import progress, { type SingleBar } from 'cli-progress';
import colors from 'picocolors';
import type { Output } from './messages.ts';
import { createPace } from './pace.ts';
import { word, wordStep } from './wording.ts';

/** Columns: the bar takes what the figures leave, and stays away where that is little. */
const [SHORTEST_BAR, LONGEST_BAR] = [4, 20];

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
        const columns = stream.columns ?? 80;
        bar.update(message.step, { text: wordStep(message, pace(message), columns - 1), columns });
        return;
      }
      if (message.event === 'checkpoint') return; // every one is announced in the folder; the line stays where it is
      stop();
      for (const line of word(message))
        stream.write(
          `${message.event === 'warning' || message.event === 'guard' ? colors.yellow(line) : line}\n`,
        );
    },
    close: stop,
  };
}

function startBar(stream: NodeJS.WriteStream, steps: number): SingleBar {
  const bar = new progress.SingleBar(
    {
      stream,
      fps: 8,
      hideCursor: true,
      linewrap: false,
      // The command handles interrupts itself: the step is finished and saved first.
      gracefulExit: false,
      format: (options, params, { text, columns }) => {
        const barsize = Math.min(LONGEST_BAR, columns - text.length - 2);
        const drawn =
          barsize < SHORTEST_BAR
            ? ''
            : `${progress.Format.BarFormat(params.progress, { ...options, barsize })} `;
        return `${drawn}${text}`;
      },
    },
    progress.Presets.shades_classic,
  );
  bar.start(steps, 0, { text: '', columns: 0 });
  return bar;
}
