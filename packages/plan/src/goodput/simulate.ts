/**
 * @file A long run of many ranks, event by event: failures, slow ranks, checkpoints, restarts. Between two events the run goes
 * on at one speed, so that nothing is lost by going from one to the next.
 */
import { counterRandom, streamSeed } from '@octavo/formats';
import type { Rhythm } from './interval.ts';

/** What befalls ranks. Seconds; `Infinity`: never. */
export interface Cluster {
  readonly ranks: number;
  /** Between failures of one rank, in the mean; times are exponential. */
  readonly rankBetweenFailures: number;
  readonly checkpoint: number;
  /** From a failure until steps go on from the last checkpoint. */
  readonly restart: number;
  /** A rank is slow from time to time, and all wait for the slowest. */
  readonly slow: { readonly every: number; readonly lasts: number; readonly factor: number };
  /** Every step of a rank takes longer by an exponential share of this mean: all wait for the largest of them. */
  readonly jitter: number;
}

export const rhythmOf = ({ ranks, rankBetweenFailures, checkpoint, restart }: Cluster): Rhythm => ({
  ...{ betweenFailures: rankBetweenFailures / ranks, checkpoint, restart },
});

/** Seconds by what they went into: `useful` at full speed, `waiting` for slow ranks, `lost` since the last checkpoint. */
export interface Spent {
  useful: number;
  waiting: number;
  checkpoints: number;
  lost: number;
  restarts: number;
}

export interface Outcome {
  readonly spent: Readonly<Spent>;
  readonly failures: number;
  /** Useful seconds of all. */
  readonly goodput: number;
}

const STREAMS = { failure: 1, slow: 2, lasting: 3 } as const;

/** Mean of the largest of n exponential numbers of mean 1: the n-th harmonic number. */
export function harmonic(n: number): number {
  let sum = 0;
  for (let i = 1; i <= n; i++) sum += 1 / i;
  return sum;
}

/** Simulates until `work` useful seconds are done, a checkpoint after every `interval` of them. Same seed, same result. */
export function simulate(cluster: Cluster, interval: number, work: number, seed: number): Outcome {
  const { ranks, slow, checkpoint, restart } = cluster;
  const draw = exponentials(seed);
  const nextFailure = () => draw('failure', cluster.rankBetweenFailures / ranks);
  const nextSlow = () => draw('slow', slow.every / ranks);
  const pace = 1 + cluster.jitter * harmonic(ranks); // seconds a useful second, no rank being slow
  const spent: Spent = { useful: 0, waiting: 0, checkpoints: 0, lost: 0, restarts: 0 };
  const slowUntil: number[] = [];
  let [now, saved, failures] = [0, 0, 0];
  let [failure, slowing] = [nextFailure(), nextSlow()];

  /** The first moment at which something befalls a rank. */
  const nextEvent = (): number => Math.min(failure, slowing, ...slowUntil);
  const befall = (): void => {
    if (now >= slowing) {
      slowUntil.push(now + draw('lasting', slow.lasts));
      slowing = now + nextSlow();
    }
    for (let i = slowUntil.length - 1; i >= 0; i--) if (now >= slowUntil[i]!) slowUntil.splice(i, 1);
  };
  /** Waits until `end` unless a rank fails first; says whether the time was had whole. */
  const pass = (end: number): boolean => {
    while (now < end) {
      now = Math.min(end, nextEvent());
      if (now >= failure) return false;
      befall();
    }
    return true;
  };
  /** Works off `amount` useful seconds unless a rank fails first. */
  const compute = (amount: number): boolean => {
    let left = amount;
    while (left > 0) {
      const rate = pace * (slowUntil.length > 0 ? slow.factor : 1);
      const [start, end] = [now, now + left * rate];
      const event = nextEvent();
      now = Math.min(end, event);
      left = end <= event ? 0 : left - (now - start) / rate;
      if (now >= failure) return false;
      befall();
    }
    return true;
  };
  /** Restarts, and again where a rank fails meanwhile. */
  const recover = (): void => {
    const begin = now;
    do {
      failures += 1;
      failure = now + nextFailure();
    } while (!pass(now + restart));
    spent.restarts += now - begin;
  };

  while (saved < work) {
    const since = now;
    const amount = Math.min(interval, work - saved);
    const computed = compute(amount);
    const working = now - since;
    const last = saved + amount >= work;
    if (computed && (last || pass(now + checkpoint))) {
      saved += amount;
      spent.useful += amount;
      spent.waiting += working - amount;
      spent.checkpoints += now - since - working;
    } else {
      spent.lost += now - since;
      recover();
    }
  }
  return { spent, failures, goodput: spent.useful / now };
}

/** Exponential numbers of a mean, a stream for each purpose. */
function exponentials(seed: number) {
  const next = { failure: 0, slow: 0, lasting: 0 };
  return (purpose: keyof typeof STREAMS, mean: number): number => {
    if (mean === Number.POSITIVE_INFINITY) return mean;
    const bits = counterRandom(streamSeed(seed, 0, STREAMS[purpose]), next[purpose]++);
    return -mean * Math.log((bits + 0.5) / 2 ** 32);
  };
}
