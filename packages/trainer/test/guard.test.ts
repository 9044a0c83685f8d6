import { E4M3FN, E5M2, OctavoError } from '@octavo/formats';
import { createReferenceDevice } from '@octavo/kernels';
import { type CastRecipe, recipeOf, type Site, smoothingOf, smoothLayer } from '@octavo/nn';
import { delayed } from '@octavo/scaling';
import { describe, expect, it } from 'vitest';
import { checkGuard } from '../src/guard/state.ts';
import {
  adviceOf,
  createTraining,
  describeAlarm,
  type GuardAlarm,
  type GuardState,
  guardLimits,
  guardPlan,
  guardRules,
  initGuard,
  judge,
  type Observation,
  type RuleName,
  type Training,
  trainStep,
} from '../src/index.ts';
import { circleSource, tinyPlan } from './support.ts';

const cast = (changes: Partial<CastRecipe> = {}): CastRecipe => ({
  format: 'e4m3fn',
  policy: delayed({ history: 16 }),
  granularity: { kind: 'tensor' },
  rounding: 'nearest-even',
  overflow: 'saturate',
  ...changes,
});
const calm: Observation = {
  layer: 1,
  site: 'down',
  operand: 'input',
  cast: cast(),
  format: E4M3FN,
  smoothing: 'none',
  amax: 1,
  expected: 1,
  observed: 100,
  statistics: { overflows: 0.001, underflows: 0.1, kurtosis: 300, width: 320 },
  alignment: { channel: 7, cosine: 0.6 },
};
const statistics = { overflows: 0, underflows: 0, kurtosis: 3, width: 320 };
const special = { overflow: 'special', policy: delayed({ history: 16, margin: 2 }) } as const;
const grad = { operand: 'grad', site: 'gateUp', format: E5M2 } as const;

const atOne = { expected: 0, statistics: { ...statistics, underflows: 1 } };

/** Rules that speak of an observation, and what they measured. */
const spoken = (changes: Partial<Observation>): Record<string, number> =>
  Object.fromEntries(
    guardRules.flatMap((rule) => {
      const finding = rule.measure({ ...calm, ...changes }, guardLimits);
      return finding && finding.value > finding.limit ? [[rule.name, finding.value]] : [];
    }),
  );

describe('the rules', () => {
  it.each<[what: string, changes: Partial<Observation>, expected: Partial<Record<RuleName, number>>]>([
    ['nothing of a calm tensor', {}, {}],
    ['a maximum five times the history’s', { amax: 5 }, { overshoot: 5 }],
    ['not while maxima still grow', { amax: 5, observed: 15 }, {}],
    ['not where the scale comes from the tensor itself', { amax: 5, expected: null }, {}],
    ['gradients may jump', { ...grad, amax: 60 }, {}],
    ['but not by any factor', { ...grad, amax: 65 }, { overshoot: 65 }],
    // Margin 2 holds a factor of 4 before it is lost, so half of that is said.
    ['a cast that does not saturate, one bit before', { cast: cast(special), amax: 2.5 }, { overshoot: 2.5 }],
    // log2(448 / 2^-9) = 17.81 powers of two in E4M3, log2(57344 / 2^-16) = 31.81 in E5M2; 14 have to be left.
    ['a scale 2^4 too small', { amax: 2 ** -4 }, { range: 4 }],
    ['a scale 2^3.5 too small leaves enough', { amax: 2 ** -3.5 }, {}],
    ['E5M2 with half of its reach lost', { ...grad, amax: 2 ** -18 }, { range: 18 }],
    ['E5M2 reaches further', { ...grad, amax: 2 ** -17 }, {}],
    ['a tensor of zeros', { amax: 0, statistics: { ...statistics, kurtosis: null } }, {}],
    ['many clipped', { statistics: { ...statistics, overflows: 0.02 } }, { overflow: 0.02 }],
    ['nothing of a cast at scale 1 before anything was seen', { ...atOne, observed: 0 }, {}],
    ['most flushed to zero', { statistics: { ...statistics, underflows: 0.6 } }, { underflow: 0.6 }],
    ['a kurtosis of ten widths', { statistics: { ...statistics, kurtosis: 3200 } }, { kurtosis: 10 }],
    ['not with Smooth-SwiGLU', { smoothing: 'channel', statistics: { ...statistics, kurtosis: 3200 } }, {}],
    [
      'nor with a scale a block',
      { cast: cast({ granularity: { kind: 'mx', axis: 'row' } }), alignment: { channel: 7, cosine: 0.99 } },
      {},
    ],
    [
      'of other inputs all the same',
      { site: 'qkv', statistics: { ...statistics, kurtosis: 3200 } },
      { kurtosis: 10 },
    ],
    ['aligned vectors', { alignment: { channel: 7, cosine: 0.97 } }, { alignment: 0.97 }],
    ['not with Smooth-SwiGLU', { smoothing: 'token', alignment: { channel: 7, cosine: 0.97 } }, {}],
  ])('%s', (_, changes, expected) => {
    const found = spoken(changes);
    expect(Object.keys(found)).toEqual(Object.keys(expected));
    for (const [rule, value] of Object.entries(expected)) expect(found[rule]).toBeCloseTo(value, 10);
  });
});

