/** @file Layouts, traffic and rooflines by arithmetic; the paper's figures; what is published of devices. */
import { readFileSync } from 'node:fs';
import { stepPlan, toMarkdown } from '@octavo/bench';
import { llamaConfigOf } from '@octavo/llama';
import { describe, expect, it } from 'vitest';
import { linearLaw } from '../src/host/linear-law.ts';
import {
  assumptionsOf,
  checkLayout,
  hardware,
  hardwareFrom,
  hardwareOf,
  type Layout,
  type PlanOptions,
  paperTables,
  peakOf,
  planStep,
  traceStep,
  trafficOf,
} from '../src/index.ts';
import { sharesOf } from '../src/layout.ts';

const one = { name: '7b', model: llamaConfigOf('llama2-7b'), batch: 1, sequence: 4096 };
const plan = stepPlan(one, 'bf16');
const layoutOf = (own: Partial<Layout>): Layout => ({ devices: 8, zero: 1, tensor: 1, pipeline: 1, ...own });
const optionsOf = (own: Partial<Layout>, more: Partial<PlanOptions> = {}): PlanOptions => ({
  ...{ layout: layoutOf(own), hardware: hardware.h100!, exchange: 'bf16', overlap: true, ...more },
});
const trace = await traceStep(plan);
const gib = (layout: Partial<Layout>) => peakOf(trace, layoutOf(layout)).total;

