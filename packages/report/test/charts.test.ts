import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { cellsOf, columnsOf } from '../src/charts/heat-map.ts';
import {
  alignmentChart,
  channelOf,
  commonTokens,
  cosinesOf,
  finalLoss,
  findingsOf,
  gapChart,
  gapsOf,
  gateUpChart,
  heatMap,
  lossAt,
  lossChart,
  mostAligned,
  quietCasts,
  type ReportRun,
  type TensorPoint,
} from '../src/charts/index.ts';
import { smoothLine, thinLine } from '../src/charts/lines.ts';
import { figure, percent } from '../src/charts/numbers.ts';

const empty: ReportRun = {
  name: 'run',
  recipe: 'fp8',
  seed: 1,
  tokensPerStep: 1000,
  steps: [],
  tensors: [],
  evaluations: [],
  baseline: null,
  alarms: [],
};
const stepsOf = (losses: readonly (number | null)[]): ReportRun['steps'] =>
  losses.map((loss, i) => ({
    step: i + 1,
    loss,
    learning_rate: 1e-3,
    gradient_norm: 1,
    tokens_per_second: 100,
    peak_memory: 1e6,
  }));
const tensor = (more: Partial<TensorPoint>): TensorPoint => ({
  step: 1,
  layer: 0,
  site: 'down',
  operand: 'input',
  format: 'e4m3fn',
  amax: null,
  overflows: null,
  underflows: null,
  kurtosis: null,
  abs_cosine_max: null,
  abs_cosine_mean: null,
  abs_cosine_above: null,
  ...more,
});

describe('thinning', () => {
  it('keeps every extreme, the order and the breaks of a long line', () => {
    const points = Array.from({ length: 60_000 }, (_, x) => ({ x, y: (x % 7) as number | null }));
    points[12_345]!.y = 1000;
    points[23_456]!.y = -1000;
    points[34_567]!.y = null;
    const thin = thinLine(points);
    expect(thin.length).toBeLessThanOrEqual(401);
    for (const x of [12_345, 23_456, 34_567]) expect(thin).toContainEqual(points[x]);
    expect(thin.map(({ x }) => x)).toEqual(thin.map(({ x }) => x).sort((a, b) => a - b));
  });

  it('leaves a short line as it is', () => {
    const points = [
      { x: 1, y: 2 },
      { x: 2, y: null },
    ];
    expect(thinLine(points)).toEqual(points);
  });

  it('a running mean is centred, and skips what is not there', () => {
    const points = [1, 2, null, 4, 9].map((y, x) => ({ x, y }));
    expect(smoothLine(points, 3).map(({ y }) => y)).toEqual([1, 1.5, 3, 6.5, 9]);
  });
});

