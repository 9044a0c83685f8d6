/** @file What policies remember and forget, step by step, against a plain simulation. */
import { E4M3FN, E5M2, OctavoError } from '@octavo/formats';
import { describe, expect, test } from 'vitest';
import {
  checkState,
  current,
  delayed,
  fixed,
  initState,
  needsOwnMaximum,
  observe,
  type Policy,
  type ScalingState,
  scales,
} from '../src/index.ts';

/** Scale of a one-slot state for E4M3FN, as the maximum that it takes to 448. */
const reach = (policy: Policy, state: ScalingState) => 448 / scales(policy, state, E4M3FN)[0]!;

function run(policy: Policy, amaxes: readonly number[], state = initState(policy, 1)): ScalingState {
  return amaxes.reduce((s, amax) => observe(policy, s, [amax]), state);
}

describe('delayed', () => {
  test('the maximum of the history, and nothing older', () => {
    const policy = delayed({ history: 3 });
    let state = initState(policy, 1);
    const seen: number[] = [];
    for (const amax of [1, 8, 2, 4, 2, 1, 0.5, 0.25, 16, 0.5]) {
      state = observe(policy, state, [amax]);
      seen.push(amax);
      expect(state.history).toEqual(seen.slice(-3));
      expect(reach(policy, state)).toBe(Math.max(...seen.slice(-3)));
    }
    expect(state.observed).toBe(10);
  });

  test('an outlier leaves after exactly `history` observations', () => {
    const policy = delayed({ history: 16 });
    let state = run(policy, [1000]);
    for (let i = 1; i < 16; i++) {
      state = observe(policy, state, [2]);
      expect(reach(policy, state)).toBeCloseTo(1000, 3);
    }
    expect(reach(policy, observe(policy, state, [2]))).toBe(2);
  });

  test('most recent', () => {
    const policy = delayed({ history: 4, algorithm: 'most-recent' });
    expect(reach(policy, run(policy, [8, 4, 2]))).toBe(2);
  });

  test('a history of 1 is the latest observation', () => {
    const policy = delayed({ history: 1 });
    expect(run(policy, [8, 4]).history).toEqual([4]);
    expect(reach(policy, run(policy, [8, 4]))).toBe(4);
  });

  test('renewed every `interval` observations, from the whole history', () => {
    const policy = delayed({ history: 8, interval: 3, first: 'one' });
    const reached = [4, 16, 2, 1, 64, 2, 1].map(
      (_, i, all) => scales(policy, run(policy, all.slice(0, i + 1)), E4M3FN)[0],
    );
    expect(reached).toEqual([1, 1, 28, 28, 28, 7, 7]);
  });

  test('starting from its own maximum, the first observation renews at once', () => {
    const policy = delayed({ history: 8, interval: 3 });
    expect([1, 2, 3, 4].map((n) => reach(policy, run(policy, [4, 16, 2, 1].slice(0, n))))).toEqual([
      4, 4, 16, 16,
    ]);
  });

  test('the paper: scale 1, then powers of two from one global batch of micro-batches', () => {
    const policy = delayed({ history: 4, interval: 4, powerOfTwo: true, first: 'one' });
    let state = initState(policy, 1);
    const used: number[] = [];
    for (const amax of [3, 5, 1, 2, /* next step */ 100, 90, 80, 70, /* next */ 1, 1, 1, 1]) {
      used.push(scales(policy, state, E4M3FN)[0]!);
      state = observe(policy, state, [amax]);
    }
    expect(used).toEqual([1, 1, 1, 1, 64, 64, 64, 64, 4, 4, 4, 4]);
    expect(scales(policy, state, E5M2)[0]).toBe(2 ** 15);
  });

  test('before the first observation: scale 1, or the tensor’s own maximum, which must be given', () => {
    const one = delayed({ first: 'one' });
    expect(needsOwnMaximum(one, initState(one, 1))).toBe(false);
    expect([...scales(one, initState(one, 2), E4M3FN)]).toEqual([1, 1]);
    const own = delayed();
    expect(needsOwnMaximum(own, initState(own, 1))).toBe(true);
    expect([...scales(own, initState(own, 1), E4M3FN, [2])]).toEqual([224]);
    expect(() => scales(own, initState(own, 1), E4M3FN)).toThrow(OctavoError);
    const state = run(own, [4]);
    expect(needsOwnMaximum(own, state)).toBe(false);
    expect([...scales(own, state, E4M3FN, [2])]).toEqual([112]);
  });

  test('all zeros give 1; a zero among others does not count', () => {
    const policy = delayed({ history: 2 });
    expect([...scales(policy, run(policy, [0, 0]), E4M3FN)]).toEqual([1]);
    expect(reach(policy, run(policy, [4, 0]))).toBe(4);
    expect([...scales(policy, run(policy, [4, 0, 0]), E4M3FN)]).toEqual([1]);
  });

  test('NaN and infinity are counted, and take nothing with them', () => {
    const policy = delayed({ history: 2, algorithm: 'most-recent' });
    const state = run(policy, [4, Number.NaN, Number.POSITIVE_INFINITY, 1e39]);
    expect(state.nonFinite).toBe(3);
    expect(state.history).toEqual([4, 4]);
    expect(reach(policy, state)).toBe(4);
    const slots = observe(policy, observe(policy, initState(policy, 2), [1, 2]), [Number.NaN, 8]);
    expect(slots).toMatchObject({ amax: [1, 8], nonFinite: 1 });
  });

  test('before anything finite was seen, NaN and infinity are no observation', () => {
    const policy = delayed({ history: 2 });
    const state = run(policy, [Number.NaN, Number.POSITIVE_INFINITY]);
    expect(state).toEqual({ observed: 0, history: [], amax: [0], nonFinite: 2 });
    expect(needsOwnMaximum(policy, state)).toBe(true);
    expect(reach(policy, run(policy, [Number.NaN, 4]))).toBe(4);
    expect(checkState(policy, state)).toEqual(state);
  });

  test('slots keep apart', () => {
    const policy = delayed({ history: 2 });
    let state = initState(policy, 3);
    for (const amaxes of [
      [1, 9, 3],
      [2, 8, 1],
      [1, 4, 2],
    ])
      state = observe(policy, state, Float32Array.from(amaxes));
    expect(state.history).toEqual([2, 8, 1, 1, 4, 2]);
    expect(state.amax).toEqual([2, 8, 2]);
  });

  test('margin and power of two', () => {
    const policy = delayed({ margin: 2, powerOfTwo: true });
    expect([...scales(policy, run(policy, [3]), E4M3FN)]).toEqual([32]);
  });
});

