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
    process[json ? 'stdout' : 'stderr'].write(
      json ? toLine({ event: 'progress', ...progress }) : lineOf(progress),
    );
  };
}

function lineOf(progress: PrepareProgress): string {
  const share = (done: number, total: number): string => `${((100 * done) / total).toFixed(0)} %`;
  if (progress.phase === 'read') return `reading: ${short(progress.bytes)}B\n`;
  if (progress.phase === 'merge') {
    const { tokens, totalTokens, bytes } = progress;
    return `tokenizer: ${share(tokens, totalTokens)} of ${plural(totalTokens, 'token')}, learnt from ${short(bytes)}B\n`;
  }
  const { bytes, totalBytes } = progress;
  const done = `${share(bytes, totalBytes)} of ${short(totalBytes)}B`;
  if (progress.phase === 'count') return `tokenizer: ${done} read\n`;
  const { tokens, documents, split } = progress;
  return `${done}: ${plural(documents, 'document')}, ${short(tokens)} tokens${split === 'train' ? '' : ' held out'}\n`;
}
