import { castError, E4M3FN, E5M2, formatOf, sqnr } from '@octavo/formats';
import { createReferenceDevice } from '@octavo/kernels';
import { dequantize, mxSpecScale, quantize } from '@octavo/scaling';
import { afterAll, describe, expect, it } from 'vitest';
import { median } from '../src/engine/numbers.ts';
import { randomNormals } from '../src/engine/random.ts';
import { casts, granularities, policies } from '../src/formats/casts.ts';
import { measure } from '../src/formats/measure.ts';
import { fullFormats, memoryParts, type RecordedRun, studyFormats } from '../src/index.ts';
import { plainBatch } from '../src/training/batches.ts';
import { startingWeights } from '../src/training/weights.ts';
import { textWithRareByte, tinyStudy } from './support.ts';

const settings = {
  ...fullFormats,
  model: tinyStudy.model,
  batch: 2,
  sequence: 16,
  baseSteps: 3,
  history: 2,
  tokens: 24,
};
const named = policies(settings);
const measureOne = (
  values: readonly number[],
  columns: number,
  cast: (typeof casts)[number],
  history: readonly number[] = [],
) => {
  const matrix = { values: Float32Array.from(values), rows: values.length / columns, columns };
  return measure(matrix, [cast], named, history)[0]!;
};

describe('measure', () => {
  it('gives the SQNR of a case worked out by hand', () => {
    // Scale 1. Next to 17 in E4M3 lie 16 and 18, a tie: even is 16. 448 is its largest value, 0.001 is nearer to 2⁻⁹ than to 0.
    const cast = { format: 'e4m3fn', granularity: 'tensor', policy: 'fixed' } as const;
    const { sqnr: dB, rowSqnr, clipped, underflowed } = measureOne([17, 500, 0.0005, 0], 2, cast);
    const signal = 17 ** 2 + 500 ** 2 + 0.0005 ** 2;
    const noise = 1 ** 2 + 52 ** 2 + 0.0005 ** 2;
    expect(dB).toBeCloseTo(10 * Math.log10(signal / noise), 6);
    expect([clipped, underflowed]).toEqual([0.25, 0.25]);
    // Rows: 289 + 250,000 over 1 + 2704, and a row that is lost wholly: 0 dB; between them lies the median.
    expect(rowSqnr).toBeCloseTo(5 * Math.log10((17 ** 2 + 500 ** 2) / (1 + 52 ** 2)), 6);
  });

  it('under a delayed scale clips a spike that the history does not know, and flushes what follows one', () => {
    const delayed = { format: 'e4m3fn', granularity: 'tensor', policy: 'delayed' } as const;
    const tokens = [1, -0.5, 0.25, 0.75];
    const spike = [1000, ...tokens.slice(1)];
    const calm = measureOne(tokens, 2, delayed, [1, 1]);
    expect(calm.sqnr).toBeGreaterThan(25);
    const hit = measureOne(spike, 2, delayed, [1, 1]);
    expect(hit.clipped).toBe(0.25);
    expect(hit.sqnr).toBeLessThan(0.1); // 1 is left of 1000
    const after = measureOne(tokens, 2, delayed, [1, 1e6]);
    expect(after.underflowed).toBe(1); // 1 · 448 / 10⁶ is less than half of 2⁻⁹
    expect(after.sqnr).toBe(0);
    // Two batches later it is forgotten, and a current scale never remembers.
    expect(measureOne(tokens, 2, delayed, [1e6, 1, 1])).toEqual(calm);
    const own = measureOne(spike, 2, { ...delayed, policy: 'current' }, [1, 1]);
    expect(own.clipped).toBe(0);
    expect(own.sqnr).toBeGreaterThan(25);
  });

  it('agrees with castError and with quantize and dequantize of the other packages', () => {
    const [rows, columns] = [48, 80];
    const values = Float32Array.from(
      randomNormals(1, 3, rows * columns),
      (v, i) => v * 2 ** ((i % columns) % 9) * (i === 777 ? 1e4 : 1e-3),
    );
    const own = casts.filter(({ policy }) => policy.startsWith('current') || policy === 'fixed');
    for (const result of measure({ values, rows, columns }, own, named, [])) {
      const format = formatOf(result.format);
      const cast = quantize(values, rows, columns, {
        format,
        granularity: granularities[result.granularity],
        policy: named[result.policy]!,
      });
      expect(result.sqnr).toBeCloseTo(sqnr(values, dequantize(cast)), 6);
      if (result.granularity !== 'tensor') continue;
      const error = castError(format, values, { scale: cast.scales[0] });
      expect(result.sqnr).toBeCloseTo(error.sqnr, 6);
      expect(result.underflowed).toBe(error.underflowedFraction);
    }
    expect(own.length).toBeGreaterThan(60);
  });

  it('clips nothing in MX blocks whose scale is rounded up, and some where it is the specification’s', () => {
    const matrix = { values: Float32Array.from(randomNormals(2, 3, 32 * 64)), rows: 32, columns: 64 };
    const both = casts.filter(({ format, granularity }) => format === 'e4m3fn' && granularity === 'mx32');
    const [ours, theirs] = measure(matrix, both, named, []);
    expect([ours!.policy, theirs!.policy]).toEqual(['current-p2', 'mx-spec']);
    expect(ours!.clipped).toBe(0);
    expect(theirs!.clipped).toBeGreaterThan(0);
    expect(theirs!.sqnr).toBeLessThan(ours!.sqnr);
  });
});

