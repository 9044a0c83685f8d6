import { describe, expect, it } from 'vitest';
import { estimate } from '../src/engine/numbers.ts';

describe('estimate', () => {
  it('is by hand: 1, 2, 6 have mean 3, variance 7, standard error √(7/3)', () => {
    const { mean, error, interval } = estimate([1, 2, 6]);
    expect(mean).toBe(3);
    expect(error).toBeCloseTo(1.5275252, 6);
    expect(interval![0]).toBeCloseTo(3 - 6.5725, 3); // t = 4.3027 for two degrees of freedom
    expect(interval![1]).toBeCloseTo(3 + 6.5725, 3);
  });

  it('has no error for one seed, and none to speak of for equal ones', () => {
    expect(estimate([0.5])).toEqual({ mean: 0.5, error: null, interval: null });
    expect(estimate([2, 2])).toEqual({ mean: 2, error: 0, interval: [2, 2] });
  });

  it('uses the tables’ quantiles of t, also beyond its own table', () => {
    const half = (n: number): number => {
      const { interval, error } = estimate(Array.from({ length: n }, (_, i) => i));
      return (interval![1] - interval![0]) / 2 / error!;
    };
    // Student's t, 97.5 %: 9, 10, 20 and 60 degrees of freedom
    for (const [n, t] of [
      [10, 2.262],
      [11, 2.228],
      [21, 2.086],
      [61, 2.0],
    ] as const)
      expect(half(n)).toBeCloseTo(t, 2);
  });
});