test('current: the maxima given, else those observed last', () => {
  const policy = current({ powerOfTwo: true });
  const state = observe(policy, initState(policy, 2), [1, 7]);
  expect([...scales(policy, state, E4M3FN)]).toEqual([256, 64]);
  expect([...scales(policy, state, E4M3FN, [7, 0])]).toEqual([64, 1]);
  expect(state.history).toEqual([]);
  expect(() => scales(policy, initState(policy, 1), E4M3FN)).toThrow("expected the tensor's own maxima");
  expect(() => scales(policy, state, E4M3FN, [1])).toThrow('got 1 maxima, expected 2');
});

test('fixed: one scale for ever', () => {
  const policy = fixed(12);
  const state = observe(policy, initState(policy, 2), [5, Number.NaN]);
  expect([...scales(policy, state, E4M3FN)]).toEqual([12, 12]);
  expect(state).toMatchObject({ observed: 1, nonFinite: 1 });
});

describe('a state is data', () => {
  const policies: readonly Policy[] = [
    delayed({ history: 5, interval: 2 }),
    delayed({ history: 3, first: 'one', algorithm: 'most-recent', powerOfTwo: true }),
    current({}),
    fixed(2),
  ];
  const amaxOf = (step: number, slot: number) =>
    step % 7 === 3
      ? Number.NaN
      : Math.fround(Math.abs(Math.sin(step * 12.9898 + slot * 78.233)) * 2 ** ((step % 5) - 2));

  test.each(policies)('saved at any moment and restored by JSON, the future is the same: %o', (policy) => {
    for (let saved = 0; saved < 12; saved++) {
      let state = initState(policy, 3);
      let other = state;
      for (let step = 0; step < 24; step++) {
        if (step === saved) other = checkState(policy, JSON.parse(JSON.stringify(state)));
        const amaxes = [0, 1, 2].map((slot) => amaxOf(step, slot));
        state = observe(policy, state, amaxes);
        if (step >= saved) other = observe(policy, other, amaxes);
        if (step >= saved) expect(scales(policy, other, E5M2)).toEqual(scales(policy, state, E5M2));
      }
      expect(other).toEqual(state);
    }
  });

  test('nothing changes its arguments', () => {
    const policy = delayed({ history: 2 });
    const freeze = (state: ScalingState): ScalingState =>
      Object.freeze({
        ...state,
        history: Object.freeze([...state.history]),
        amax: Object.freeze([...state.amax]),
      });
    let state = freeze(initState(policy, 1));
    for (const amax of [1, 2, 3]) state = freeze(observe(policy, state, Object.freeze([amax])));
    expect(state.history).toEqual([2, 3]);
  });

  test('histories are float32, as a checkpoint stores them', () => {
    const policy = delayed({ history: 2 });
    const state = run(policy, [0.1, 0.2]);
    expect(Array.from(Float32Array.from(state.history))).toEqual(state.history);
  });
});

describe('refusals', () => {
  const policy = delayed({ history: 2 });
  const state = run(policy, [1, 2]);
  test.each([
    ['too few maxima', () => observe(policy, state, []), 'observe: got 0 maxima, expected 1'],
    ['a negative maximum', () => observe(policy, state, [-1]), 'got -1 for slot 0'],
    ['slots that are none', () => initState(policy, 1.5), 'slots: got 1.5'],
    ['a state that is none', () => checkState(policy, null), 'state: got null, expected an object'],
    [
      'a longer history',
      () => checkState(policy, { ...state, history: [1, 2, 3] }),
      'state.history: got 3 maxima, expected 2',
    ],
    [
      'a poisoned history',
      () => checkState(policy, { ...state, history: [1, null] }),
      'state.history[1]: got null',
    ],
    [
      'another policy’s state',
      () => checkState(current(), state),
      'expected 0 (1 slots, 2 observations, policy current)',
    ],
    ['unknown keys', () => checkState(policy, { ...state, step: 3 }), 'state.step'],
    ['a missing count', () => checkState(policy, { ...state, observed: -1 }), 'state.observed: got -1'],
  ])('%s', (_, act, message) => {
    expect(act).toThrow(OctavoError);
    expect(act).toThrow(message);
  });
});
