import { PassThrough } from 'node:stream';
import { describe, expect, test } from 'vitest';
import { nearest } from '../src/config/suggest.ts';
import { digits, duration, printable, short } from '../src/output/format.ts';
import { toLine } from '../src/output/json.ts';
import type { StepMessage } from '../src/output/messages.ts';
import { createPace } from '../src/output/pace.ts';
import { createPlainOutput } from '../src/output/plain.ts';
import { wordStep } from '../src/output/wording.ts';

const step = (values: Partial<StepMessage>): StepMessage => ({
  event: 'step',
  step: 1,
  steps: 100,
  loss: 2,
  learningRate: 1.9e-3,
  gradientNorm: 0.84,
  updateRatio: null,
  tokens: 1000,
  tokensPerSecond: 12_345,
  stepTime: 0.1,
  peakMemory: 1,
  ...values,
});

test.each([
  [0, '0'],
  [1, '1'],
  [950, '950'],
  [12_345, '12.3k'],
  [999_600, '1M'],
  [6_738_415_616, '6.74G'],
])('%s in short: %s', (value, text) => {
  expect(short(value)).toBe(text);
});

test.each([
  [0.0019, '1.9e-3'],
  [0.84, '0.840'],
  [12.345, '12.3'],
  [345.67, '345.7'],
  [Number.NaN, 'NaN'],
])('%s in digits: %s', (value, text) => {
  expect(digits(value)).toBe(text);
});

test.each([
  [0.2, '0s'],
  [59.6, '1m 00s'],
  [72, '1m 12s'],
  [3725, '1h 02m'],
  [Number.POSITIVE_INFINITY, '?'],
])('%s seconds: %s', (value, text) => {
  expect(duration(value)).toBe(text);
});

test('the nearest known word, or none', () => {
  expect(nearest('lerningRate', ['batch', 'learningRate'])).toBe('learningRate');
  expect(nearest('Batch', ['batch'])).toBe('batch');
  expect(nearest('xyz', ['batch', 'steps'])).toBeNull();
});

describe('pace', () => {
  test('a slow first step, which compiles, is forgotten after one', () => {
    const pace = createPace();
    expect(pace(step({ step: 1, stepTime: 10, tokensPerSecond: 100 })).left).toBeCloseTo(990, 6);
    const second = pace(step({ step: 2, stepTime: 0.5, tokensPerSecond: 2000 }));
    expect(second.left).toBeCloseTo(49, 6);
    expect(second.tokensPerSecond).toBeCloseTo(2000, 6);
  });

  test('the smoothed loss of a constant is that constant, and one that is not finite is left out', () => {
    const pace = createPace();
    pace(step({ loss: 3 }));
    pace(step({ loss: Number.NaN }));
    expect(pace(step({ loss: 3 })).loss).toBeCloseTo(3, 12);
  });
});

test('without a terminal a line every five seconds, and the last step', () => {
  const stream = new PassThrough();
  let time = 0;
  const output = createPlainOutput(stream, () => time);
  for (let i = 1; i <= 100; i++) {
    time += 100;
    output.say(step({ step: i, tokensPerSecond: 10_000, loss: 2 }));
  }
  const lines = String(stream.read()).trimEnd().split('\n');
  expect(lines.map((line) => /^step (\d+)\/100/.exec(line)?.[1])).toEqual(['1', '51', '100']);
  expect(lines[1]).toBe('step 51/100  loss 2.000  lr 1.9e-3  |g| 0.840  10k tok/s  eta 5s');
  expect(String(lines)).not.toContain('\u001b');
});

test('JSON lines hide no infinity behind a null', () => {
  expect(toLine({ loss: Number.NaN, g: Number.POSITIVE_INFINITY, text: 'a\nb' })).toBe(
    '{"loss":"NaN","g":"Infinity","text":"a\\nb"}\n',
  );
});

test('a model’s text cannot steer a terminal', () => {
  expect(printable('a\tb\nc\u001b[2J\u0007\u009b1mé')).toBe('a\tb\nc\uFFFD[2J\uFFFD\uFFFD1mé');
});

describe('a step on a narrow terminal', () => {
  const long = step({ step: 1200, steps: 15_000, learningRate: 1.234e-3, gradientNorm: 0.8412 });
  const recent = { loss: 2.3456, tokensPerSecond: 12_345, left: 3725 };

  test.each([
    [200, 'step 1200/15000  loss 2.346  lr 1.2e-3  |g| 0.841  12.3k tok/s  eta 1h 02m'],
    [70, 'step 1200/15000  loss 2.346  lr 1.2e-3  12.3k tok/s  eta 1h 02m'],
    [60, 'step 1200/15000  loss 2.346  12.3k tok/s  eta 1h 02m'],
    [50, 'step 1200/15000  12.3k tok/s  eta 1h 02m'],
    [30, '12.3k tok/s  eta 1h 02m'],
    [10, '12.3k tok/s  eta 1h 02m'],
  ])('%i columns', (columns, line) => {
    expect(wordStep(long, recent, columns)).toBe(line);
  });
});