it('the specification’s MX scale takes a maximum to below twice the format’s last power of two', () => {
  // OCP MX 1.0: shared exponent ⌊log2 amax⌋ - emax, emax 8 in E4M3, 15 in E5M2.
  for (const [amax, format, emax] of [
    [1, E4M3FN, 8],
    [1.99, E4M3FN, 8],
    [0.3, E4M3FN, 8],
    [7, E5M2, 15],
  ] as const)
    expect(mxSpecScale(amax, format.max)).toBe(2 ** (emax - Math.floor(Math.log2(amax))));
  expect(mxSpecScale(0, E4M3FN.max)).toBe(1);
});

it('the median of an even number of values is the mean of the two in the middle', () => {
  expect([median([3, 1, 2]), median([4, 1, 3, 2]), median([5])]).toEqual([2, 2.5, 5]);
});

const device = createReferenceDevice();
afterAll(() => device.destroy());

describe('studyFormats', () => {
  it('measures every linear’s operands in every cast, goes on from its parts, leaves nothing on the device', {
    tags: 'slow',
  }, async () => {
    const before = device.memory().live;
    const parts = memoryParts();
    const stored = {
      ...parts,
      write: (key: string, value: unknown) => parts.write(key, JSON.parse(JSON.stringify(value))),
    };
    const options = { settings, seeds: [1], device, bytes: textWithRareByte(), parts: stored };
    const first = await studyFormats(options);
    expect(device.memory().live).toBe(before);
    // Inputs and gradients on two batches, weights once and without delayed scales; four linears in two layers; two models.
    const known = casts.filter(({ policy }) => !policy.startsWith('delayed')).length;
    expect(first.tables.casts!.numRows).toBe(2 * 4 * 2 * (2 * 2 * casts.length + known));
    expect(Object.keys(first.charts)).toEqual([
      'sqnr',
      'worst',
      'worst-tensors',
      'delayed',
      'gradients',
      'aged',
      'swiglu',
    ]);
    expect(JSON.parse(JSON.stringify(first.charts))).toEqual(first.charts);
    expect(first.summary.claims.every(({ values }) => values.length === 1)).toBe(true);
    const seen: string[] = [];
    const again = await studyFormats({ ...options, device: failing }, ({ part }) => seen.push(part));
    expect(seen).toEqual(['tables and charts']);
    expect(again.summary).toEqual(first.summary);
  });

  it('takes a recorded run as its subject', async () => {
    const bytes = textWithRareByte();
    let at = 0;
    const row = { layer: 0, site: 'down', operand: 'input', format: 'e4m3fn', rms: 0.1 };
    const subject: RecordedRun = {
      name: 'runs/tiny',
      seed: 7,
      step: 100,
      model: tinyStudy.model,
      activations: 'fp32',
      sequence: 16,
      weights: startingWeights({ ...tinyStudy }, 1),
      next: () => plainBatch(bytes, settings, 1, at++),
      tensors: [1, 1, 4, 1].map((amax, i) => ({ ...row, step: 10 * i + 1, amax })),
    };
    const result = await studyFormats({ settings, seeds: [], device, bytes, parts: memoryParts(), subject });
    expect(at).toBe(settings.history + 1);
    const [whatIf] = [...result.tables.whatif!]
      .map((r) => r.toJSON())
      .filter((r) => r.policy === 'delayed 16');
    expect(whatIf).toMatchObject({ counted: 3, clipped: 1, format: 'e4m3fn' });
    const models = new Set([...result.tables.casts!].map((r) => `${r.toJSON().model} ${r.toJSON().seed}`));
    expect(models).toEqual(new Set(['run 7']));
    expect(Object.keys(result.charts)).toContain('whatif-clipped');
    expect(result.summary.markdown).toContain('one step in 10');
  });
});

it('a model that holds NaN is refused, with the tensor that shows it first', async () => {
  const weights = startingWeights({ ...tinyStudy }, 1);
  weights.get('layers.1.gateUp')!.fill(Number.NaN);
  const bytes = textWithRareByte();
  const subject: RecordedRun = {
    name: 'runs/broken',
    seed: 1,
    step: 1,
    model: tinyStudy.model,
    activations: 'fp32',
    sequence: 16,
    weights,
    next: () => plainBatch(bytes, settings, 1, 0),
    tensors: [],
  };
  const study = studyFormats({ settings, seeds: [], device, bytes, parts: memoryParts(), subject });
  await expect(study).rejects.toThrow(/layer 1, gateUp, weight: got values that are not finite/);
});

/** Every use of it is an error. */
const failing = new Proxy(device, {
  get: (_, key) => {
    throw new Error(`the device is used: ${String(key)}`);
  },
});
