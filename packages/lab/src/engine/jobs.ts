/** @file A study cut into parts that are done once: what a stopped study has done is not done again. */
import type { Parts, Progress } from './study.ts';

export interface Job {
  /** Name of the part's result, a file name, e.g. `seed-1.aged.fp8`. */
  readonly key: string;
  /** For people, e.g. `seed 1, aged, fp8`. */
  readonly name: string;
  /** Computes the result, plain JSON; `onShare` hears how much of it is done, 0 to 1. */
  run(onShare: (share: number) => void): Promise<unknown>;
}

/** A part of one seed's work; its name is made from its key. */
export const seedJob = (seed: number, key: string, run: Job['run']): Job => ({
  key: `seed-${seed}.${key}`,
  name: `seed ${seed}, ${key.replaceAll('.', ', ')}`,
  run,
});

/** Results by key, in the order of `jobs`: those that `parts` holds are read, the others computed and written there. */
export async function runJobs(
  jobs: readonly Job[],
  parts: Parts,
  onProgress: (progress: Progress) => void,
): Promise<ReadonlyMap<string, unknown>> {
  const results = new Map<string, unknown>();
  for (const [done, job] of jobs.entries()) {
    const tell = (share: number) => onProgress({ done, parts: jobs.length, part: job.name, share });
    let result = await parts.read(job.key);
    if (result === undefined) {
      tell(0);
      result = await job.run(tell);
      await parts.write(job.key, result);
    }
    results.set(job.key, result);
  }
  onProgress({ done: jobs.length, parts: jobs.length, part: 'tables and charts', share: 1 });
  return results;
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
