import { createReferenceDevice } from '@octavo/kernels';
import { afterAll, describe, expect, it } from 'vitest';
import { measureChannels, summariseChannels, traceOf } from '../src/alignment/channels.ts';
import { gapsOf, largestJump, lastGap, type NamedNatural } from '../src/alignment/results.ts';
import { plansOf, trainPlanOf } from '../src/alignment/settings.ts';
import {
  type AlignmentSettings,
  fullAlignment,
  memoryParts,
  quickAlignment,
  studies,
  studyAlignment,
} from '../src/index.ts';
import { nudge } from '../src/training/weights.ts';
import { englishText, recordedParts, tinyModel } from './support.ts';

const device = createReferenceDevice();
afterAll(() => device.destroy());

const settings: AlignmentSettings = {
  ...fullAlignment,
  model: tinyModel,
  batch: 2,
  sequence: 16,
  steps: 5,
  warmup: 1,
  sampleEvery: 2,
  decays: [0, 1],
  rates: [6e-3],
  iterations: 40,
};
const options = { settings, seeds: [1, 2], device, bytes: englishText(60) };

describe('studyAlignment', () => {
  it('runs neurons, grid and what is compared, and goes on from the parts that are done', {
    tags: 'slow',
  }, async () => {
    const { parts, written } = recordedParts();
    const before = device.memory().live;
    const stop = new AbortController();
    const stopped = studyAlignment({ ...options, parts, signal: stop.signal }, ({ part }) => {
      if (part === 'seed 1, decay 1, learning rate 0.006, fp8') stop.abort();
    });
    await expect(stopped).rejects.toThrow();
    expect(written).toEqual([
      'seed-1.neurons',
      'seed-2.neurons',
      'seed-1.decay-0-rate-0.006.bf16',
      'seed-1.decay-1-rate-0.006.bf16',
    ]);
    const resumed = await studyAlignment({ ...options, parts });
    expect(written).toHaveLength(2 + 2 * 4);
    expect(new Set(written).size).toBe(10);
    expect(device.memory().live).toBe(before);

    const { tables, charts, summary } = await studyAlignment({ ...options, parts: memoryParts() });
    expect(resumed.summary).toEqual(summary);
    expect(resumed.charts).toEqual(charts);
    expect(JSON.parse(JSON.stringify(charts))).toEqual(charts);
    expect(Object.keys(charts)).toEqual(['grid', 'alignment', 'entries', 'outlier', 'gap', 'theorem']);
    const runs = 2 * 4;
    const looks = 4; // steps 0, 2, 4, 5
    expect(tables.alignment!.numRows).toBe(runs * looks * 2);
    expect(tables.steps!.numRows).toBe(runs * settings.steps * 2);
    expect(tables.traces!.numRows).toBe(runs * looks * 2 * 2);
    expect(tables.entries!.numRows).toBe(runs * 2 * 2 * 2 * 16);
    expect(tables.neurons!.numRows).toBe(2 * 7);
    for (const { values } of summary.claims) expect(values).toHaveLength(2);
    expect(summary.markdown).toContain('nothing planted');
  });

  it('begins as random vectors of that width lie: mean |cos| √(2 / πD)', async () => {
    const wide = { ...settings, steps: 1, model: { ...settings.model, hiddenSize: 32, ffnSize: 256 } };
    const { tables } = await studyAlignment({ ...options, settings: wide, seeds: [3], parts: memoryParts() });
    const start = tables
      .alignment!.toArray()
      .map((row) => row.toJSON())
      .filter(({ step }) => step === 0);
    expect(start.length).toBeGreaterThan(0);
    for (const { mean, strangers, signed } of start) {
      const expected = Math.sqrt(2 / (Math.PI * 32));
      expect(Math.abs(mean / expected - 1)).toBeLessThan(0.15);
      expect(Math.abs(strangers / expected - 1)).toBeLessThan(0.15);
      expect(Math.abs(signed)).toBeLessThan(0.05);
    }
  });

  it('has a control without decay, and the point of strongest alignment compared, in both its forms', () => {
    expect([studies.alignment.full, studies.alignment.quick]).toEqual([fullAlignment, quickAlignment]);
    for (const { decays, rates, compared } of [fullAlignment, quickAlignment]) {
      expect(decays).toContain(0);
      expect([Math.max(...decays), Math.max(...rates)]).toEqual([compared.decay, compared.rate]);
    }
    const plans = plansOf(fullAlignment, 1);
    expect(plans).toHaveLength(9 + 2);
    expect(
      plans.map((plan) => trainPlanOf(fullAlignment, plan).recipe.name).filter((n) => n !== 'bf16'),
    ).toEqual(['fp8']);
    expect(trainPlanOf(fullAlignment, plans[3]!).adam.weightDecay).toBe(0.1);
  });
});

