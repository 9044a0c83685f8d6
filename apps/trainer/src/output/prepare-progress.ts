/** @file How far preparing text is, every few seconds. */
import type { PrepareProgress } from '@octavo/data';
import { plural, short } from './format.ts';
import { toLine } from './json.ts';

const INTERVAL = 5000;

/** Says so on standard error, or with `--json` as a line of its own on standard output; nothing where it takes no time. */
export function prepareProgress(
  json: boolean,
  now: () => number = () => performance.now(),
): (progress: PrepareProgress) => void {
  let last = now();
  return (progress) => {
    if (now() - last < INTERVAL) return;
    last = now();
    const { bytes, totalBytes, tokens, documents, split } = progress;
    if (json) process.stdout.write(toLine({ event: 'progress', ...progress }));
    else
      process.stderr.write(
        `${((100 * bytes) / totalBytes).toFixed(0)} % of ${short(totalBytes)}B: ${plural(documents, 'document')}, ${short(tokens)} tokens${split === 'train' ? '' : ' held out'}\n`,
      );
  };
}
