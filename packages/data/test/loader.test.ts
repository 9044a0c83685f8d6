import { describe, expect, it } from 'vitest';
import { createLoader, type Loader, type LoaderPosition, windows } from '../src/index.ts';
import { permute } from '../src/permutation.ts';

/** Tokens that say where they stand. */
const counting = (length: number): Uint32Array => Uint32Array.from({ length }, (_, i) => i);

async function batches(loader: Loader, count: number): Promise<number[][]> {
  const found: number[][] = [];
  for (let i = 0; i < count; i++) found.push([...(await loader.next()).tokens]);
  return found;
}

describe('permute', () => {
  it.each([1, 2, 3, 4, 5, 63, 64, 65, 1000, 4097])('is a permutation of %i', (size) => {
    for (const key of [0, 1, 4294967295]) {
      const seen = new Set<number>();
      for (let i = 0; i < size; i++) seen.add(permute(i, size, key, 7));
      expect(seen.size).toBe(size);
      expect(Math.max(...seen)).toBe(size - 1);
    }
  });

  it('spreads: every place is as likely for every index, neighbours part', () => {
    const [size, keys] = [10, 4000];
    const hits = new Float64Array(size * size);
    let adjacent = 0;
    for (let key = 0; key < keys; key++) {
      const order = Array.from({ length: size }, (_, i) => permute(i, size, key, 1));
      for (const [i, place] of order.entries()) hits[i * size + place]!++;
      for (let i = 1; i < size; i++) if (order[i] === order[i - 1]! + 1) adjacent++;
    }
    const expected = keys / size;
    let chi = 0;
    for (const h of hits) chi += (h - expected) ** 2 / expected;
    // 81 degrees of freedom: mean 81, standard deviation 12.7.
    expect(chi).toBeLessThan(81 + 5 * 12.7);
    // P(order[i] = order[i-1] + 1) = 1/size.
    expect(adjacent / (keys * (size - 1))).toBeCloseTo(1 / size, 1.5);
  });

  it('reaches beyond 32 bits', () => {
    const size = 2 ** 45;
    const places = Array.from({ length: 200 }, (_, i) => permute(i, size, 3, 4));
    expect(new Set(places).size).toBe(200);
    expect(places.every((p) => Number.isSafeInteger(p) && p >= 0 && p < size)).toBe(true);
    expect(places.some((p) => p > 2 ** 44)).toBe(true);
  });
});

