import { createReferenceDevice } from '@octavo/kernels';
import { createLlama } from '@octavo/llama';
import { createPrecision, recipeOf } from '@octavo/nn';
import { afterAll, describe, expect, it } from 'vitest';
import { fullRecipes, memoryParts, type RecipesSettings, studies, studyRecipes } from '../src/index.ts';
import { commonestWord, lastWords, passagesOf } from '../src/recipes/last-word.ts';
import { compare, type NamedRun, trainingGaps } from '../src/recipes/results.ts';
import { nudgeAll, startingWeights } from '../src/training/weights.ts';
import { englishText, recordedParts, tinyModel } from './support.ts';

const device = createReferenceDevice();
afterAll(() => device.destroy());

const settings: RecipesSettings = {
  ...fullRecipes,
  model: { ...tinyModel, layers: 1 },
  batch: 2,
  sequence: 16,
  steps: 3,
  warmup: 1,
  recipes: ['bf16', 'fp8', 'fp8-full'],
  windows: 4,
  passages: 4,
};
const encode = (text: string): Uint8Array => new TextEncoder().encode(text);
const options = {
  settings,
  seeds: [1, 2],
  device,
  bytes: englishText(60),
  heldOut: englishText(5),
};

describe('studyRecipes', () => {
  it('runs bf16, its nudged twin and every recipe, and goes on from the parts that are done', {
    tags: 'slow',
  }, async () => {
    const { parts, written } = recordedParts();
    const stop = new AbortController();
    const stopped = studyRecipes({ ...options, parts, signal: stop.signal }, ({ part }) => {
      if (part === 'seed 1, fp8-full') stop.abort();
    });
    await expect(stopped).rejects.toThrow();
    expect(written).toEqual(['seed-1.bf16', 'seed-1.bf16-nudged', 'seed-1.fp8']);
    const resumed = await studyRecipes({ ...options, parts });
    expect(written).toHaveLength(8);
    expect(new Set(written).size).toBe(8);

    const { tables, charts, summary } = await studyRecipes({ ...options, parts: memoryParts() });
    expect(resumed.summary).toEqual(summary);
    expect(tables.recipes!.numRows).toBe(2 * 4);
    expect(tables.losses!.numRows).toBe(2 * 4 * settings.steps);
    expect(Object.keys(charts)).toEqual(['gaps', 'training']);
    expect(JSON.parse(JSON.stringify(charts))).toEqual(charts);
    expect(summary.claims.map(({ values }) => values.length)).toEqual([2, 2, 2, 2]);
    expect(summary.claims.at(-1)).toMatchObject({ values: [0, 0], holds: true });
    for (const row of tables.recipes!.toArray()) {
      const { recipe, gap, heldOut } = row.toJSON();
      if (recipe === 'bf16') expect(gap).toBe(0);
      expect(heldOut).toBeGreaterThan(4); // three steps from ln 256 = 5.5
    }
  });

  it('holds out the last tenth where no held-out text is given, and leaves nothing on the device', async () => {
    const before = device.memory().live;
    const small = { ...settings, recipes: ['bf16'], steps: 1 };
    const { bytes, seeds } = { bytes: options.bytes, seeds: [1] };
    const { tables } = await studyRecipes({ settings: small, seeds, device, bytes, parts: memoryParts() });
    const cut = Math.floor(0.9 * bytes.length);
    const given = await studyRecipes({
      settings: small,
      seeds,
      device,
      bytes: bytes.subarray(0, cut),
      heldOut: bytes.subarray(cut),
      parts: memoryParts(),
    });
    expect(tables.recipes!.toArray().map(String)).toEqual(given.tables.recipes!.toArray().map(String));
    expect(device.memory().live).toBe(before);
  });

  it('has every named recipe in both its forms', () => {
    const { full, quick } = studies.recipes;
    expect(full.recipes).toContain('fp8-authors');
    expect(full.recipes).toContain('fp32');
    expect(quick.recipes).toEqual(full.recipes);
    expect(quick.steps).toBeLessThan(full.steps);
  });
});

describe('the nudged twin', () => {
  it('begins with weights that differ by about one rounding to BF16, from seed to seed differently', () => {
    const plain = startingWeights(settings, 1).get('layers.0.down')!;
    const nudged = nudgeAll(startingWeights(settings, 1), 1).get('layers.0.down')!;
    const relative = plain.map((v, i) => (nudged[i]! / v - 1) * 512);
    const rms = Math.sqrt(relative.reduce((sum, v) => sum + v * v, 0) / relative.length);
    expect(rms).toBeGreaterThan(0.8);
    expect(rms).toBeLessThan(1.2);
    expect(startingWeights(settings, 1).get('layers.0.down')).toEqual(plain);
  });
});

