/** @file What inspection measures, against sums over whole tensors; what it reads, against the values that were written. */
import { readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { castError, counterRandom, decode, E2M1, E4M3FN, formatOf } from '@octavo/formats';
import { current, dequantize, type Granularity, quantize } from '@octavo/scaling';
import {
  encodeSafetensors,
  readSafetensors,
  type SafetensorsRecord,
  writeCheckpoint,
  writeSafetensors,
} from '@octavo/store';
import { describe, expect, it, test } from 'vitest';
import {
  type InspectEvent,
  inspect,
  inspectedCast,
  openModel,
  openTensors,
  quantizedWeights,
  type SwiGluFindings,
  schemes,
  smoothingScales,
  type TensorFindings,
  valuesOf,
  writeHuggingFace,
} from '../src/index.ts';
import { small, temporaryFolder, weightsOf, writeModel } from './support.ts';

const folder = temporaryFolder();
const at = (...path: string[]): string => join(folder, ...path);

async function look(path: string, words: Partial<Parameters<typeof inspectedCast>[0]> = {}, all = false) {
  const file = await openTensors(path, { all });
  const events: InspectEvent[] = [];
  try {
    for await (const event of inspect(file, inspectedCast(words))) events.push(event);
  } finally {
    await file.close();
  }
  const tensors = new Map<string, TensorFindings>();
  for (const event of events) if (event.kind === 'tensor') tensors.set(event.tensor.name, event.tensor);
  return {
    ...{ file, tensors },
    of: (name: string) => tensors.get(name)!.measured!,
    swiglus: events.flatMap((event): SwiGluFindings[] => (event.kind === 'swiglu' ? [event.swiglu] : [])),
    notes: events.flatMap((event) => (event.kind === 'note' ? [event.note] : [])),
  };
}

const noise = (length: number, seed = 1): Float32Array =>
  Float32Array.from({ length }, (_, i) => (counterRandom(seed, i) / 2 ** 31 - 1) * 2 ** -(i % 23));

async function write(name: string, tensors: readonly SafetensorsRecord[]): Promise<string> {
  await writeSafetensors(at(name), tensors);
  return at(name);
}

/** All at once, from whole arrays. */
function expected(
  values: readonly number[],
  back: readonly number[],
  scaled: readonly number[],
  max: number,
) {
  const kept = values
    .map((x, i) => ({ x, back: back[i]!, scaled: scaled[i]! }))
    .filter(({ x }) => Number.isFinite(x));
  const sum = (of: (one: (typeof kept)[number]) => number): number =>
    kept.reduce((total, one) => total + of(one), 0);
  const sizes = kept.map(({ x }) => Math.abs(x)).filter((size) => size > 0);
  const squares = sum(({ x }) => x * x);
  const lost = sum(({ x, back }) => (x - back) ** 2);
  return {
    amax: sizes.reduce((a, b) => Math.max(a, b), 0),
    smallest: sizes.reduce((a, b) => Math.min(a, b), Number.POSITIVE_INFINITY),
    rms: Math.sqrt(squares / kept.length),
    kurtosis: sum(({ x }) => x ** 4) / kept.length / (squares / kept.length) ** 2,
    zeros: kept.length - sizes.length,
    nans: values.filter(Number.isNaN).length,
    infinities: values.length - kept.length - values.filter(Number.isNaN).length,
    cast: {
      sqnr: 10 * Math.log10(squares / lost),
      mse: lost / kept.length,
      clipped: kept.filter(({ scaled }) => Math.abs(scaled) > max * (1 + 2 ** -22)).length,
      underflowed: kept.filter(({ x, back }) => x !== 0 && back === 0).length,
    },
  };
}

const near = (value: unknown): unknown =>
  typeof value === 'number' && Number.isFinite(value) && !Number.isInteger(value)
    ? expect.closeTo(value, 6 - Math.floor(Math.log10(Math.abs(value))))
    : typeof value === 'object' && value !== null
      ? Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, near(inner)]))
      : value;

