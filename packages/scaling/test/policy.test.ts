/** @file Policies and granularities: defaults, checks, blocks. */
import { OctavoError } from '@octavo/formats';
import { describe, expect, test } from 'vitest';
import {
  blockOf,
  checkGranularity,
  checkPolicy,
  current,
  delayed,
  fixed,
  type Granularity,
  mx,
  scaleGrid,
} from '../src/index.ts';

describe('policies', () => {
  test('TransformerEngine’s defaults', () => {
    expect(delayed()).toEqual({
      kind: 'delayed',
      history: 1024,
      interval: 1,
      margin: 0,
      algorithm: 'max',
      powerOfTwo: false,
      first: 'current',
    });
    expect(current()).toEqual({ kind: 'current', margin: 0, powerOfTwo: false });
    expect(mx()).toEqual({ kind: 'current', margin: 0, powerOfTwo: true });
    expect(fixed(3)).toEqual({ kind: 'fixed', scale: 3 });
  });

  test('are data: through JSON unchanged, frozen', () => {
    for (const policy of [delayed({ history: 16 }), current({ margin: 1 }), mx(), fixed(0.5)]) {
      expect(checkPolicy(JSON.parse(JSON.stringify(policy)))).toEqual(policy);
      expect(Object.isFrozen(policy)).toBe(true);
    }
  });

  test.each<[string, unknown, string]>([
    ['another kind', { kind: 'late' }, 'policy.kind: got "late", expected one of delayed, current, fixed'],
    ['no object', 'delayed', 'policy: got "delayed", expected an object'],
    ['nothing', undefined, 'policy: got nothing, expected an object'],
    ['history 0', { ...delayed(), history: 0 }, 'policy.history: got 0, expected an integer from 1'],
    ['half an interval', { ...delayed(), interval: 0.5 }, 'policy.interval: got 0.5'],
    ['margin NaN', { ...current(), margin: Number.NaN }, 'policy.margin: got NaN'],
    [
      'another algorithm',
      { ...delayed(), algorithm: 'mean' },
      'got "mean", expected one of max, most-recent',
    ],
    ['another first', { ...delayed(), first: 'two' }, 'expected one of current, one'],
    ['power of two 1', { ...current(), powerOfTwo: 1 }, 'policy.powerOfTwo: got 1, expected true or false'],
    [
      'a key of another kind',
      { ...current(), history: 3 },
      'policy.history: got an unknown key, expected one of margin, powerOfTwo',
    ],
    ['scale 0', { kind: 'fixed', scale: 0 }, 'policy.scale: got 0'],
    ['scale infinite', { kind: 'fixed', scale: Number.POSITIVE_INFINITY }, 'policy.scale: got Infinity'],
  ])('%s is refused', (_, value, message) => {
    expect(() => checkPolicy(value)).toThrow(OctavoError);
    expect(() => checkPolicy(value)).toThrow(message);
  });

  test('constructors check too, and errors say where', () => {
    expect(() => delayed({ history: -1 })).toThrow('policy.history: got -1');
    expect(() => fixed(-1)).toThrow(OctavoError);
    expect(() => checkPolicy({ kind: 'x' }, 'linear.output.input.policy')).toThrow(
      '[scaling] linear.output.input.policy.kind',
    );
  });
});

describe('granularities', () => {
  test.each<[Granularity, number, number, [number, number], [number, number]]>([
    [{ kind: 'tensor' }, 6, 100, [6, 100], [1, 1]],
    [{ kind: 'row' }, 6, 100, [1, 100], [6, 1]],
    [{ kind: 'channel' }, 6, 100, [6, 1], [1, 100]],
    [{ kind: 'block', rows: 1, columns: 128 }, 6, 300, [1, 128], [6, 3]],
    [{ kind: 'block', rows: 128, columns: 128 }, 129, 256, [128, 128], [2, 2]],
    [{ kind: 'block', rows: 128, columns: 128 }, 6, 100, [6, 100], [1, 1]],
    [{ kind: 'mx', axis: 'row' }, 6, 100, [1, 32], [6, 4]],
    [{ kind: 'mx', axis: 'column' }, 70, 3, [32, 1], [3, 3]],
    [{ kind: 'tensor' }, 0, 5, [1, 5], [0, 1]],
  ])('%o on %d × %d', (granularity, rows, columns, block, grid) => {
    const shape = blockOf(granularity, rows, columns);
    expect(shape).toEqual({ rows: block[0], columns: block[1] });
    expect(scaleGrid(shape, rows, columns)).toEqual(grid);
    expect(checkGranularity(JSON.parse(JSON.stringify(granularity)))).toEqual(granularity);
  });

  test.each<[unknown, string]>([
    [{ kind: 'token' }, 'granularity.kind: got "token", expected one of tensor, row, channel, block, mx'],
    [{ kind: 'block', rows: 1 }, 'granularity.columns: got nothing'],
    [{ kind: 'block', rows: 0, columns: 1 }, 'granularity.rows: got 0'],
    [{ kind: 'mx', axis: 'both' }, 'granularity.axis: got "both", expected one of row, column'],
    [{ kind: 'row', rows: 2 }, 'granularity.rows: got an unknown key'],
    [[], 'granularity: got [], expected an object'],
  ])('%o is refused', (value, message) => {
    expect(() => checkGranularity(value)).toThrow(message);
  });

  test('impossible matrices', () => {
    expect(() => blockOf({ kind: 'row' }, -1, 4)).toThrow(OctavoError);
    expect(() => blockOf({ kind: 'row' }, 1.5, 4)).toThrow('got 1.5 × 4');
  });
});
