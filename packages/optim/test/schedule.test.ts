import { describe, expect, it } from 'vitest';
import { clipFactor, globalNorm, learningRate, type Schedule } from '../src/index.ts';

describe('learningRate', () => {
  const cosine: Schedule = { kind: 'cosine', peak: 3e-3, warmup: 10, steps: 110, floor: 0.1 };

  it('warms up in equal steps, peaks, and ends at the floor', () => {
    expect(learningRate(cosine, 0)).toBeCloseTo(3e-3 / 11, 12);
    expect(learningRate(cosine, 9)).toBeCloseTo((3e-3 * 10) / 11, 12);
    expect(learningRate(cosine, 10)).toBeCloseTo(3e-3, 12);
    expect(learningRate(cosine, 60)).toBeCloseTo(3e-3 * 0.55, 12);
    expect(learningRate(cosine, 110)).toBeCloseTo(3e-4, 12);
    expect(learningRate(cosine, 1000)).toBeCloseTo(3e-4, 12);
  });

  it('falls in a straight line, or not at all', () => {
    expect(learningRate({ ...cosine, kind: 'linear' }, 35)).toBeCloseTo(3e-3 * (0.1 + 0.9 * 0.75), 12);
    expect(learningRate({ kind: 'constant', peak: 1e-4, warmup: 0 }, 12345)).toBe(1e-4);
  });
});

describe('clipping', () => {
  it('takes the norm over all parts and scales down only', () => {
    expect(globalNorm([9, 16])).toBe(5);
    expect(clipFactor(5, 1)).toBe(0.2);
    expect(clipFactor(0.5, 1)).toBe(1);
    expect(clipFactor(5, 0)).toBe(1);
  });
});
