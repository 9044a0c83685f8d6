import { E4M3FN } from '@octavo/formats';
import { current, delayed, fixed } from '@octavo/scaling';
import { describe, expect, it } from 'vitest';
import { recordedEvery, seriesOf, whatIf, whatIfPolicies } from '../src/formats/what-if.ts';

const rms = (amax: readonly number[]) => amax.map((a) => a / 10);

describe('whatIf', () => {
  // A spike of 2⁵ at the fourth step, forgotten two steps after it has gone by.
  const amax = [1, 1, 1, 32, 1, 1, 1];

  it('counts a spike as clipped once, and range as wasted as long as it is remembered', () => {
    const found = whatIf(amax, rms(amax), delayed({ history: 2 }), E4M3FN);
    expect(found).toMatchObject({ counted: 6, clipped: 1, wasted: 2, starved: 0, leastHeadroom: -5 });
    expect(found.headroom).toBeCloseTo((0 + 0 - 5 + 5 + 5 + 0) / 6, 6);
  });

  it('a margin keeps bits free for it; a longer history wastes longer; a current scale does neither', () => {
    expect(whatIf(amax, rms(amax), delayed({ history: 2, margin: 5 }), E4M3FN)).toMatchObject({ clipped: 0 });
    expect(whatIf(amax, rms(amax), delayed({ history: 1024 }), E4M3FN)).toMatchObject({ wasted: 3 });
    expect(whatIf(amax, rms(amax), current(), E4M3FN)).toMatchObject({ counted: 7, clipped: 0, wasted: 0 });
  });

  it('a power of two leaves what it was rounded down by', () => {
    const found = whatIf([1], [1], current({ powerOfTwo: true }), E4M3FN); // 256 instead of 448
    expect(found.headroom).toBeCloseTo(Math.log2(448 / 256), 6);
  });

  it('starves where the root mean square falls below the smallest normal value', () => {
    // Scale 1: 2⁻⁶ is E4M3's smallest normal value.
    const found = whatIf([1, 1, 1], [2 ** -6, 2 ** -7, 2 ** -8], fixed(1), E4M3FN);
    expect(found).toMatchObject({ counted: 3, starved: 2, wasted: 3 });
  });

  it('passes over tensors of zeros and maxima that are not finite', () => {
    const broken = [1, Number.NaN, Number.POSITIVE_INFINITY, 1];
    const found = whatIf(broken, rms(broken), delayed({ history: 2 }), E4M3FN);
    expect(found).toMatchObject({ counted: 1, clipped: 0, headroom: 0 });
    expect(whatIf([0, 0, 0], [0, 0, 0], current(), E4M3FN)).toMatchObject({ counted: 0, clipped: 0 });
  });
});

it('series are tensors in the order of their steps, in the paper’s formats where the run cast nothing', () => {
  const row = { layer: 1, site: 'down', operand: 'grad', format: 'bf16', amax: 1, rms: 1 };
  const all = seriesOf([
    { ...row, step: 41, amax: 3 },
    { ...row, step: 1 },
    { ...row, step: 21, amax: 2 },
    { ...row, step: 1, operand: 'input', format: 'e4m3' },
  ]);
  expect(all.map(({ operand, format, steps }) => ({ operand, format, steps }))).toEqual([
    { operand: 'grad', format: 'e5m2', steps: [1, 21, 41] },
    { operand: 'input', format: 'e4m3', steps: [1] },
  ]);
  expect(all[0]!.amax).toEqual([1, 2, 3]);
  expect(recordedEvery(all)).toBe(20);
});

it('histories are counted in steps, however seldom the run recorded one', () => {
  const history = (name: string, every: number) => whatIfPolicies(every)[name];
  expect(history('delayed 16', 1)).toMatchObject({ history: 16 });
  expect(history('delayed 16', 20)).toMatchObject({ history: 1 });
  expect(history('delayed 1024', 20)).toMatchObject({ history: 52 });
});