describe('cells of a heat map', () => {
  it('gather steps by their largest value, and join equal neighbours', () => {
    const rows = Array.from({ length: 10 }, (_, i) =>
      tensor({ step: 1 + 5 * i, overflows: i === 3 ? 0.5 : 0.1 }),
    );
    const columns = columnsOf(rows, 5)!;
    expect(columns).toEqual({ edges: [1, 11, 21, 31, 41, 51], gathered: 2 });
    const cells = cellsOf(rows, columns, 'overflows', (share) => share);
    expect(cells.map(({ from, to, value }) => [from, to, value])).toEqual([
      [1, 11, 0.1],
      [11, 21, 0.5],
      [21, 51, 0.1],
    ]);
  });

  it('of an operand that is cast to two formats the larger counts', () => {
    const rows = [tensor({ amax: 2 }), tensor({ amax: 8, format: 'e5m2' })];
    const cells = cellsOf(rows, columnsOf(rows)!, 'amax', Math.log2);
    expect(cells).toEqual([{ site: 'down', operand: 'input', layer: 0, from: 1, to: 2, value: 3 }]);
  });

  it('there is no map of nothing', () => {
    expect(heatMap([], 'amax')).toBeNull();
    expect(heatMap([tensor({ abs_cosine_mean: 0.1 })], 'amax')).toBeNull();
    expect(alignmentChart([tensor({ amax: 1 })])).toBeNull();
  });

  it('its heading names the worst, with its layer and step', () => {
    const rows = [
      tensor({ layer: 2, step: 72, overflows: 0.004 }),
      tensor({ layer: 1, step: 9, overflows: 1e-5 }),
    ];
    expect(heatMap(rows, 'overflows')).toMatchObject({
      title: { text: 'Most clipped: 0.4 % of SwiGLU’s output (down’s input) of layer 2, step 72' },
    });
  });

  it('its colours are explained by numbers, not by powers', () => {
    const rows = [6, -15].map((power, step) => tensor({ step, amax: 2 ** power }));
    const text = JSON.stringify(heatMap(rows, 'amax'));
    expect(text).toContain('"values":[-15,-8,-1,6]');
    expect(JSON.parse(/"labelExpr":("\{.*?\}\[datum\.value\]")/.exec(text)![1]!)).toBe(
      '{"6":"64","-15":"3.1e−5","-8":"0.0039","-1":"0.5"}[datum.value]',
    );
  });

  it('of losses shows the operands that lost something', () => {
    const rows = ['input', 'weight', 'grad'].map((operand) =>
      tensor({ operand, overflows: operand === 'grad' ? 0.01 : 0 }),
    );
    const panels = [...JSON.stringify(heatMap(rows, 'overflows')).matchAll(/"panel":"(.*?)"/g)].map(
      ([, panel]) => panel,
    );
    expect(panels).toEqual(['down, gradients']);
  });

  it('is one sentence where casts took nothing worth a picture', () => {
    const top = { layer: 1, step: 9, site: 'qkv', operand: 'weight' };
    expect(quietCasts([tensor({ overflows: 0 })], 'overflows')).toBe(
      'no element was clipped in any sampled step',
    );
    expect(quietCasts([tensor({ ...top, overflows: 1e-5 }), tensor({ overflows: 0 })], 'overflows')).toBe(
      'never more than 0.001 % clipped in a sampled step (weight of q, k, v in layer 1, step 9)',
    );
    expect(quietCasts([tensor({ overflows: 0.002 })], 'overflows')).toBeNull();
    expect(quietCasts([tensor({ underflows: 0.002 })], 'overflows')).toBeNull();
    expect(quietCasts([tensor({ format: 'bf16', overflows: 0 })], 'overflows')).toBeNull();
  });

  it('a long run of a deep model stays small', () => {
    const rows = Array.from({ length: 3000 }, (_, i) =>
      Array.from({ length: 32 }, (__, layer) =>
        tensor({ step: i, layer, amax: 2 ** ((i * 7 + layer) % 13) }),
      ),
    ).flat();
    expect(JSON.stringify(heatMap(rows, 'amax')).length).toBeLessThan(400_000);
  });
});

describe('the gap of runs', () => {
  const runs = (...all: [recipe: string, seed: number, losses: (number | null)[]][]): ReportRun[] =>
    all.map(([recipe, seed, losses]) => ({
      ...empty,
      name: `${recipe}-${seed}`,
      recipe,
      seed,
      steps: stepsOf(losses),
    }));

  it('is to bf16 of the same seed, step by step; its mean is over the last quarter', () => {
    const gaps = gapsOf(
      runs(
        ['fp8', 1, [5, 4, 3, 3.5]],
        ['bf16', 1, [5, 4, 3, 2]],
        ['fp8', 2, [9, 9, 9, 9]],
        ['bf16', 2, [9, 9, 9, 8]],
      ),
    );
    expect(gaps.map(({ run, reference, paired, last }) => [run, reference, paired, last])).toEqual([
      ['fp8-1', 'bf16-1', true, 1.5],
      ['fp8-2', 'bf16-2', true, 1],
    ]);
    expect(gaps[0]!.points.map(({ y }) => y)).toEqual([0, 0, 0, 1.5]);
  });

  it('without a bf16 is to the first run, and says where the batches were others', () => {
    const gaps = gapsOf(runs(['fp8', 1, [1, 1]], ['mxfp8', 1, [2, 2]], ['fp8-block', 7, [4, 4]]));
    expect(gaps.map(({ run, reference, paired }) => [run, reference, paired])).toEqual([
      ['mxfp8-1', 'fp8-1', true],
      ['fp8-block-7', 'fp8-1', false],
    ]);
  });

  it('of runs of unequal length is over steps that all of them have', () => {
    const long = (loss: number) => Array.from({ length: 40 }, () => loss);
    const gaps = gapsOf(
      runs(
        ['bf16', 1, long(1)],
        ['fp8', 1, [...long(2).slice(0, 20), ...long(9)]],
        ['mxfp8', 1, [4, 4, 4, 5]],
      ),
    );
    expect(gaps.map(({ run, last, over, until }) => [run, last, over, until])).toEqual([
      ['fp8-1', 1, 1, 4],
      ['mxfp8-1', 4, 1, 4],
    ]);
    expect(gaps[0]!.points.length).toBe(40);
    expect(gapChart(gaps)).toMatchObject({
      title: { text: 'Mean gap to bf16-1 over the 1 step up to step 4: fp8-1 +1.0000, mxfp8-1 +4.0000' },
    });
  });

  it('covers the steps that both have, and breaks with a loss that is not finite', () => {
    const [gap] = gapsOf(runs(['bf16', 1, [1, 1, 1, 1]], ['fp8', 1, [1, null]]));
    expect(gap!.points).toEqual([
      { x: 1, y: 0 },
      { x: 2, y: null },
    ]);
    expect(gap!.last).toBeNull();
  });
});

