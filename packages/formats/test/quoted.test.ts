import { expect, test } from 'vitest';
import { quoted, visible } from '../src/index.ts';

test('characters that steer a terminal are spelt out', () => {
  expect(visible('a\u001b[31mred\u009b2J\r\n\u202egnp\u2028\ufeff')).toBe(
    'a\\u001b[31mred\\u009b2J\\r\\n\\u202egnp\\u2028\\ufeff',
  );
  expect(visible('grüße 漢字 😀')).toBe('grüße 漢字 😀');
  expect(quoted('half \ud800')).toBe('"half \\ud800"');
});

test('values are short JSON, however large or strange they are', () => {
  expect(quoted({ a: [1, 'x"y'], b: null })).toBe('{"a":[1,"x\\"y"],"b":null}');
  expect(quoted(undefined)).toBe('nothing');
  expect(quoted(Number.NaN)).toBe('NaN');
  expect(quoted(3n)).toBe('3');
  expect(quoted('x'.repeat(1000)).length).toBeLessThan(90);
  expect(quoted(new Array(1e6).fill(7)).length).toBeLessThan(90);
  const circular: { self?: unknown } = {};
  circular.self = circular;
  expect(quoted(circular).length).toBeLessThan(90);
  let bomb: unknown = 'lol';
  for (let i = 0; i < 40; i++) bomb = Array.from({ length: 10 }, () => bomb);
  expect(quoted(bomb).length).toBeLessThan(90);
});