describe('a tensor', () => {
  const granularities: readonly (readonly [words: string, granularity: Granularity])[] = [
    ['tensor', { kind: 'tensor' }],
    ['row', { kind: 'row' }],
    ['channel', { kind: 'channel' }],
    ['block', { kind: 'block', rows: 128, columns: 128 }],
    ['7x50', { kind: 'block', rows: 7, columns: 50 }],
    ['mx', { kind: 'mx', axis: 'row' }],
  ];
  const shapes = [[131, 77], [7], [3, 5, 41], [1031, 1021]]; // the last is more than a stretch
  test.each(
    granularities.flatMap(([words, granularity]) =>
      shapes.flatMap((shape) =>
        (shape[0]! < 1000 ? ['e4m3fn', 'e5m2'] : words === 'row' || words === 'block' ? ['e4m3fn'] : []).map(
          (format) => ({ words, granularity, shape, format }),
        ),
      ),
    ),
  )(
    '$shape in $format, a scale a $words: as sums over all of it',
    async ({ words, granularity, shape, format }) => {
      const values = noise(shape.reduce((a, b) => a * b, 1));
      const path = await write('one.safetensors', [{ name: 'a', dtype: 'F32', shape, data: values }]);
      const found = (await look(path, { format, granularity: words })).of('a');
      const [rows, columns] = [values.length / shape.at(-1)!, shape.at(-1)!];
      const policy = current({ powerOfTwo: words === 'mx' });
      const cast = quantize(values, rows, columns, { format: formatOf(format), granularity, policy });
      const back = Array.from(dequantize(cast));
      const across = Math.ceil(columns / cast.block.columns);
      const scaled = Array.from(values, (x, i) => {
        const [row, column] = [Math.floor(i / columns), i % columns];
        return (
          x *
          cast.scales[Math.floor(row / cast.block.rows) * across + Math.floor(column / cast.block.columns)]!
        );
      });
      const reference = expected(Array.from(values), back, scaled, formatOf(format).max);
      expect(found).toMatchObject(near(reference) as object);
      expect(found.dynamicRange).toBeCloseTo(Math.log2(reference.amax / reference.smallest), 9);
      expect(found.cast.scales).toBe(cast.scales.length);
      expect(found.cast.scale).toBe(cast.scales.length === 1 ? cast.scales[0] : null);
    },
  );

  it('counts what is not finite, and leaves it out of everything else', async () => {
    const values = Float32Array.from([
      Number.NaN,
      1,
      -3,
      Number.POSITIVE_INFINITY,
      0,
      -0,
      Number.NEGATIVE_INFINITY,
      0.5,
    ]);
    const path = await write('odd.safetensors', [{ name: 'a', dtype: 'F32', shape: [2, 4], data: values }]);
    for (const granularity of ['tensor', 'row', 'mx', 'nvfp4']) {
      const found = (await look(path, { granularity })).of('a');
      expect(found).toMatchObject({
        ...{ elements: 8, amax: 3, smallest: 0.5, zeros: 2, nans: 1, infinities: 2 },
        ...{ rms: Math.sqrt(10.25 / 5), kurtosis: expect.closeTo((82.0625 * 5) / 10.25 ** 2, 12) },
        dynamicRange: expect.closeTo(Math.log2(6), 12),
      });
      expect(found.cast.sqnr).toBeGreaterThan(20);
    }
  });

  it('agrees with castError where the scale is given', async () => {
    const values = noise(5000);
    const path = await write('fixed.safetensors', [
      { name: 'a', dtype: 'F32', shape: [50, 100], data: values },
    ]);
    for (const [policy, scale] of [
      ['fixed1000', 1000],
      ['fixed2e-3', 2e-3],
    ] as const) {
      const { cast } = (await look(path, { policy })).of('a');
      const { sqnr, mse, clipped, underflowed } = castError(E4M3FN, values, { scale });
      expect(cast).toMatchObject(near({ sqnr, mse, clipped, underflowed }) as object);
    }
  });

  it('of nothing, of one number, of zeros, of float64 beyond float32', async () => {
    const huge = Float64Array.from([1e300, -5e299, 1e-300, 0]);
    const path = await write('few.safetensors', [
      { name: 'empty', dtype: 'F32', shape: [0], data: new Float32Array(0) },
      { name: 'no rows', dtype: 'BF16', shape: [0, 8], data: new Uint16Array(0) },
      { name: 'no columns', dtype: 'BF16', shape: [8, 0], data: new Uint16Array(0) },
      { name: 'no end of rows', dtype: 'F32', shape: [2 ** 45, 0], data: new Float32Array(0) },
      { name: 'no end of columns', dtype: 'F32', shape: [0, 2 ** 45], data: new Float32Array(0) },
      { name: 'a.gate_proj.weight', dtype: 'F32', shape: [2 ** 40, 0], data: new Float32Array(0) },
      { name: 'a.up_proj.weight', dtype: 'F32', shape: [2 ** 40, 0], data: new Float32Array(0) },
      { name: 'number', dtype: 'F32', shape: [], data: Float32Array.of(-2.5) },
      { name: 'zeros', dtype: 'F16', shape: [3, 2], data: new Uint16Array(6) },
      { name: 'double', dtype: 'F64', shape: [4], data: huge },
      { name: 'ids', dtype: 'I64', shape: [2], data: new BigInt64Array(2) },
      { name: 'mask', dtype: 'BOOL', shape: [3], data: new Uint8Array(3) },
    ]);
    for (const granularity of ['tensor', 'row', 'channel', 'block', 'mx', 'nvfp4']) {
      const found = await look(path, { granularity });
      for (const name of ['empty', 'no rows', 'no columns', 'no end of rows', 'no end of columns'])
        expect(found.of(name)).toMatchObject({
          elements: 0,
          amax: 0,
          rms: 0,
          kurtosis: null,
          dynamicRange: null,
        });
      expect(found.of('number')).toMatchObject({
        elements: 1,
        amax: 2.5,
        rms: 2.5,
        kurtosis: 1,
        dynamicRange: 0,
      });
      const { cast, ...zeros } = found.of('zeros');
      expect(zeros).toMatchObject({
        amax: 0,
        smallest: 0,
        rms: 0,
        kurtosis: null,
        dynamicRange: null,
        zeros: 6,
      });
      expect(cast).toMatchObject({ sqnr: Number.POSITIVE_INFINITY, mse: 0, clipped: 0, underflowed: 0 });
      const double = found.of('double');
      expect(double).toMatchObject({ amax: 1e300, smallest: 1e-300, zeros: 1, infinities: 0 });
      expect(double.rms / Math.sqrt(1.25 / 4)).toBeCloseTo(1e300, -288);
      expect(double.kurtosis).toBeCloseTo((1.0625 * 4) / 1.25 ** 2, 12);
      expect(found.tensors.get('ids')).toMatchObject({ measured: null, skipped: 'I64 is no float type' });
      expect(found.tensors.get('mask')).toMatchObject({ measured: null, dtype: 'BOOL' });
    }
  });

  it('of a type that is not known is named', async () => {
    const header = JSON.stringify({ x: { dtype: 'F9_NEW', shape: [2], data_offsets: [0, 3] } });
    const bytes = Buffer.concat([Buffer.alloc(8), Buffer.from(header), Buffer.alloc(3)]);
    bytes.writeBigUInt64LE(BigInt(header.length));
    writeFileSync(at('new.safetensors'), bytes);
    const { tensors } = await look(at('new.safetensors'));
    expect(tensors.get('x')).toMatchObject({
      measured: null,
      dtype: 'F9_NEW',
      skipped: 'its type is not known',
    });
  });

  test.each(['F4', 'F6_E2M3', 'F8_E5M2', 'F16', 'F64'] as const)(
    'in %s, more than a stretch of it, has the values that its bytes mean',
    async (dtype) => {
      const shape = [1032, 1024];
      const data = encodeSafetensors(dtype, noise(1032 * 1024));
      const path = await write('typed.safetensors', [{ name: 'a', dtype, shape, data }]);
      const [tensor] = (await readSafetensors(path)).tensors;
      const values = Array.from(valuesOf(tensor!));
      const { amax, rms, zeros } = (await look(path)).of('a');
      const sizes = values.map(Math.abs);
      expect(amax).toBe(sizes.reduce((a, b) => Math.max(a, b)));
      expect(zeros).toBe(sizes.filter((size) => size === 0).length);
      expect(rms).toBeCloseTo(Math.sqrt(values.reduce((sum, x) => sum + x * x, 0) / values.length), 9);
    },
  );
});

