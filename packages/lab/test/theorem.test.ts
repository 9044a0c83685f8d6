import { describe, expect, it } from 'vitest';
import {
  checkTheorem,
  descend,
  type Neuron,
  type NeuronCaseName,
  neuronCases,
  neuronCosine,
  neuronOf,
  neuronStep,
  norm,
} from '../src/alignment/theorem.ts';

/** A neuron of two inputs written out, for one sample of target 3 and a loss of ½ (f − y)². */
const plain = ([w1, w2]: readonly [number[], number[]], x: number[], y: number, decay: number): number => {
  const along = (w: number[]): number => w[0]! * x[0]! + w[1]! * x[1]!;
  const f = (along(w1) * along(w2)) / (1 + Math.exp(-along(w2)));
  const squares = [...w1, ...w2].reduce((sum, w) => sum + w * w, 0);
  return 0.5 * (f - y) ** 2 + (decay / 2) * squares;
};

describe('neuronStep', () => {
  it('gives the loss of the formula, and the slope of the gate', () => {
    const [up, gate, x] = [
      [0.3, -1.2],
      [0.8, 0.5],
      [1.5, -0.7],
    ];
    const data = { inputs: Float64Array.from(x), targets: Float64Array.of(3), scale: 1 };
    const neuron = { up: Float64Array.from(up), gate: Float64Array.from(gate) };
    const { loss, slope } = neuronStep(neuron, data, 0.1);
    expect(loss).toBeCloseTo(plain([up, gate], x, 3, 0.1), 14);
    const b = 0.8 * 1.5 - 0.5 * 0.7;
    const h = 1e-5;
    const sigma = (v: number): number => 1 / (1 + Math.exp(-v));
    expect(slope).toBeCloseTo((sigma(b + h) - sigma(b - h)) / (2 * h), 9);
  });

  it.each(Object.keys(neuronCases) as NeuronCaseName[])(
    'has the gradient of finite differences: %s',
    (name) => {
      const [start, data, decay] = neuronOf(neuronCases[name], 7);
      const { gradient } = neuronStep(start, data, decay);
      const h = 1e-5;
      for (const part of ['up', 'gate'] as const) {
        for (let i = 0; i < start[part].length; i++) {
          const moved = (by: number): number => {
            const neuron: Neuron = { up: start.up.slice(), gate: start.gate.slice() };
            neuron[part][i]! += by;
            return neuronStep(neuron, data, decay).loss;
          };
          expect(gradient[part][i]).toBeCloseTo((moved(h) - moved(-h)) / (2 * h), 7);
        }
      }
    },
  );
});

describe('Theorem 1', () => {
  const ended = (name: NeuronCaseName, seed: number) =>
    descend(...neuronOf(neuronCases[name], seed), 100_000);

  it.each([11, 12])('with decay and saturated gates: gate and up end on one line, seed %i', (seed) => {
    for (const [name, sign] of [
      ['decay', 1],
      ['negative', -1],
    ] as const) {
      const run = ended(name, seed);
      expect(run.gradientNorm).toBeLessThan(1e-10);
      expect(run.slope).toBeLessThan(1e-8);
      expect(sign * run.cosine).toBeGreaterThan(0.999999);
      expect(run.upNorm / run.gateNorm).toBeCloseTo(1, 6);
    }
  });

  it.each([11, 12])('without decay they do not, though the gradient vanishes, seed %i', (seed) => {
    const run = ended('none', seed);
    expect(run.gradientNorm).toBeLessThan(1e-10);
    expect(run.slope).toBeLessThan(1e-8);
    expect(Math.abs(run.cosine)).toBeLessThan(0.9);
  });

  it('where the gates are not saturated, they end near one line but not on it', () => {
    const run = ended('open', 11);
    expect(run.gradientNorm).toBeLessThan(1e-10);
    expect(run.slope).toBeGreaterThan(0.1);
    expect(run.cosine).toBeGreaterThan(0.9);
    expect(run.cosine).toBeLessThan(0.9999);
  });

  it('fails for targets of both signs: w1 + w2 and w1 − w2 are eigenvectors of A, for −μ and +μ', () => {
    const [start, data, decay] = neuronOf(neuronCases.both, 11);
    const { inputs, targets, scale } = data;
    const neuron = { up: start.up.slice(), gate: start.gate.slice() };
    for (let i = 0; i < 50_000; i++) {
      const { gradient } = neuronStep(neuron, data, decay);
      for (let j = 0; j < neuron.up.length; j++) {
        neuron.up[j]! -= 2 * gradient.up[j]!;
        neuron.gate[j]! -= 2 * gradient.gate[j]!;
      }
    }
    const { gradient, slope } = neuronStep(neuron, data, decay);
    expect(norm(gradient.up)).toBeLessThan(1e-10);
    expect(slope).toBeLessThan(1e-8);
    expect(Math.abs(neuronCosine(neuron))).toBeLessThan(0.9);
    const width = neuron.up.length;
    for (const [sign, eigenvalue] of [
      [1, -decay],
      [-1, decay],
    ] as const) {
      const w = neuron.up.map((v, i) => v + sign * neuron.gate[i]!);
      const image = new Float64Array(width);
      for (const [n, y] of targets.entries()) {
        const x = inputs.subarray(n * width, (n + 1) * width);
        const along = (v: Float64Array): number => v.reduce((sum, value, i) => sum + value * x[i]!, 0);
        const outer = (along(neuron.up) * along(neuron.gate) - y) / (scale ** 2 * targets.length); // σ = 1
        for (let i = 0; i < width; i++) image[i]! += outer * along(w) * x[i]!;
      }
      expect(norm(w)).toBeGreaterThan(1);
      expect(norm(image.map((v, i) => v - eigenvalue * w[i]!)) / (decay * norm(w))).toBeLessThan(1e-6);
    }
  });

  it('is checked case by case, each told of, and stops when it is told to', async () => {
    const shares: number[] = [];
    const runs = await checkTheorem(1, 30, { onShare: (share) => shares.push(share) });
    expect(runs.map((run) => run.case)).toEqual(Object.keys(neuronCases));
    expect(runs[0]!.trace.at(-1)).toEqual({ iteration: 30, cosine: runs[0]!.cosine });
    expect(shares.at(-1)).toBe(1);
    const stop = new AbortController();
    const stopped = checkTheorem(1, 30, { signal: stop.signal, onShare: () => stop.abort() });
    await expect(stopped).rejects.toThrow();
  });
});