describe('passagesOf', () => {
  const found = (words: string, sequence = 8) =>
    passagesOf(encode(words), sequence, 99).map(({ bytes, length }) => {
      const all = new TextDecoder().decode(bytes);
      return [all.slice(0, -length), all.slice(-length)];
    });

  it('ends each in the word before a full stop, with what leads up to it', () => {
    expect(found('one two three. four fives. six.')).toEqual([
      ['two ', 'three'], // nine bytes: sequence + 1
      ['our ', 'fives'],
    ]);
  });

  it('leaves out short words, words that are no plain letters, and what is not a sentence’s end', () => {
    expect(() => found('it is so. that is co-operation. in 1999. is it really? an "octavo". a')).toThrow(
      /without a sentence/,
    );
  });

  it('takes evenly spread ones', () => {
    const many = Array.from({ length: 10 }, (_, i) => `the word ${'abcdefghij'[i]!.repeat(4)}. `).join('');
    const words = passagesOf(encode(many), 8, 5).map(({ bytes }) => String.fromCharCode(bytes.at(-1)!));
    expect(words.join('')).toBe('acegi');
  });

  it('knows the word that ends the most sentences', () => {
    const heldOut = passagesOf(encode('we love this nation. we love this octavo. all the nation.'), 8, 9);
    const train = encode('this is the nation. that is a nation. this is an octavo.');
    expect(commonestWord(train, heldOut)).toEqual({ word: 'nation', right: 2 });
  });
});

describe('lastWords', () => {
  it('gives the words their probability, and counts no tie as spelled', async () => {
    // Gains of zero leave the head nothing to see: logits all 0, each byte 1 in 256, and greedy decoding takes byte 0.
    const model = createLlama(settings.model, createPrecision(device, recipeOf('fp32')), {
      values: (name) => (name === 'norm' ? new Float32Array(settings.model.hiddenSize) : undefined),
    });
    const passages = passagesOf(options.heldOut, settings.sequence, 3);
    const flat = await lastWords(model, passages, { batch: 2 });
    const letters = passages.reduce((n, { length }) => n + length, 0);
    expect(flat.right).toBe(0);
    expect(flat.loss).toBeCloseTo((letters * Math.log(256)) / 3, 4);
  });

  it('is right only where every letter is', async () => {
    // A head of one row: byte `o` has the largest logit everywhere, so only words of `o` alone are spelled.
    const { hiddenSize, vocabularySize } = settings.model;
    const head = new Float32Array(vocabularySize * hiddenSize);
    const embedding = new Float32Array(vocabularySize * hiddenSize).fill(1);
    head.fill(1, 111 * hiddenSize, 112 * hiddenSize);
    const model = createLlama(settings.model, createPrecision(device, recipeOf('fp32')), {
      values: (name) =>
        name === 'head'
          ? head
          : name === 'embedding'
            ? embedding
            : /attentionOut|down/.test(name)
              ? zeros(name)
              : undefined,
    });
    const passages = passagesOf(encode('they say oooo. they say ooox. they say xooo. they say oooo.'), 8, 9);
    const { right, rightAt } = await lastWords(model, passages, { batch: 3 });
    expect([right, rightAt]).toEqual([2, [0, 3]]);
  });

  const zeros = (name: string): Float32Array =>
    new Float32Array(
      settings.model.hiddenSize *
        (name.includes('down') ? settings.model.ffnSize : settings.model.hiddenSize),
    );
});

describe('compare', () => {
  const run = (
    seed: number,
    arm: string,
    heldOut: number,
    losses: number[],
    rightAt: number[] = [],
  ): NamedRun => ({
    seed,
    arm,
    heldOut,
    losses,
    broke: null,
    notFinite: 0,
    lastWords: { passages: 4, right: rightAt.length, rightAt, loss: 9 },
  });
  const runs = [
    run(1, 'bf16', 2, [4, 3, 2, 1], [0]),
    run(2, 'bf16', 1, [4, 4, 4, 4]),
    run(1, 'fp8', 2.5, [5, 3, 3, 1], [0, 1]),
    run(2, 'fp8', 1.25, [4, 5, 4, 5]),
  ];

  it('pairs by seed', () => {
    const fp8 = compare(runs).find(({ arm }) => arm === 'fp8')!;
    expect(fp8.gaps).toEqual([0.5, 0.25]);
    expect(fp8.gap.mean).toBe(0.375);
    expect(fp8.gap.error).toBeCloseTo(0.125, 12); // (0.5 − 0.25) / 2
    expect(fp8.accuracyGaps).toEqual([0.25, 0]);
  });

  it('takes a held-out loss that is none for an infinite gap', () => {
    const broken = { ...run(1, 'fp8', 0, [4, 3, 2, 1]), heldOut: null as unknown as number };
    expect(compare([runs[0]!, broken])[1]!.gaps).toEqual([Number.POSITIVE_INFINITY]);
  });

  it('averages the gaps of training over stretches of steps', () => {
    expect(trainingGaps(runs, 2).map(({ seed, step, gap }) => [seed, step, gap])).toEqual([
      [1, 2, 0.5],
      [1, 4, 0.5],
      [2, 2, 0.5],
      [2, 4, 0.5],
    ]);
  });
});
