/** @file Timing that a noisy machine does not mislead: subjects take turns, and the median of the turns counts. */

/** What is timed: one call. */
export type Subject = () => void | Promise<void>;

export interface Effort {
  /** Turns of each subject. */
  readonly rounds: number;
  /** A turn repeats the call until it has taken so long, milliseconds. */
  readonly leastMs: number;
}

export const FULL: Effort = { rounds: 7, leastMs: 40 };
/** Shows that everything runs; its figures mean little. */
export const QUICK: Effort = { rounds: 1, leastMs: 0 };

const MOST_CALLS = 2000;

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const half = sorted.length >> 1;
  return sorted.length % 2 ? sorted[half]! : (sorted[half - 1]! + sorted[half]!) / 2;
}

/** Median milliseconds a call of each subject. All take turns, so that their ratios are of one run. */
export async function alternate(subjects: readonly Subject[], effort: Effort): Promise<number[]> {
  const calls: number[] = [];
  for (const subject of subjects) {
    await subject(); // the first call compiles and allocates
    const once = await timed(subject, 1);
    calls.push(Math.min(MOST_CALLS, Math.max(1, Math.ceil(effort.leastMs / Math.max(once, 1e-4)))));
  }
  const turns: number[][] = subjects.map(() => []);
  for (let round = 0; round < effort.rounds; round++) {
    for (const [i, subject] of subjects.entries()) turns[i]!.push(await timed(subject, calls[i]!));
  }
  return turns.map(median);
}

/** Milliseconds a call. */
export async function timed(subject: Subject, calls: number): Promise<number> {
  const start = performance.now();
  for (let i = 0; i < calls; i++) {
    const result = subject();
    if (result) await result; // no turn of the event loop for what is not asynchronous
  }
  return (performance.now() - start) / calls;
}
