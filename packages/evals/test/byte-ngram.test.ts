import { counterRandom } from '@octavo/formats';
import { describe, expect, it } from 'vitest';
import { byteBaseline, byteNgram } from '../src/index.ts';
import { discountsOf } from '../src/kneser-ney.ts';
import { slowKneserNey } from './slow-kneser-ney.ts';

/** A text with structure: the next token depends on the last two, with noise. */
function randomText(length: number, vocabulary: number, seed: number): number[] {
  const text = [0, 1];
  while (text.length < length) {
    const r = counterRandom(seed, text.length) / 2 ** 32;
    const [a, b] = text.slice(-2) as [number, number];
    text.push(r < 0.6 ? (a * 3 + b + 1) % vocabulary : Math.floor((r - 0.6) * 2.5 * r * vocabulary));
  }
  return text;
}

describe('byteNgram', () => {
  it('agrees with a sum done by hand', () => {
    // 0 1 0 1 2: stretches 01 twice, 10 and 12 once, so n₁ = 2, n₂ = 1 and D = Y = 2 / (2 + 2) = 1/2.
    // Each token has one predecessor: p(w) = (1 − 1/2)/3 + 1/2 · 1/3 = 1/3.
    const model = byteNgram(1, [0, 1, 0, 1, 2], { vocabularySize: 3 });
    const p = (context: number, token: number) => model.probability([context], token);
    expect(model.probability([], 2)).toBeCloseTo(1 / 3, 12);
    expect(p(0, 1)).toBeCloseTo(1.5 / 2 + 0.25 / 3, 12);
    expect(p(0, 0)).toBeCloseTo(0.25 / 3, 12);
    expect(p(1, 0)).toBeCloseTo(0.25 + 0.5 / 3, 12);
    expect(p(1, 1)).toBeCloseTo(0.5 / 3, 12);
    // 2 ends the text and is never a context: the shorter context answers.
    expect(p(2, 0)).toBeCloseTo(1 / 3, 12);
    const [first, second, third] = [1 / 3, 0.25 / 3, 1.5 / 2 + 0.25 / 3];
    expect(model.crossEntropy([0, 0, 1])).toBeCloseTo(
      -(Math.log(first) + Math.log(second) + Math.log(third)) / 3,
      12,
    );
  });

  it.each([0, 1, 2, 3])('order %i: probabilities sum to 1 in every context, seen or not', (order) => {
    const model = byteNgram(order, randomText(3000, 11, 1), { vocabularySize: 13 });
    for (const context of [[], [3], [12], [1, 2, 3], [12, 4], [4, 12], [0, 1, 4, 2]]) {
      let sum = 0;
      for (let token = 0; token < 13; token++) {
        const p = model.probability(context, token);
        expect(p).toBeGreaterThan(0);
        sum += p;
      }
      expect(sum).toBeCloseTo(1, 12);
    }
  });

  it.each([0, 1, 2, 3])('order %i: agrees with a slow implementation written from the paper', (order) => {
    const train = randomText(4000, 17, 2);
    const held = [...randomText(400, 17, 3), 18, 18, 5];
    const model = byteNgram(order, Uint8Array.from(train), { vocabularySize: 19 });
    const slow = slowKneserNey(order, train, 19);
    let sum = 0;
    for (let i = 0; i < held.length; i++)
      sum -= Math.log(slow(held.slice(Math.max(0, i - order), i), held[i]!));
    expect(model.crossEntropy(held)).toBeCloseTo(sum / held.length, 10);
  });

  it('gets better with the order of a text that has that structure', () => {
    const [train, held] = [randomText(20000, 11, 4), randomText(2000, 11, 5)];
    const losses = [0, 1, 2].map((order) => byteNgram(order, train).crossEntropy(held));
    // One token of context says nothing here; two say most.
    expect(Math.abs(losses[1]! - losses[0]!)).toBeLessThan(0.05);
    expect(losses[2]).toBeLessThan(losses[1]! - 0.3);
  });

  it('learns a text of one repeated token, and takes vocabularies beyond bytes', () => {
    expect(byteNgram(2, new Uint8Array(1000)).crossEntropy(new Uint8Array(500))).toBeLessThan(0.01);
    const model = byteNgram(1, [31999, 5, 31999, 5, 31999], { vocabularySize: 32000 });
    expect(model.probability([31999], 5)).toBeGreaterThan(0.5);
  });

  it('uses three discounts where it can, one where it cannot', () => {
    // Y = 100/(100+80) = 5/9: D = 1 − 2Y·0.4, 2 − 3Y·0.5, 3 − 4Y·0.5
    const y = 5 / 9;
    expect(discountsOf([0, 100, 40, 20, 10])).toEqual([1 - 0.8 * y, 2 - 1.5 * y, 3 - 2 * y]);
    expect(discountsOf([0, 6, 2, 3, 0])).toEqual([0.6, 0.6, 0.6]);
    expect(discountsOf([0, 0, 2, 1, 1])).toEqual([0.5, 0.5, 0.5]);
  });

  it.each([
    [() => byteNgram(-1, [1]), '[evals] n-gram order: got -1, expected an integer from 0 to 16'],
    [() => byteNgram(1, []), '[evals] n-gram text: got no tokens, expected at least one'],
    [() => byteNgram(1, [1, 256]), '[evals] n-gram token 1: got 256, expected an integer from 0 to 255'],
    [
      () => byteNgram(1, [1], { vocabularySize: 0 }),
      '[evals] n-gram vocabulary size: got 0, expected 1 to 2147483648',
    ],
    [() => byteNgram(1, [1]).crossEntropy([]), '[evals] n-gram text: got no tokens, expected at least one'],
  ])('refuses what it cannot do (%#)', (act, message) => {
    expect(act).toThrow(message);
  });
});

describe('byteBaseline', () => {
  const text = randomText(600, 8, 5);
  const model = byteNgram(2, text);
  const loss = (context: readonly number[], token: number) => -Math.log(model.probability(context, token));

  it('asks for every target from its own window only, and not for the first token', () => {
    const windows = { tokens: [1, 2, 3, 4, 5, 6], targets: [2, 3, 4, 5, 6, 7] };
    const byHand = [
      loss([1], 2),
      loss([1, 2], 3),
      loss([2, 3], 4),
      loss([4], 5),
      loss([4, 5], 6),
      loss([5, 6], 7),
    ];
    expect(byteBaseline(text, [windows], 3)).toBeCloseTo(byHand.reduce((a, b) => a + b) / 6, 10);
  });

  it('leaves padding out, and rows of nothing else', () => {
    const whole = { tokens: [1, 2, 3], targets: [2, 3, 4] };
    const padded = { tokens: [1, 2, 3, 0, 0, 0], targets: [2, 3, 4, -1, -1, -1] };
    expect(byteBaseline(text, [padded], 3)).toBe(byteBaseline(text, [whole], 3));
    const part = { tokens: [1, 2, 0], targets: [2, -1, -1] };
    expect(byteBaseline(text, [part], 3)).toBeCloseTo(loss([1], 2), 10);
  });
});