describe('the state of the guard', () => {
  const spike = { ...calm, amax: 5 };

  it('speaks once of a tensor, again after a while, and of another at once', () => {
    const steps = (from: GuardState, step: number, seen = [spike]) =>
      judge(from, step, seen, { ...guardLimits, repeatAfter: 10 });
    let { state, alarms, nearness } = steps(initGuard(), 20);
    expect(nearness.overshoot).toBe(5 / 4);
    expect(nearness.alignment).toBeCloseTo(0.6 / 0.95, 10);
    expect(alarms).toMatchObject([{ step: 20, rule: 'overshoot', layer: 1, value: 5, limit: 4 }]);
    ({ state, alarms, nearness } = steps(state, 29));
    expect(alarms).toEqual([]);
    expect(steps(state, 29, [{ ...spike, layer: 2 }]).alarms).toHaveLength(1);
    ({ state, alarms, nearness } = steps(state, 30));
    expect(alarms).toHaveLength(1);
    expect(checkGuard(JSON.parse(JSON.stringify(state)), 'x')).toEqual(state);
    expect(state.pending.map(({ layer, step }) => [layer, step])).toEqual([[1, 20]]);
  });

  it('a damaged one is refused', () => {
    for (const value of [null, {}, { told: { a: 'b' }, pending: [] }, { told: {}, pending: [1] }])
      expect(() => checkGuard(value, 'here')).toThrow(OctavoError);
  });

  it('says which tensor, what was seen, and what would hold', () => {
    const of = (seen: Observation): GuardAlarm => judge(initGuard(), 24, [seen], guardLimits).alarms[0]!;
    const words = (alarm: GuardAlarm) => `${describeAlarm(alarm)}; ${adviceOf(alarm)}`;
    expect(words(of(spike))).toBe(
      "layer 1, down, input (SwiGLU's output): maximum 5 times what its scale was made for (limit 4); what holds: Smooth-SwiGLU for layer 1, or recipe fp8-smooth",
    );
    expect(words({ ...of(spike), switched: true })).toMatch(
      /Smooth-SwiGLU is on for layer 1 from this step on$/,
    );
    expect(words(of({ ...spike, site: 'qkv' }))).toMatch(
      /^layer 1, qkv, input: .*what holds: recipe fp8-block$/,
    );
    expect(words(of({ ...calm, alignment: { channel: 7, cosine: 0.97 } }))).toMatch(
      /gate and up of channel 7 are aligned, \|cos\| 0\.970 \(limit 0\.95\)/,
    );
  });
});

/** The cast of SwiGLU's output of layer 1. */
const swigluSite = ({ model }: Training): Site => model.blocks[1]!.down.sites.output.input;