describe('codes with scales beside them', () => {
  const config = { ...small, hiddenSize: 160, heads: 5, ffnSize: 192, layers: 1 };
  test.each(Object.keys(schemes) as (keyof typeof schemes)[])('%s: their values', async (name) => {
    await writeModel(at(`plain-${name}`), config);
    const source = await openModel(at(`plain-${name}`));
    const options = { dtype: null, shardBytes: 50_000, overwrite: false, tokenizer: null };
    const dialect = schemes[name].dialects[0]!;
    await writeHuggingFace(
      at(name),
      source,
      options,
      quantizedWeights(source, schemes[name], { dialect, dtype: null }),
    );
    await source.close();
    const read = await openModel(at(name));
    const { of, tensors, swiglus } = await look(at(name));
    expect([...tensors.keys()].filter((key) => key.includes('scale'))).toEqual([]);
    for (const key of ['mlp.up_proj', 'self_attn.q_proj'].map((part) => `model.layers.0.${part}.weight`)) {
      const values = Array.from(valuesOf(await read.read(key)));
      const found = of(key);
      expect(found.amax).toBe(values.reduce((a, b) => Math.max(a, Math.abs(b)), 0));
      expect(found.rms).toBeCloseTo(Math.sqrt(values.reduce((sum, x) => sum + x * x, 0) / values.length), 9);
      expect(tensors.get(key)).toMatchObject({
        dtype: 'F8_E4M3',
        decoded: expect.stringMatching(/^× weight_scale/),
      });
    }
    expect(swiglus).toHaveLength(1);
    await read.close();
  });

  it('NVFP4 in both layouts, and integers of eight bits', async () => {
    const codes = Uint8Array.from({ length: 4 * 16 }, (_, i) => counterRandom(3, i) & 255);
    const blockScales = Float32Array.from({ length: 4 * 2 }, (_, i) => 1 + (i % 5));
    const scale = {
      dtype: 'F8_E4M3',
      shape: [4, 2],
      data: encodeSafetensors('F8_E4M3', blockScales),
    } as const;
    const ints = Int8Array.from({ length: 12 }, (_, i) => 5 * i - 30);
    const path = await write('nvfp4.safetensors', [
      { name: 'a.weight_packed', dtype: 'U8', shape: [4, 16], data: codes },
      { name: 'a.weight_scale', ...scale },
      { name: 'a.weight_global_scale', dtype: 'F32', shape: [1], data: Float32Array.of(8) },
      { name: 'b.weight', dtype: 'U8', shape: [4, 16], data: codes },
      { name: 'b.weight_scale', ...scale },
      { name: 'b.weight_scale_2', dtype: 'F32', shape: [], data: Float32Array.of(0.125) },
      { name: 'c.weight', dtype: 'I8', shape: [3, 4], data: ints },
      { name: 'c.weight_scale', dtype: 'F32', shape: [3, 1], data: Float32Array.of(1, 10, 100) },
      { name: 'd.weight', dtype: 'I8', shape: [3, 4], data: ints },
    ]);
    const { of, tensors } = await look(path);
    const values = Array.from({ length: 128 }, (_, i) => {
      const code = (codes[i >> 1]! >> (4 * (i & 1))) & 15;
      return (decode(E2M1, code) * blockScales[i >> 4]!) / 8;
    });
    for (const name of ['a.weight_packed', 'b.weight']) {
      expect(tensors.get(name)).toMatchObject({ shape: [4, 32], elements: 128 });
      expect(of(name).amax).toBe(values.reduce((a, b) => Math.max(a, Math.abs(b)), 0));
      expect(of(name).rms).toBeCloseTo(Math.sqrt(values.reduce((sum, x) => sum + x * x, 0) / 128), 9);
    }
    expect(of('c.weight').amax).toBe(2500);
    expect(tensors.get('d.weight')!.skipped).toBe('I8 is no float type');
    expect([...tensors.keys()]).toHaveLength(4);
  });

  it('a scale that fits no block is said', async () => {
    const path = await write('unfit.safetensors', [
      { name: 'a.weight', dtype: 'F8_E4M3', shape: [6, 6], data: new Uint8Array(36).fill(0x38) },
      { name: 'a.weight_scale', dtype: 'F32', shape: [5, 4], data: new Float32Array(20).fill(3) },
    ]);
    const { notes, of, tensors } = await look(path);
    expect(notes).toEqual(['a.weight_scale fits no block of a.weight: its codes are measured as they are']);
    expect([tensors.size, of('a.weight').amax]).toEqual([2, 1]);
  });

  it('NVFP4’s cast has a scale for 16 elements and one for all', async () => {
    const values = noise(3 * 33);
    const path = await write('cast4.safetensors', [
      { name: 'a', dtype: 'F32', shape: [3, 33], data: values },
    ]);
    const { cast, amax } = (await look(path, { granularity: 'nvfp4' })).of('a');
    const all = Math.fround((448 * 6) / amax);
    let [signal, lost] = [0, 0];
    for (let row = 0; row < 3; row++)
      for (let from = 0; from < 33; from += 16) {
        const block = values.subarray(row * 33 + from, row * 33 + Math.min(33, from + 16));
        const most = block.reduce((a, b) => Math.max(a, Math.abs(b)), 0);
        const scale = castRound(E4M3FN, (most / 6) * all) / all;
        for (const x of block) {
          signal += x * x;
          lost += (x - castRound(E2M1, x / scale) * scale) ** 2;
        }
      }
    expect(cast.scales).toBe(9);
    expect(cast.sqnr).toBeCloseTo(10 * Math.log10(signal / lost), 3);
  });
});