describe('createLoader', () => {
  it('targets are the next tokens', async () => {
    const { tokens, targets } = await createLoader(counting(1000), {
      batch: 3,
      sequence: 16,
      seed: 1,
    }).next();
    expect([tokens.length, targets.length]).toEqual([48, 48]);
    for (let i = 0; i < 48; i++) expect(targets[i]).toBe(tokens[i]! + 1);
    for (let i = 0; i < 48; i++) if (i % 16 > 0) expect(tokens[i]).toBe(tokens[i - 1]! + 1);
  });

  it('an epoch takes every window once, and the next cuts elsewhere', async () => {
    const [length, sequence] = [1003, 10];
    const loader = createLoader(counting(length), { batch: 1, sequence, seed: 5 });
    const phases: number[] = [];
    const orders: string[] = [];
    for (let epoch = 0; epoch < 4; epoch++) {
      const starts: number[] = [];
      do starts.push((await loader.next()).tokens[0]!);
      while (loader.position().index < Math.floor((length - 1 - (starts[0]! % sequence)) / sequence));
      const sorted = [...starts].sort((a, b) => a - b);
      const phase = starts[0]! % sequence;
      expect(sorted).toEqual(Array.from({ length: starts.length }, (_, i) => phase + i * sequence));
      expect(starts.length).toBe(Math.floor((length - 1 - phase) / sequence));
      expect(starts).not.toEqual(sorted);
      phases.push(phase);
      orders.push(starts.map((s) => Math.floor(s / sequence)).join());
    }
    expect(new Set(phases).size).toBeGreaterThan(1);
    expect(new Set(orders).size).toBe(4);
  });

  it('depends on the seed only', async () => {
    const make = (seed: number) => createLoader(counting(5000), { batch: 4, sequence: 32, seed });
    const one = await batches(make(1), 60);
    expect(await batches(make(1), 60)).toEqual(one);
    expect(await batches(make(2), 60)).not.toEqual(one);
  });

  it('goes on from a position that went through JSON, over the end of an epoch too', async () => {
    const make = () => createLoader(counting(700), { batch: 4, sequence: 32, seed: 9 });
    const loader = make();
    for (const steps of [0, 1, 4, 13]) {
      await batches(loader, steps);
      const position = JSON.parse(JSON.stringify(loader.position())) as LoaderPosition;
      const other = make();
      other.seek(position);
      expect(await batches(other, 20)).toEqual(await batches(loader, 20));
      expect(other.position()).toEqual(loader.position());
    }
    expect(loader.position().epoch).toBeGreaterThan(3);
  });

  it('ranks together take what one alone takes', async () => {
    const alone = createLoader(counting(3000), { batch: 6, sequence: 8, seed: 3 });
    const ranks = [0, 1, 2].map((rank) =>
      createLoader(counting(3000), { batch: 2, sequence: 8, seed: 3, rank, ranks: 3 }),
    );
    for (let step = 0; step < 80; step++) {
      const parts = await Promise.all(ranks.map((loader) => loader.next()));
      expect(parts.flatMap(({ tokens }) => [...tokens])).toEqual([...(await alone.next()).tokens]);
      for (const loader of ranks) expect(loader.position()).toEqual(alone.position());
    }
  });

  it('takes calls that overlap in the order they were made', async () => {
    const make = () => createLoader(counting(900), { batch: 2, sequence: 8, seed: 3 });
    const loader = make();
    const overlapping = await Promise.all([loader.next(), loader.next(), loader.next()]);
    expect(overlapping.map(({ tokens }) => [...tokens])).toEqual(await batches(make(), 3));
  });

  it('makes do with a corpus of one window', async () => {
    const loader = createLoader(counting(9), { batch: 3, sequence: 8, seed: 0 });
    expect((await batches(loader, 2)).flat()).toEqual(Array(6).fill([0, 1, 2, 3, 4, 5, 6, 7]).flat());
  });

  it.each([
    [
      { sequence: 1000 },
      'sequence is longer than the corpus: got a sequence of 1000 and 1000 tokens, expected at least 1001 tokens',
    ],
    [{ batch: 0 }, 'loader batch: got 0, expected an integer from 1 on'],
    [{ seed: -1 }, 'loader seed: got -1'],
    [{ seed: 0.5 }, 'loader seed: got 0.5'],
    [{ rank: 2, ranks: 2 }, 'loader rank: got 2 of 2, expected at most 1'],
  ])('refuses %j', (options, message) => {
    expect(() => createLoader(counting(1000), { batch: 1, sequence: 8, seed: 0, ...options })).toThrow(
      message,
    );
  });

  it('refuses positions of other runs', () => {
    const loader = createLoader(counting(1000), { batch: 1, sequence: 8, seed: 0 });
    const good = loader.position();
    expect(() => loader.seek({ ...good, seed: 1 })).toThrow('of another run: got seed 1, expected 0');
    expect(() => loader.seek({ ...good, length: 999 })).toThrow('got length 999, expected 1000');
    expect(() => loader.seek({ ...good, index: 126 })).toThrow('loader position: got epoch 0, index 126');
    expect(() => loader.seek({ ...good, epoch: -1 })).toThrow('loader position: got epoch -1');
    expect(loader.position()).toEqual(good);
  });
});

describe('windows', () => {
  it('predicts every token once and pads the end', async () => {
    const found = [];
    for await (const batch of windows(counting(12), { sequence: 4, batch: 2 })) found.push(batch);
    expect(found.map(({ tokens }) => [...tokens])).toEqual([
      [0, 1, 2, 3, 4, 5, 6, 7],
      [8, 9, 10, 0, 0, 0, 0, 0],
    ]);
    expect(found.map(({ targets }) => [...targets])).toEqual([
      [1, 2, 3, 4, 5, 6, 7, 8],
      [9, 10, 11, -1, -1, -1, -1, -1],
    ]);
    expect(found.map(({ count }) => count)).toEqual([8, 3]);
  });

  it.each([2, 4, 5, 8, 9, 10])('has length − 1 targets: %i tokens', async (length) => {
    let sum = 0;
    for await (const { count, targets } of windows(counting(length), { sequence: 4, batch: 3 })) {
      expect(targets.filter((t) => t >= 0).length).toBe(count);
      sum += count;
    }
    expect(sum).toBe(length - 1);
  });

  it('looks at some, spread over the text', async () => {
    const starts: number[] = [];
    for await (const { tokens } of windows(counting(1001), { sequence: 10, limit: 4 }))
      starts.push(tokens[0]!);
    expect(starts).toEqual([0, 250, 500, 750]);
  });

  it('refuses too little text', async () => {
    await expect(windows(counting(1), { sequence: 4 }).next()).rejects.toThrow('held-out text: got 1 tokens');
    await expect(windows(counting(9), { sequence: 4, batch: 0 }).next()).rejects.toThrow(
      "windows' batch: got 0",
    );
  });
});
