/** @file From questions to figures: tokens, windows, metrics and errors as in lm-evaluation-harness; two models compared. */
import { readFileSync } from 'node:fs';
import { describe, expect, it, test } from 'vitest';
import {
  type Asked,
  ask,
  byteNgram,
  comparisonsOf,
  type Encoder,
  encodePair,
  encodeWhole,
  estimate,
  mcnemar,
  metrics,
  resultsOf,
  type Scorer,
  sequencesOf,
  tasks,
} from '../src/index.ts';

const fixture = (name: string) =>
  JSON.parse(readFileSync(new URL(`./fixtures/${name}.json`, import.meta.url), 'utf8'));
const bytes = (text: string): number[] => [...new TextEncoder().encode(text)];
const byte: Encoder = { encode: bytes, bos: null, eos: 0 };
/** Letters by themselves, but a space is a token with the word behind it, as byte-level BPE has it. */
const words: Encoder = {
  encode: (text) =>
    (text.match(/ ?[^ ]+| /g) ?? []).map((word) => 300 + word.length * 10 + word.charCodeAt(0)),
  bos: 1,
  eos: 2,
};
const bare: Encoder = { encode: bytes, bos: null, eos: null };

describe('a pair as tokens', () => {
  it('moves spaces at the end of the context to the continuation', () => {
    const split = encodePair(words, { context: 'the cat ', continuation: 'sat' });
    expect(split).toEqual(encodePair(words, { context: 'the cat', continuation: ' sat' }));
    expect(split.context).toEqual([1, ...words.encode('the cat')]);
    expect(split.continuation).toEqual(words.encode(' sat'));
  });

  it('takes the continuation out of both encoded together', () => {
    // "ab" + "c" is one token: the continuation has what the context alone does not.
    const merging: Encoder = {
      encode: (t) => (t === 'xabc' ? [7, 9] : t === 'xa' ? [7] : [0]),
      bos: null,
      eos: null,
    };
    expect(encodePair(merging, { context: 'xa', continuation: 'bc' })).toEqual({
      context: [7],
      continuation: [9],
    });
  });

  it('begins an empty context with bos, or eos, or the first token', () => {
    const pair = { context: ' \n', continuation: 'ab' };
    expect(encodePair(byte, pair)).toEqual({ context: [0], continuation: bytes(' \nab') });
    expect(encodePair(words, { ...pair, context: '' }).context).toEqual([1]);
    expect(encodePair(bare, { ...pair, context: '' })).toEqual({
      context: bytes('a'),
      continuation: bytes('b'),
    });
    expect(encodeWhole(words, 'a')).toEqual({ context: [1], continuation: [1, ...words.encode('a')] });
  });

  it('refuses a continuation without tokens', () => {
    expect(() => encodePair(byte, { context: 'a', continuation: '' })).toThrow('got no tokens of its own');
  });
});

describe('what a model reads', () => {
  it('is cut at the left where context and continuation are too long', () => {
    const pair = { context: [1, 2, 3, 4, 5], continuation: [6, 7] };
    expect(sequencesOf(pair, 9)).toEqual([{ tokens: [1, 2, 3, 4, 5, 6, 7], from: 5 }]);
    expect(sequencesOf(pair, 4)).toEqual([{ tokens: [3, 4, 5, 6, 7], from: 3 }]);
  });

  it('of a whole text is the harness’s disjoint rolling windows', () => {
    const continuation = Array.from({ length: 23 }, (_, i) => 100 + i);
    const pieces = sequencesOf({ context: [1], continuation }, 8);
    expect(pieces.map(({ tokens, from }) => [tokens.slice(0, from), tokens.slice(from)])).toEqual(
      fixture('harness').rolling,
    );
  });
});

test('metrics and standard errors are the harness’s', () => {
  const { metrics: expected } = fixture('harness');
  const { logLikelihoods: lls, weights } = fixture('harness-rows') as {
    logLikelihoods: number[];
    weights: number[];
  };
  const acc = estimate(
    metrics.acc,
    lls.map((l) => [Number(l > -3), 1]),
  );
  expect([acc.value, acc.stderr]).toEqual([expected.acc, expect.closeTo(expected.acc_stderr, 12)]);
  const each = lls.map((l): [number, number] => [l, 1]);
  expect(estimate(metrics.perplexity, each).value).toBeCloseTo(expected.perplexity, 12);
  const weighted = lls.map((l, i): [number, number] => [l, weights[i]!]);
  expect(estimate(metrics.word_perplexity, weighted).value).toBeCloseTo(expected.word_perplexity, 12);
  expect(estimate(metrics.bits_per_byte, weighted).value).toBeCloseTo(expected.bits_per_byte, 12);
  expect(estimate(metrics.acc, [[1, 1]]).stderr).toBeNull();
});

test('errors of perplexities are what many samples of the questions show', () => {
  let seed = 1;
  const random = (): number => {
    seed = (seed * 48271) % 2147483647;
    return seed / 2147483647;
  };
  const parts = Array.from({ length: 400 }, (): [number, number] => {
    const length = 1 + Math.floor(20 * random());
    return [-length * (1 + random()), length];
  });
  for (const metric of [metrics.perplexity, metrics.byte_perplexity, metrics.bits_per_byte]) {
    const samples = Array.from(
      { length: 2000 },
      () =>
        estimate(
          metric,
          parts.map(() => parts[Math.floor(random() * parts.length)]!),
        ).value,
    );
    const mean = samples.reduce((a, b) => a + b) / samples.length;
    const spread = Math.sqrt(samples.reduce((sum, x) => sum + (x - mean) ** 2, 0) / (samples.length - 1));
    const { stderr } = estimate(metric, parts);
    // An exponential of a sum of many nats is not quite straight over one standard error.
    expect(stderr! / spread).toBeGreaterThan(metric === metrics.perplexity ? 0.5 : 0.93);
    expect(stderr! / spread).toBeLessThan(1.07);
  }
});