describe('findings', () => {
  const texts = (run: Partial<ReportRun>): string[] =>
    findingsOf({ ...empty, ...run }).map(({ text }) => text);

  it('a quiet run: what was looked for and not found', () => {
    const all = findingsOf({
      ...empty,
      steps: stepsOf(Array.from({ length: 60 }, (_, i) => 3 - i / 100 + (i % 5) / 50)),
      tensors: [
        tensor({ overflows: 0, underflows: 0.0004, layer: 1 }),
        tensor({ abs_cosine_max: 0.4, abs_cosine_mean: 0.1, abs_cosine_above: 0 }),
      ],
      evaluations: [{ step: 60, loss: 2.5 }],
      baseline: 2.75,
    });
    expect(all.map(({ kind }) => kind)).toEqual(['good', 'good', 'good', 'good']);
    expect(all.map(({ text }) => text)).toEqual([
      'On held-out text the loss is 2.5 at step 60, 0.25 below an order-2 byte model’s',
      'No element was clipped in any sampled step',
      'Never more than 0.04 % flushed to zero in a sampled step (SwiGLU’s output (down’s input) of layer 1, step 1)',
      'No channel’s gate and up vectors are aligned above 0.9 at step 1; the largest |cos| is 0.4, in layer 0',
    ]);
  });

  it('names the tensor, the share and the step', () => {
    const tensors = [
      tensor({ layer: 2, step: 72, overflows: 0.004 }),
      tensor({ layer: 2, step: 73, overflows: 0.001 }),
      tensor({ layer: 0, site: 'qkv', operand: 'grad', step: 5, overflows: 0.002 }),
      tensor({ layer: 0, step: 73, underflows: 0.99 }),
    ];
    expect(texts({ tensors })).toEqual([
      'SwiGLU’s output (down’s input) of layer 2: 0.4 % clipped at step 72',
      'Gradient of q, k, v in layer 0: 0.2 % clipped at step 5',
      'SwiGLU’s output (down’s input) of layer 0: 99 % flushed to zero at step 73',
    ]);
  });

  it('a spike of the loss, and losses that are not finite, come first', () => {
    const losses: (number | null)[] = Array.from({ length: 80 }, (_, i) => 2 + (i % 3) / 100);
    losses[49] = 3.5;
    losses[79] = null;
    const all = findingsOf({ ...empty, steps: stepsOf(losses), tensors: [tensor({ overflows: 0.5 })] });
    expect(all.map(({ kind }) => kind)).toEqual(['bad', 'bad', 'look']);
    expect(all[0]!.text).toBe('The loss is not finite in 1 step, first at step 80');
    expect(all[1]!.text).toBe('The loss jumped from about 2.01 to 3.5 at step 50');
  });

  it('growth, tails, alignment and alarms', () => {
    const tensors = [
      tensor({ step: 1, amax: 10 }),
      tensor({ step: 9, amax: 1000, kurtosis: 500 }),
      tensor({ step: 9, layer: 3, abs_cosine_max: 0.97, abs_cosine_mean: 0.5, abs_cosine_above: 4 }),
    ];
    const alarm = {
      step: 7,
      layer: 0,
      site: 'down',
      operand: 'input',
      rule: 'kurtosis',
      recipe: 'fp8-smooth',
      switched: true,
    };
    expect(texts({ tensors, alarms: [alarm, { ...alarm, switched: false }] })).toEqual([
      'The guard spoke 2 times, first at step 7: kurtosis of SwiGLU’s output (down’s input) of layer 0; Smooth-SwiGLU was turned on 1 time',
      'The largest value of SwiGLU’s output (down’s input) of layer 0 grew 100 times, from 10 to 1,000 at step 9',
      'Kurtosis of SwiGLU’s output (down’s input) of layer 0: 500 at step 9 (a normal distribution has 3)',
      '4 channels with gate and up aligned above 0.9 at step 9; the largest |cos| is 0.97, in layer 3',
    ]);
  });

  it('a cast to bfloat16 takes nothing worth a word', () => {
    expect(texts({ tensors: [tensor({ format: 'bf16', overflows: 0, underflows: 0 })] })).toEqual([]);
    expect(texts({})).toEqual([]);
  });
});