describe('measureChannels', () => {
  // Two channels of width 2: gates (3, 4) and (1, 0), ups (−6, −8) and (0, 2).
  const channels = measureChannels(Float32Array.of(3, 4, 1, 0, -6, -8, 0, 2), 2);

  it('gives cosine, norms, and the cosine of strangers', () => {
    expect([...channels.cosine]).toEqual([-1, 0]);
    expect([...channels.gateNorm]).toEqual([5, 1]);
    expect([...channels.upNorm]).toEqual([10, 2]);
    expect([...channels.strangers]).toEqual([0.8, -0.6]);
  });

  it('gives the correlation, which a common shift leaves as it is', () => {
    expect(channels.correlation[0]).toBeCloseTo(-1, 12);
    const [gate, up] = [
      [1, 2, 4, 9],
      [2, 1, 3, 7],
    ];
    const of = (shift: number) =>
      measureChannels(Float32Array.from([...gate.map((v) => v + shift), ...up]), 4).correlation[0]!;
    // Sums of squares about the means: 38, 20.75; of products: 27.
    expect(of(0)).toBeCloseTo(27 / Math.sqrt(38 * 20.75), 12);
    expect(of(100)).toBeCloseTo(of(0), 9);
  });

  it('is 0 where a vector is zero, and is summed up over the channels', () => {
    const zero = measureChannels(Float32Array.of(0, 0, 1, 1), 2);
    expect([zero.cosine[0], zero.correlation[0]]).toEqual([0, 0]);
    const { mean, max, signed, above8, above9 } = summariseChannels(channels);
    expect([mean, max, signed, above8, above9]).toEqual([0.5, 1, -0.5, 0.5, 0.5]);
  });
});

describe('traceOf', () => {
  it('follows the channel that stands out at the end back to the start', () => {
    const frame = (step: number, gateUp: number[], peaks: number[]) => {
      const values = Float32Array.from(gateUp);
      const layer = { gateUp: values, channels: measureChannels(values, 2), peaks: Float32Array.from(peaks) };
      return { step, layers: [layer] };
    };
    const frames = [
      frame(0, [1, 0, 1, 0, 0, 1, 1, 0], [0, 0]), // cos 0 and 1
      frame(10, [1, 0, 1, 0, 1, 0, 0, 1], [5, 9]), // cos 1 and 0
    ];
    const aligned = traceOf(frames, 0, 2, 'aligned');
    expect(aligned.channel).toBe(0);
    expect(aligned.points.map(({ cosine }) => cosine)).toEqual([0, 1]);
    expect(aligned.points.map(({ peak }) => peak)).toEqual([null, 5]);
    expect(aligned.late).toEqual({ step: 10, gate: [1, 0], up: [1, 0] });
    const outlier = traceOf(frames, 0, 2, 'outlier');
    expect(outlier.channel).toBe(1);
    expect(outlier.points.map(({ cosine }) => cosine)).toEqual([1, 0]);
  });
});

describe('runs', () => {
  const run = (arm: NamedNatural['arm'], losses: (number | null)[]): NamedNatural => ({
    seed: 1,
    decay: 1,
    rate: 6e-3,
    arm,
    losses,
    peaks: [],
    samples: [],
    traces: [],
  });

  it('are paired step by step; a loss that is none leaves no mean', () => {
    const small = { ...settings, steps: 4 };
    const natural = [run('bf16', [4, 3, 2, 1]), run('fp8', [4, 3, 2.5, 1.25])];
    const [fp8] = gapsOf(small, natural, 'fp8');
    expect(fp8!.gaps).toEqual([0, 0, 0.5, 0.25]);
    expect(lastGap(small, fp8!.gaps)).toBe(0.25);
    const [broken] = gapsOf(small, [natural[0]!, run('fp8', [4, 3, 2, null])], 'fp8');
    expect(lastGap(small, broken!.gaps)).toBeNaN();
  });

  it('find the largest leap above the sixteen steps before, after warm-up', () => {
    const quiet = Array.from({ length: 40 }, () => 2);
    const leap = quiet.map((v, i) => (i === 0 ? 100 : i === 30 ? 5 : v));
    expect(largestJump({ ...run('bf16', []), peaks: [quiet, leap] }, 20)).toBe(2.5);
    expect(largestJump({ ...run('bf16', []), peaks: [quiet, leap] }, 31)).toBe(1);
  });
});

describe('nudge', () => {
  it('moves weights by about one rounding to BF16, the same way for the same seed', () => {
    const values = new Float32Array(1000).fill(3);
    const moved = nudge(values, 5);
    const rms = Math.sqrt(moved.reduce((sum, v) => sum + (512 * (v / 3 - 1)) ** 2, 0) / 1000);
    expect(rms).toBeGreaterThan(0.9);
    expect(rms).toBeLessThan(1.1);
    expect(nudge(values, 5)).toEqual(moved);
    expect(nudge(values, 6)).not.toEqual(moved);
  });
});