test('McNemar’s test is the binomial one', () => {
  const pair = (onlyFirst: number, onlyOther: number) =>
    mcnemar(
      [...Array(onlyFirst).fill(1), ...Array(onlyOther).fill(0), 1, 0],
      [...Array(onlyFirst).fill(0), ...Array(onlyOther).fill(1), 1, 0],
    );
  // scipy.stats.binomtest(k, n).pvalue
  for (const [b, c, p] of [
    [0, 0, 1],
    [1, 9, 0.021484375],
    [5, 5, 1],
    [12, 4, 0.076812744140625],
    [900, 1000, 0.023108845],
  ] as const)
    expect(pair(b, c)).toEqual({ onlyFirst: b, onlyOther: c, p: expect.closeTo(p, 6) });
});

/** The order-2 byte model of a text as a scorer. */
function scorer(text: string, contextLength = 64): Scorer & { asked: number } {
  const model = byteNgram(2, bytes(text));
  return {
    contextLength,
    asked: 0,
    async score(sequences) {
      this.asked += sequences.length;
      return sequences.map(({ tokens, from }) => {
        const at = tokens.slice(from).map((token, i) => {
          const p = (t: number): number => model.probability(tokens.slice(0, from + i), t);
          const best = Math.max(...Array.from({ length: 256 }, (_, t) => p(t)));
          return { l: Math.log(p(token)), best: p(token) === best };
        });
        return { logProbabilities: at.map(({ l }) => l), greedy: at.every(({ best }) => best) };
      });
    },
  };
}

const text = 'the cat sat on the mat. the dog sat on the cat. '.repeat(8);
const lambada = ['on the mat', 'the dog sat', 'the cat ran'].map((value, i) =>
  tasks.get('lambada_openai')!.question({ where: `${i}`, value: { text: value } }),
);
const asking = async (model: Scorer): Promise<Asked> => ({
  ...{ name: 'lambada_openai', version: 1, metrics: ['perplexity', 'acc'], questions: lambada, of: 5 },
  ...(await ask(lambada, byte, model)),
});

test('a task is asked, and answered under the harness’s keys', async () => {
  const asked = await asking(scorer(text));
  const { results, 'n-samples': samples, ...rest } = resultsOf([asked]);
  expect(results.lambada_openai).toEqual({
    alias: 'lambada_openai',
    'perplexity,none': expect.closeTo(
      Math.exp(-asked.answers.reduce((sum, { logLikelihoods }) => sum + logLikelihoods[0]!, 0) / 3),
      10,
    ),
    'perplexity_stderr,none': expect.any(Number),
    'acc,none': asked.answers.filter(({ greedy }) => greedy[0]).length / 3,
    'acc_stderr,none': expect.any(Number),
    cut: 0,
  });
  expect(samples).toEqual({ lambada_openai: { original: 5, effective: 3 } });
  expect(rest).toEqual({
    versions: { lambada_openai: 1 },
    'n-shot': { lambada_openai: 0 },
    higher_is_better: { lambada_openai: { perplexity: false, acc: true } },
  });
});

test('a model with a short context is said to have seen the end only, and answers all the same', async () => {
  const asked = await asking(scorer(text, 4));
  expect(asked.cut).toBe(3);
  expect(asked.answers.every(({ logLikelihoods: [l] }) => l! < 0)).toBe(true);
});

test('two models are compared question by question', async () => {
  const [one, other] = [await asking(scorer(text)), await asking(scorer('xyz '.repeat(20)))];
  const [ppl, acc] = comparisonsOf([one], [other]);
  expect(ppl!.difference).toBeLessThan(0);
  expect(ppl!.mcnemar).toBeNull();
  expect(acc!.difference).toBe(acc!.value - acc!.other);
  expect(acc!.mcnemar!.onlyFirst - acc!.mcnemar!.onlyOther).toBe(Math.round(acc!.difference * 3));
  for (const same of comparisonsOf([one], [one])) expect([same.difference, same.stderr]).toEqual([0, 0]);
});

test('a choice is normalised by its characters, or its bytes', () => {
  const question = {
    kind: 'multiple-choice' as const,
    ...{ pairs: [], choices: ['éééé', 'abcdef'], gold: 0 },
  };
  const answer = { logLikelihoods: [-6, -8], greedy: [false, false] };
  expect(metrics.acc.of(question, answer)[0]).toBe(1);
  expect(metrics.acc_norm.of(question, answer)[0]).toBe(0); // −6/4 < −8/6
  expect(metrics.acc_bytes.of(question, answer)[0]).toBe(1); // −6/8 > −8/6
});

test('a model that has diverged is not counted as wrong', async () => {
  const broken: Scorer = {
    contextLength: 9,
    score: async (sequences) => sequences.map(() => ({ logProbabilities: [Number.NaN], greedy: false })),
  };
  await expect(ask(lambada, byte, broken)).rejects.toThrow('question 1: got a log-likelihood of NaN');
});