describe('gate and up', () => {
  it('cosines by channel, of gate rows followed by up rows', () => {
    // Two channels of three entries: at a right angle, and opposite.
    const gateUp = Float32Array.of(1, 0, 0, 1, 2, 3, 0, 1, 0, -2, -4, -6);
    const cosines = cosinesOf(gateUp, 3);
    expect(cosines[0]).toBe(0);
    expect(cosines[1]).toBeCloseTo(-1, 12);
    expect(mostAligned(cosines)).toBe(1);
    expect(channelOf(gateUp, 3, 1)).toEqual({
      gate: Float32Array.of(1, 2, 3),
      up: Float32Array.of(-2, -4, -6),
    });
    expect(cosinesOf(new Float32Array(12), 3)).toEqual(new Float64Array(2));
  });

  it('its picture says which way', () => {
    const [gate, up] = [Float32Array.of(1, 2), Float32Array.of(-1, -2)];
    const moment = { step: 5, layer: 0, channel: 3, cosine: -1, gate, up };
    expect(gateUpChart([moment])).toMatchObject({
      title: { text: 'The most aligned channel is aligned (opposite ways): cos(gate, up) = −1' },
    });
  });
});

describe('runs of unequal length', () => {
  const falling = (name: string, steps: number, tokensPerStep: number, from = 5): ReportRun => ({
    ...empty,
    name,
    tokensPerStep,
    steps: stepsOf(Array.from({ length: steps }, (_, i) => from - (i * tokensPerStep) / 1e5)),
  });
  const textOf = (runs: readonly ReportRun[]): string => (lossChart(runs) as { title: string }).title;

  it('are held against each other at equal tokens', () => {
    const [long, short] = [falling('long', 200, 1000), falling('short', 100, 1000, 5.1)];
    expect(commonTokens([long, short])).toEqual({ tokens: 100_000, run: 'short' });
    expect(lossAt(long, 100_000)).toEqual(finalLoss(long.steps.slice(0, 100)));
    expect(textOf([long, short])).toBe(
      'After 100,000 tokens, where short ends, the losses lie between 4.03 (long) and 4.13 (short)',
    );
    expect(commonTokens([short, { ...short, name: 'other' }])).toBeNull();
    expect(textOf([short, { ...short, name: 'other' }])).toMatch(/^At the end the losses/);
  });

  it('share an axis of tokens where their steps are not of one size', () => {
    const titles = (runs: readonly ReportRun[]): string[] => [
      ...new Set(
        [...JSON.stringify(lossChart(runs)).matchAll(/"title":"(step|tokens)"/g)].map(([, unit]) => unit!),
      ),
    ];
    expect(titles([falling('a', 40, 1000), falling('b', 60, 1000)])).toEqual(['step']);
    expect(titles([falling('a', 40, 1000), falling('b', 20, 2000)])).toEqual(['tokens']);
  });
});

it('the end of a run is a mean of its last steps', () => {
  expect(finalLoss(stepsOf(Array.from({ length: 200 }, (_, i) => i)))).toEqual({ loss: 194.5, over: 10 });
  expect(finalLoss([])).toBeNull();
  expect(finalLoss(stepsOf([null, 2, 4]))).toEqual({ loss: 3, over: 2 });
});

it('the loss’s axis leaves out the first steps only where that makes room', () => {
  const axisTop = (losses: number[]): unknown =>
    (/"domainMax":([\d.]+)/.exec(JSON.stringify(lossChart([{ ...empty, steps: stepsOf(losses) }]))) ?? [])[1];
  const flat = Array.from({ length: 100 }, (_, i) => 3 - i / 100);
  expect(axisTop(flat)).toBeUndefined();
  expect(Number(axisTop([9, 8, ...flat]))).toBeLessThan(4);
});

it('numbers as words', () => {
  expect([1234.5, 12, 0.12345, -0.5, 1e-5, 0, 2e7].map(figure)).toEqual([
    '1,235',
    '12',
    '0.123',
    '−0.5',
    '1.0e−5',
    '0',
    '2.0e7',
  ]);
  expect(percent(0.004)).toBe('0.4 %');
});

it('charts need neither files nor the libraries that draw: they import one another alone', () => {
  const folder = new URL('../src/charts/', import.meta.url);
  for (const file of readdirSync(folder))
    for (const [statement, from] of readFileSync(new URL(file, folder), 'utf8').matchAll(
      /^(?:import|export) (?:[^;]*?) from '([^']+)';/gm,
    ))
      if (!statement.startsWith('import type')) expect(from, file).toMatch(/^\.\/[\w-]+\.ts$/);
});
