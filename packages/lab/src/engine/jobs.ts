/** @file A study cut into parts that are done once: what a stopped study has done is not done again. */
import type { Parts, Progress } from './study.ts';

/** Whose part it is: what charts and tables know it by. */
export interface Label {
  /** 0 for a part of no seed. */
  readonly seed: number;
  /** E.g. `['aged', 'fp8']`. */
  readonly words: readonly string[];
}

export interface Job extends Label {
  /** Name of the part's result, a file name, e.g. `seed-1.aged.fp8`. */
  readonly key: string;
  /** For people, e.g. `seed 1, aged, fp8`. */
  readonly name: string;
  /** Computes the result, plain JSON; `onShare` hears how much of it is done, 0 to 1. */
  run(onShare: (share: number) => void): Promise<unknown>;
}

/** A part of one seed's work; its key and its name are made from its words. */
export const seedJob = (seed: number, words: readonly string[], run: Job['run']): Job => ({
  seed,
  words,
  key: [`seed-${seed}`, ...words].join('.'),
  name: [`seed ${seed}`, ...words].join(', '),
  run,
});

/** A part that is done. */
export interface Done extends Label {
  /** As JSON has it: not finite is null. */
  readonly result: unknown;
}

/** The parts whose first word is one of `kinds`, their results taken for `T`. */
export const resultsOf = <T>(done: readonly Done[], ...kinds: readonly string[]) =>
  done
    .filter(({ words }) => kinds.includes(words[0]!))
    .map(({ seed, words: [kind, of = ''], result }) => ({ seed, kind: kind!, of, result: result as T }));

/** In the order of `jobs`: those that `parts` holds are read, the others computed and written there. */
export async function runJobs(
  jobs: readonly Job[],
  parts: Parts,
  onProgress: (progress: Progress) => void = () => {},
): Promise<Done[]> {
  const all: Done[] = [];
  for (const [done, job] of jobs.entries()) {
    const tell = (share: number) => onProgress({ done, parts: jobs.length, part: job.name, share });
    let result = await parts.read(job.key);
    if (result === undefined) {
      tell(0);
      result = await job.run(tell);
      await parts.write(job.key, result);
    }
    all.push({ seed: job.seed, words: job.words, result });
  }
  onProgress({ done: jobs.length, parts: jobs.length, part: 'tables and charts', share: 1 });
  return all;
}

/** The same promise at every call after the first: what several parts need is made when the first unfinished one asks. */
export function lazily<A extends readonly unknown[], T>(
  make: (...args: A) => Promise<T>,
): (...args: A) => Promise<T> {
  let made: Promise<T> | null = null;
  return (...args) => {
    made ??= make(...args);
    return made;
  };
}