/** The nearest value, by trying all. */
function castRound(format: typeof E4M3FN, x: number): number {
  let best = 0;
  for (let code = 0; code < 2 ** format.bits; code++) {
    const value = decode(format, code);
    if (Math.abs(value - x) < Math.abs(best - x)) best = value;
  }
  return best;
}

describe('gate and up', () => {
  const [channels, width] = [11, 6];
  const even = (seed: number): Float32Array =>
    Float32Array.from({ length: channels * width }, (_, i) => counterRandom(seed, i) / 2 ** 31 - 1);
  const gate = even(5);
  const up = even(6).map((x, i) => (i < width ? -2 * gate[i]! : i < 2 * width ? gate[i]! : x));
  const down = even(7).map((x, i) => x * 2 ** (i % 9));
  const cosines = Array.from({ length: channels }, (_, j) => {
    const row = (of: Float32Array): number[] => Array.from(of.subarray(j * width, (j + 1) * width));
    const dot = (a: number[], b: number[]): number => a.reduce((sum, x, i) => sum + x * b[i]!, 0);
    const [g, u] = [row(gate), row(up)];
    return dot(g, u) / Math.sqrt(dot(g, g) * dot(u, u));
  });
  const matrix = (name: string, shape: readonly number[], data: Float32Array): SafetensorsRecord => ({
    ...{ name, dtype: 'F32', shape, data },
  });
  const both = Float32Array.from([...gate, ...up]);
  test.each([
    ['Hugging Face', 'model.layers.3.mlp', ['gate_proj.weight', 'up_proj.weight', 'down_proj.weight']],
    ['an expert', 'model.layers.3.mlp.experts.7', ['gate_proj.weight', 'up_proj.weight', 'down_proj.weight']],
    ['Meta', 'layers.3.feed_forward', ['w1.weight', 'w3.weight', 'w2.weight']],
    ['fused', 'model.layers.3.mlp', ['gate_up_proj.weight', '', 'down_proj.weight']],
  ])('by the names of %s', async (_, place, [g, u, d]) => {
    const name = (part: string | undefined): string => `${place}.${part}`;
    const path = await write('names.safetensors', [
      ...(u === ''
        ? [matrix(name(g), [2 * channels, width], both)]
        : [matrix(name(g), [channels, width], gate), matrix(name(u), [channels, width], up)]),
      matrix(name(d), [width, channels], down),
    ]);
    const { swiglus, notes } = await look(path);
    expect(notes).toEqual([]);
    expect(swiglus).toHaveLength(1);
    const [found] = swiglus;
    expect(found).toMatchObject({ place, layer: 3, channels, aligned: 2 });
    expect(Array.from(found!.cosines)).toEqual(cosines.map((cosine) => expect.closeTo(cosine, 12)));
    expect(Array.from(found!.order.subarray(0, 2)).sort()).toEqual([0, 1]);
    expect(found!.cosineMax).toBeCloseTo(1, 12);
    expect(Array.from(found!.smoothing!.scales)).toEqual(Array.from(smoothingScales(up, down, channels)));
    expect(found!.smoothing!.scales.some((scale) => scale !== 1)).toBe(true);
  });

  it('without a partner of its shape is said; smoothing needs down', async () => {
    const path = await write('partners.safetensors', [
      matrix('a.gate_proj.weight', [channels, width], gate),
      matrix('a.up_proj.weight', [width, channels], up),
      matrix('b.gate_proj.weight', [channels, width], gate),
      matrix('b.up_proj.weight', [channels, width], up),
      matrix('c.w1.weight', [channels, width], up),
    ]);
    const { swiglus, notes } = await look(path);
    expect(notes).toEqual([
      'a.gate_proj.weight: no a.up_proj.weight of its shape, so their cosines are not known',
    ]);
    expect(swiglus).toMatchObject([{ place: 'b', layer: null, smoothing: null, downNorms: null }]);
  });
});

