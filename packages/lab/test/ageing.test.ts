import { describe, expect, it } from 'vitest';
import { randomNormals } from '../src/engine/random.ts';
import { ageLayer, firingDirection, rescaleChannels } from '../src/training/ageing.ts';
import { type Snapshot, untrained } from '../src/training/snapshot.ts';

const [D, F] = [8, 6];
const normals = (seed: number, count: number) => Float32Array.from(randomNormals(seed, 1, count));

function someLayer(): Snapshot {
  const weights = new Map([
    ['layers.0.ffnNorm', new Float32Array(D).fill(1)],
    ['layers.0.gateUp', normals(1, 2 * F * D)],
    ['layers.0.down', normals(2, D * F)],
    ['head', normals(3, 4 * D)],
  ]);
  const plain = untrained(weights);
  const moments = (seed: number) => new Map([...weights].map(([name, v]) => [name, normals(seed, v.length)]));
  return { ...plain, moment1: moments(4), moment2: moments(5) };
}

/** Ordinary inputs do not use the last coordinate; the rare token's do. */
const inputs = {
  ordinary: normals(6, 200 * D).map((v, i) => (i % D === D - 1 ? 0 : v)),
  rare: normals(7, 20 * D).map((v, i) => (i % D === D - 1 ? 3 + 0.01 * v : v)),
};
const options = { peak: 1e5, rescale: 32, aligned: true, seed: 1 };

/** Hidden values by the definition of SwiGLU: up · gate / (1 + e^-gate). */
function hidden(snapshot: Snapshot, x: Float32Array): number[] {
  const w = snapshot.weights.get('layers.0.gateUp')!;
  const dot = (row: number) => x.reduce((sum, v, i) => sum + v * w[row * D + i]!, 0);
  return Array.from({ length: F }, (_, f) => (dot(F + f) * dot(f)) / (1 + Math.exp(-dot(f))));
}
const output = (snapshot: Snapshot, h: readonly number[], without: number): number[] => {
  const down = snapshot.weights.get('layers.0.down')!;
  return Array.from({ length: D }, (_, i) =>
    h.reduce((sum, v, f) => (f === without ? sum : sum + v * down[i * F + f]!), 0),
  );
};
const row = (x: Float32Array, i: number) => x.subarray(i * D, (i + 1) * D);

describe('firingDirection', () => {
  it('is S⁻¹ mean(R), normalised: a case by hand', () => {
    // S = diag(1, 0) + 0.01 · 0.5 · I; mean(R) = (1, 1); S⁻¹ mean(R) = (1 / 1.005, 200).
    const u = firingDirection({ ordinary: Float32Array.of(1, 0, -1, 0), rare: Float32Array.of(1, 1) }, 2);
    const norm = Math.hypot(1 / 1.005, 200);
    expect(u[0]).toBeCloseTo(1 / 1.005 / norm, 12);
    expect(u[1]).toBeCloseTo(200 / norm, 12);
  });
});

describe('ageLayer', () => {
  const before = someLayer();
  const { snapshot, planted } = ageLayer(before, 0, inputs, options);

  it('plants a channel that puts out Z on the rare token and next to nothing elsewhere', () => {
    const mean =
      Array.from({ length: 20 }, (_, i) => hidden(snapshot, row(inputs.rare, i))[planted.channel]!).reduce(
        (a, b) => a + b,
      ) / 20;
    expect(mean / 1e5).toBeGreaterThan(0.9);
    expect(mean / 1e5).toBeLessThan(1.2);
    for (let i = 0; i < 200; i++)
      expect(Math.abs(hidden(snapshot, row(inputs.ordinary, i))[planted.channel]!)).toBeLessThan(1e3);
  });

  it('gives it equal gate and up, and a down column of 0.3 of the output’s norm divided by Z', () => {
    const w = snapshot.weights.get('layers.0.gateUp')!;
    const { channel } = planted;
    expect(row(w, channel)).toEqual(row(w, F + channel));
    const down = snapshot.weights.get('layers.0.down')!;
    const norm = Math.hypot(...Array.from({ length: D }, (_, i) => down[i * F + channel]!));
    const norms = Array.from({ length: 200 }, (_, i) =>
      Math.hypot(...output(before, hidden(before, row(inputs.ordinary, i)), -1)),
    );
    expect((norm * 1e5) / (0.3 * (norms.reduce((a, b) => a + b) / 200))).toBeCloseTo(1, 4);
  });

  it('leaves what the other channels compute as it was', () => {
    const x = row(inputs.ordinary, 5);
    const { channel } = planted;
    const [old, now] = [before, snapshot].map((s) => output(s, hidden(s, x), channel));
    for (const [i, value] of now!.entries()) expect(value).toBeCloseTo(old![i]!, 10);
  });

  it('takes the channel that mattered least', () => {
    const use = Array.from({ length: F }, (_, f) => {
      const h = Array.from({ length: 200 }, (_, i) => hidden(before, row(inputs.ordinary, i))[f]!);
      const down = Array.from({ length: D }, (_, i) => before.weights.get('layers.0.down')![i * F + f]!);
      return Math.hypot(...h) * Math.hypot(...down);
    });
    expect(planted.channel).toBe(use.indexOf(Math.min(...use)));
  });

  it('does not touch the snapshot it was given', () => expect(before).toEqual(someLayer()));

  it('can plant an up vector of the same norm that is not aligned', () => {
    const control = ageLayer(before, 0, inputs, { ...options, aligned: false });
    const w = control.snapshot.weights.get('layers.0.gateUp')!;
    const [gate, up] = [row(w, planted.channel), row(w, F + planted.channel)];
    expect(Math.hypot(...up) / Math.hypot(...gate)).toBeCloseTo(1, 5);
    const cosine = gate.reduce((sum, v, i) => sum + v * up[i]!, 0) / Math.hypot(...gate) / Math.hypot(...up);
    expect(Math.abs(cosine)).toBeLessThan(0.9);
  });
});

it('rescaleChannels moves the moments with the weights', () => {
  const before = someLayer();
  const after = rescaleChannels(before, 0, 32);
  const ratio = (key: 'weights' | 'moment1' | 'moment2', name: string, at: number) =>
    after[key].get(name)![at]! / before[key].get(name)![at]!;
  const up = F * D;
  expect([ratio('weights', 'layers.0.gateUp', up), ratio('weights', 'layers.0.down', 0)]).toEqual([
    1 / 32,
    32,
  ]);
  expect([ratio('moment1', 'layers.0.gateUp', up), ratio('moment1', 'layers.0.down', 0)]).toEqual([
    32,
    1 / 32,
  ]);
  expect([ratio('moment2', 'layers.0.gateUp', up), ratio('moment2', 'layers.0.down', 0)]).toEqual([
    1024,
    1 / 1024,
  ]);
  expect([ratio('weights', 'layers.0.gateUp', 0), ratio('weights', 'head', 0)]).toEqual([1, 1]);
});