describe('a layout', () => {
  it('ZeRO shares out the optimizer, then gradients, then weights', () => {
    const shares = ([0, 1, 2, 3] as const).map((zero) => sharesOf(layoutOf({ zero }), plan));
    expect(shares.map(({ optimizer }) => optimizer)).toEqual([1, 1 / 8, 1 / 8, 1 / 8]);
    expect(shares.map(({ gradients }) => gradients)).toEqual([1, 1, 1 / 8, 1 / 8]);
    expect(shares.map(({ weights }) => weights)).toEqual([1, 1, 1, 1 / 8 + 1 / 32]);
    const peaks = ([0, 1, 2, 3] as const).map((zero) => gib({ zero }));
    expect(peaks).toEqual([...peaks].sort((a, b) => b - a));
  });

  it('tensor parallel leaves the residual stream whole, pipeline parallel holds as many micro-batches as stages', () => {
    const tensor = sharesOf(layoutOf({ tensor: 8 }), plan);
    expect(tensor).toMatchObject({ weights: 1 / 8, activations: 1 / 8, residual: 1 });
    const four = { ...plan, accumulation: 16 };
    expect(sharesOf(layoutOf({ pipeline: 4 }), four)).toMatchObject({
      weights: 1 / 4,
      activations: 1,
      residual: 1,
    });
  });

  it.each([
    [{ devices: 6, tensor: 4 }, /got 6 devices, expected a multiple of tensor 4 × pipeline 1$/],
    [{ devices: 24, tensor: 3 }, /tensor: got 3, expected a divisor of the model's heads, 32$/],
    [{ devices: 5, pipeline: 5 }, /pipeline: got 5, expected a divisor of the model's 32 layers$/],
  ])('%j does not go', (own, said) => {
    expect(() => checkLayout(layoutOf(own), plan)).toThrow(said);
  });
});

describe('traffic', () => {
  const parameters = 8e9;
  const of = (own: Partial<Layout>, accumulation = 1) =>
    trafficOf({ ...plan, accumulation }, layoutOf(own), { parameters, exchange: 'bf16' }, hardware.h100!);
  const ring = (16e9 * 7) / 8 / 450e9; // 16 GB around 8 devices at 450 GB/s

  it('an all-reduce moves a reduce-scatter and an all-gather', () => {
    expect(of({ zero: 0 })).toMatchObject({ hidden: 2 * ring, gather: 0, tensor: 0, pipeline: 0 });
    expect(of({ zero: 1 })).toMatchObject({ hidden: ring, gather: ring });
    expect(of({ zero: 2 }, 4)).toMatchObject({ hidden: 4 * ring, gather: ring });
    expect(of({ zero: 3 }, 4)).toMatchObject({ hidden: 12 * ring, gather: 0 });
  });

  it('beyond a node as fast as its link there; within a group of tensor parallel nothing else', () => {
    expect(of({ devices: 16 }).hidden).toBeCloseTo((16e9 * 15) / 16 / 50e9, 10);
    const { tensor, hidden } = of({ tensor: 8 });
    expect(hidden).toBe(0); // one replica
    expect(tensor).toBeCloseTo((2 * 4 * 32 * 2 * 4096 * 4096 * 7) / 8 / 450e9, 10);
  });
});

describe('a plan', () => {
  it('of one device takes its operations one after the other; more devices share them', () => {
    const alone = planStep(trace, optionsOf({ devices: 1, zero: 0 }));
    const { forward, backward, update, exposed, bubble } = alone.parts;
    expect(alone.seconds).toBeCloseTo(forward + backward + update, 12);
    expect([exposed, bubble]).toEqual([0, 0]);
    const weights = 6 * (6_738_415_616 - 32_000 * 4096 - 65 * 4096) * 4096;
    expect(alone.products).toBeGreaterThan(weights / 989.5e12);
    expect(alone.products).toBeLessThan((1.02 * weights) / 989.5e12); // few of them wait for memory
    const split = planStep(trace, optionsOf({ devices: 8, tensor: 8, zero: 0 }));
    expect(split.products / alone.products).toBeGreaterThan(1 / 8); // the residual stream is whole
    expect(split.products / alone.products).toBeLessThan(1 / 7);
    expect(split.tokensPerSecond).toBeGreaterThan(4 * alone.tokensPerSecond);
    expect(split.tokensPerSecond).toBeLessThan(8 * alone.tokensPerSecond);
  });

  it('a pipeline of P stages and m micro-batches waits (P − 1) / m of its passes', async () => {
    const many = await traceStep({ ...plan, accumulation: 8 });
    const { parts } = planStep(many, optionsOf({ pipeline: 4, devices: 4, zero: 0 }));
    expect(parts.bubble / (parts.forward + parts.backward)).toBeCloseTo(3 / 8, 12);
  });

  it('says what it takes for granted', () => {
    const said = assumptionsOf(optionsOf({ tensor: 2, pipeline: 2, zero: 3 })).join('\n');
    for (const word of [
      '989.5 TFLOP/s',
      'data sheet',
      'FlashAttention-2',
      'ZeRO-3',
      'BF16',
      '1F1B',
      'lower bound',
    ])
      expect(said).toContain(word);
  });
});

describe('the paper', async () => {
  const [speed, memory] = await paperTables();
  const rows = (name: string) => speed!.rows.filter((row) => row.name.endsWith(name));

  it('its order and its speed-ups follow from published peaks within 5 points', () => {
    const [bf16, ...others] = rows('as assumed');
    expect(others.map(({ name }) => name.split(',')[0])).toEqual(['fp8-w3-bf16', 'fp8-smooth-folded', 'fp8']);
    const planned = others.map(({ values }) => values.planned!);
    expect(planned).toEqual([...planned].sort((a, b) => a - b));
    for (const { values } of others) expect(Math.abs(values.difference!)).toBeLessThan(5);
    expect(bf16!.values.samples_per_second! / 12.65).toBeCloseTo(1, 1);
  });

  it('docs/plan.md has what octavo plan --paper --markdown prints', () => {
    const page = readFileSync(new URL('../../../docs/plan.md', import.meta.url), 'utf8');
    for (const table of [speed!, memory!]) expect(page).toContain(toMarkdown(table));
  });

  it('its memory does not follow from what its optimizer saves; the table says what would do it', () => {
    const [, full, uncached, halved] = memory!.rows.map(({ values }) => values.change!);
    expect(full).toBeGreaterThan(-10);
    expect(uncached).toBeGreaterThan(-20);
    expect(Math.abs(halved! + 30)).toBeLessThan(5);
  });
});

it('every figure of a device has a source', () => {
  for (const one of Object.values(hardware)) {
    const figures = [
      one.vector,
      one.memory,
      one.bandwidth,
      one.node.bandwidth,
      one.network,
      ...Object.values(one.matrix),
    ];
    for (const { value, source } of figures) {
      expect(value).toBeGreaterThan(1e9);
      expect(source.length).toBeGreaterThan(10);
    }
    expect(one.attention.source.length).toBeGreaterThan(10);
    expect(one.matrix['8']!.value / one.matrix['16']!.value).toBeCloseTo(2, 1);
  }
  expect(() => hardwareOf('tpu')).toThrow(/unknown hardware: got "tpu", expected one of gaudi2, h100/);
});

it('a device of one’s own: its figures in a file, refused by name where one is wrong', () => {
  const own = { ...hardware.h100!, name: 'mine', title: 'My card' };
  expect(hardwareFrom(JSON.stringify(own), 'mine.json')).toEqual(own);
  const of = (change: object) => () => hardwareFrom(JSON.stringify({ ...own, ...change }), 'mine.json');
  expect(of({ memory: { value: -1, source: 'x' } })).toThrow(/hardware mine.json: memory.value: /);
  expect(of({ bandwidth: { value: 1e12 } })).toThrow(/bandwidth.source: /);
  expect(of({ speed: 3 })).toThrow(/"speed"/);
  expect(of({ matrix: {} })).toThrow(/matrix: one width at least/);
  expect(() => hardwareFrom('{', 'mine.json')).toThrow(/expected JSON with a device's peaks/);
});

it('a law of two quantities is found, and none of it is negative', () => {
  const points = [
    [1, 5],
    [3, 2],
    [10, 40],
  ].map(([u, v]) => ({ u: u!, v: v!, y: 2 * u! + 0.5 * v! }));
  const { a, b } = linearLaw(points);
  expect(a).toBeCloseTo(2, 9);
  expect(b).toBeCloseTo(0.5, 9);
  const falling = linearLaw([
    { u: 1, v: 1, y: 1 },
    { u: 1, v: 2, y: 0.5 },
    { u: 1, v: 3, y: 0.4 },
  ]);
  expect(falling.a).toBeGreaterThanOrEqual(0);
  expect(falling.b).toBeGreaterThanOrEqual(0);
});