describe('other files', () => {
  const bytes = (values: Float32Array): Uint8Array => new Uint8Array(values.buffer);
  it('a checkpoint: its weights, with all its optimizer’s, and delayed scales by what it remembers', async () => {
    const [values, both] = [noise(40), noise(2 * 44)];
    await writeCheckpoint(at('step-00000003.arrow'), { model: '{}' }, [
      { name: 'layers.0.down', role: 'weight', format: 'fp32', shape: [4, 11], data: bytes(noise(44, 9)) },
      { name: 'layers.0.gateUp', role: 'weight', format: 'fp32', shape: [22, 4], data: bytes(both) },
      { name: 'norm', role: 'weight', format: 'fp32', shape: [40], scale: [4], data: bytes(values) },
      { name: 'norm', role: 'master', format: 'fp32', shape: [40], data: bytes(values) },
      {
        name: 'norm.weight.e4m3fn.7',
        role: 'amax-history',
        format: 'fp32',
        shape: [2],
        data: bytes(Float32Array.of(7, 3.5)),
      },
    ]);
    const { of, tensors, swiglus, notes, file } = await look(at('step-00000003.arrow'), {
      policy: 'delayed',
    });
    expect([...tensors.keys()]).toEqual(['layers.0.down', 'layers.0.gateUp', 'norm']);
    expect(file.leftOut).toBe(2);
    expect(notes).toEqual([]);
    const rows = await look(at('step-00000003.arrow'), { policy: 'delayed', granularity: 'row' });
    expect(rows.notes).toEqual([
      'no maxima are remembered for these scales: they come from the tensors themselves',
    ]);
    expect(of('norm').amax).toBe(Math.abs(values.reduce((a, b) => Math.max(a, Math.abs(b)), 0)) / 4);
    expect(of('norm').cast.scale).toBe(64);
    expect((await look(at('step-00000003.arrow'), { policy: 'delayed1' })).of('norm').cast.scale).toBe(128);
    expect(swiglus).toMatchObject([{ place: 'layers.0', layer: 0, channels: 11 }]);
    const all = await look(at('step-00000003.arrow'), {}, true);
    expect(all.file.tensors.map(({ role }) => role)).toEqual(['weight', 'weight', 'weight', 'master']);
  });

  it('a folder in shards, and one of them', async () => {
    await writeModel(at('shards'), small);
    const { file, tensors, swiglus, of } = await look(at('shards'));
    expect(file.kind).toBe('Hugging Face folder');
    expect(tensors.size).toBe(weightsOf(small).size);
    expect(swiglus.map(({ layer }) => layer)).toEqual([0, 1]);
    const shards = readdirSync(at('shards')).filter((name) => name.endsWith('.safetensors'));
    expect(shards.length).toBeGreaterThan(1);
    let seen = 0;
    for (const shard of shards)
      for (const [name, { measured }] of (await look(at('shards', shard))).tensors) {
        expect(measured).toEqual(of(name));
        seen++;
      }
    expect(seen).toBe(tensors.size);
  });

  test.each([
    ['missing', /cannot be read: got no such file or folder/],
    ['notes.txt', /holds no tensors: got a file ".txt"/],
    ['cut.safetensors', /is not a safetensors file/],
  ])('%s is refused in one line', async (name, message) => {
    writeFileSync(at('notes.txt'), 'x');
    writeFileSync(at('cut.safetensors'), 'x');
    await expect(openTensors(at(name))).rejects.toThrow(message);
    await expect(openTensors(at(name))).rejects.toMatchObject({ exitCode: 2 });
  });
});

test.each([
  [{ format: 'e8m0' }, /cast’s format: got "e8m0", expected one of e4m3fn/],
  [{ granularity: '0x4' }, /cast’s granularity: got "0x4", expected one of tensor/],
  [{ policy: 'fixed' }, /cast’s policy: got "fixed", expected one of current/],
  [{ policy: 'fixed0' }, /policy.scale: got 0, expected a number from/],
  [{ policy: 'current', granularity: 'nvfp4' }, /cast’s policy: got "current", expected none/],
])('%o is refused', (words, message) => {
  expect(() => inspectedCast(words)).toThrow(message);
});