/** A run whose history of that cast is far below what comes: a spike, as far as the cast can tell. */
function spiked(policy: 'off' | 'warn' | 'stop' | 'switch', recipe = recipeOf('fp8')) {
  const plan = tinyPlan('fp8', { recipe, sampleEvery: 0, guard: guardPlan(policy) });
  const training = createTraining(createReferenceDevice(), plan);
  const site = swigluSite(training);
  if (smoothingOf(recipe, 1) === 'none')
    site.state = { observed: 16, history: Array(16).fill(1e-4), amax: [1e-4], nonFinite: 0 };
  return { training, site, batch: circleSource(plan).next() };
}

describe('a guarded step', () => {
  it('off: says nothing', async () => {
    const { training, batch } = spiked('off');
    expect((await trainStep(training, [batch])).alarms).toEqual([]);
    expect(training.guard).toEqual(initGuard());
  });

  it('warn: names layer and tensor, and changes nothing', async () => {
    const { training, batch } = spiked('warn');
    const { alarms, loss } = await trainStep(training, [batch]);
    expect(alarms).toHaveLength(1);
    expect(alarms[0]).toMatchObject({
      ...{ step: 1, rule: 'overshoot', layer: 1, site: 'down', operand: 'input' },
      ...{ recipe: 'fp8-smooth', smooths: true, switched: false },
    });
    const off = spiked('off');
    expect(loss).toBe((await trainStep(off.training, [off.batch])).loss);
    expect(training.model.precision.recipe).toBe(training.plan.recipe);
  });

  it('switch: the step of the alarm is already that of a run born with the layer smoothed', async () => {
    const { training, batch, site } = spiked('switch');
    const { alarms, ...result } = await trainStep(training, [batch]);
    expect(alarms.map(({ layer, switched }) => [layer, switched])).toEqual([[1, true]]);
    const born = spiked('off', smoothLayer(recipeOf('fp8'), 1));
    const expected = await trainStep(born.training, [born.batch]);
    expect(result.loss).toBe(expected.loss);
    expect(result.gradientNorm).toBe(expected.gradientNorm);
    expect(site.state).toEqual(swigluSite(born.training).state);
    const next = circleSource(training.plan).next();
    expect((await trainStep(training, [next])).loss).toBe((await trainStep(born.training, [next])).loss);
    expect(training.guard.pending).toEqual([]);
    expect(training.plan.recipe).toEqual(recipeOf('fp8'));
  });

  it('switch: saves a cast that does not saturate before its NaN has moved anything', async () => {
    const special = JSON.parse(
      JSON.stringify(recipeOf('fp8')).replaceAll('"saturate"', '"special"'),
    ) as ReturnType<typeof recipeOf>;
    const lost = spiked('warn', special);
    await expect(trainStep(lost.training, [lost.batch])).rejects.toThrow(
      /first non-finite in layer 1, down, input \(overflows in its cast to e4m3fn\)/,
    );
    const { training, batch } = spiked('switch', special);
    expect(Number.isFinite((await trainStep(training, [batch])).loss)).toBe(true);
  });

  it('frees what the step that is computed twice allocates', async () => {
    const { training, batch } = spiked('off');
    await trainStep(training, [batch]);
    const { live } = training.device.memory();
    const other = spiked('switch');
    await trainStep(other.training, [other.batch]);
    expect(other.training.device.memory().live).toBe(live);
  });

  it('sees aligned vectors on a sampled step', async () => {
    const plan = tinyPlan('fp8', { sampleEvery: 1, guard: guardPlan('warn') });
    const training = createTraining(createReferenceDevice(), plan);
    const { value } = training.model.blocks[0]!.gateUp.weight;
    const values = await training.device.read(value);
    const { hiddenSize, ffnSize } = plan.model;
    const [gate, up] = [5, ffnSize + 5].map((row) => row * hiddenSize);
    for (let i = 0; i < hiddenSize; i++) values[up! + i] = -2 * values[gate! + i]!;
    training.device.write(value, values);
    const { alarms } = await trainStep(training, [circleSource(plan).next()]);
    expect(alarms).toMatchObject([
      { rule: 'alignment', layer: 0, site: 'down', channel: 5, switched: false },
    ]);
    expect(alarms[0]!.value).toBeCloseTo(1, 5);
  });
});
