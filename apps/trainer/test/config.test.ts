import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { OctavoError } from '@octavo/formats';
import { planOf } from '@octavo/trainer';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { loadConfigFile } from '../src/config/load-file.ts';
import { resolveSettings } from '../src/config/settings.ts';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'octavo-config-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function write(name: string, content: string): string {
  const path = join(folder, name);
  writeFileSync(path, content);
  return path;
}

let files = 0;
const json = (value: unknown): string => write(`config-${files++}.json`, JSON.stringify(value));

/** The one line of the error that loading and resolving gives. */
async function failure(config: unknown): Promise<string> {
  try {
    await resolveSettings(await loadConfigFile(json(config)));
  } catch (error) {
    if (!OctavoError.is(error)) throw error;
    expect(error.exitCode).toBe(2);
    expect(error.message).not.toContain('\n');
    return error.message;
  }
  throw new Error('nothing was refused');
}

const shape = {
  vocabularySize: 256,
  hiddenSize: 32,
  layers: 2,
  heads: 4,
  keyValueHeads: 2,
  ffnSize: 64,
  contextLength: 32,
};
const block = { kind: 'block', rows: 1, columns: 128 };

describe('a wrong configuration is refused with the key at fault named', () => {
  test.each<[what: string, config: unknown, key: RegExp, expected: RegExp]>([
    ['an unknown key', { lerningRate: 1e-3 }, /unknown key "lerningRate"/, /did you mean "learningRate"/],
    [
      'an unknown key that resembles none',
      { zzz: 1 },
      /unknown key "zzz"/,
      /expected one of model, recipe, init, data/,
    ],
    ['a key of before', { watch: 'stop' }, /unknown key "watch"/, /renamed to "guard"/],
    [
      'one of data',
      { data: { train: 'a.txt', validation: 0.1 } },
      /unknown key "validation"/,
      /renamed to "heldOut"/,
    ],
    ['another', { decay: 0.1 }, /unknown key "decay"/, /renamed to "weightDecay"/],
    ['a string for a number', { batch: '16' }, /key "batch": got "16"/, /an integer of at least 1/],
    ['zero sequences', { batch: 0 }, /key "batch": got 0/, /at least 1/],
    ['half a step', { steps: 1.5 }, /key "steps": got 1.5/, /an integer/],
    ['a negative learning rate', { learningRate: -1 }, /key "learningRate": got -1/, /above 0/],
    ['a beta of 1', { beta2: 1 }, /key "beta2": got 1/, /below 1/],
    [
      'an unknown schedule',
      { schedule: 'cosin' },
      /key "schedule": got "cosin"/,
      /one of cosine, linear, constant \(did you mean "cosine"\?\)/,
    ],
    [
      'an unknown policy for non-finite values',
      { nonFinite: 'ignore' },
      /key "nonFinite"/,
      /stop, skip-step, continue/,
    ],
    ['an unknown device', { device: 'gpuu' }, /key "device": got "gpuu"/, /did you mean "gpu"/],
    ['an unknown recipe', { recipe: 'fp8-ful' }, /key "recipe": got "fp8-ful"/, /did you mean "fp8-full"/],
    [
      'a recipe that extends an unknown one',
      { recipe: { extends: 'fp9' } },
      /key "recipe.extends": got "fp9"/,
      /fp8-full/,
    ],
    [
      'an unknown part of a recipe',
      { recipe: { extends: 'fp8', smoothSwiGLU: 'token' } },
      /key "recipe": unknown key "smoothSwiGLU"/,
      /did you mean "smoothSwiglu"/,
    ],
    [
      'an unknown format in a recipe',
      { recipe: { extends: 'fp8', linear: { output: { input: { format: 'e4m3x' } } } } },
      /key "recipe.linear.output.input.format": got "e4m3x"/,
      /e4m3fn/,
    ],
    [
      'an unknown operand of a product',
      { recipe: { extends: 'fp8', linear: { output: { grad: null } } } },
      /key "recipe.linear.output": unknown key "grad"/,
      /expected one of input, weight/,
    ],
    [
      'an unknown kind of policy',
      { recipe: { extends: 'fp8', linear: { output: { input: { policy: { kind: 'lazy' } } } } } },
      /key "recipe.linear.output.input.policy(.kind)?"/,
      /delayed, current, fixed/,
    ],
    [
      'delayed scaling by blocks',
      { recipe: { extends: 'fp8', linear: { output: { input: { granularity: block } } } } },
      /key "recipe.linear.output.input.granularity": got block with policy delayed/,
      /tensor \(or policy current\)/,
    ],
    [
      'a cast that lacks half of itself',
      { recipe: { extends: 'bf16', linear: { output: { input: { format: 'e4m3fn' } } } } },
      /recipe.linear.output.input.policy/,
      /policy/,
    ],
    [
      'moments in a format without sign',
      { recipe: { extends: 'fp8', optimizer: { moment1: 'e8m0' } } },
      /optimizer.moment1/,
      /signed/,
    ],
    ['a model of that name', { model: 'nanno' }, /unknown model: got "nanno"/, /did you mean "nano"/],
    ['a model file that is missing', { model: './missing.json' }, /model: got ".*missing.json"/, /exists/],
    [
      'a shape without layers',
      { model: { ...shape, layers: undefined } },
      /key "model.layers": got nothing/,
      /an integer/,
    ],
    [
      'a shape with a mistyped key',
      { model: { ...shape, layer: 2 } },
      /key "model": unknown key "layer"/,
      /did you mean "layers"/,
    ],
    ['heads that do not divide the width', { model: { ...shape, heads: 5 } }, /hiddenSize 32/, /5 heads/],
    ['heads that do not group', { model: { ...shape, keyValueHeads: 3 } }, /keyValueHeads 3/, /multiple/],
    [
      'an odd head',
      { model: { ...shape, hiddenSize: 12, keyValueHeads: 4 } },
      /hiddenSize \/ heads is 3/,
      /even/,
    ],
    [
      'a sequence beyond the context',
      { model: shape, sequence: 64 },
      /key "sequence": got 64/,
      /contextLength, 32/,
    ],
    ['more warm-up than steps', { steps: 10, warmup: 20 }, /key "warmup": got 20/, /at most steps, 10/],
    [
      'data without text',
      { data: { tokenizer: 'byte' } },
      /key "data.train": got nothing/,
      /a path or a list of paths/,
    ],
    ['an empty list of texts', { data: { train: [] } }, /key "data.train": got \[\]/, /at least one path/],
    [
      'more than half held out',
      { data: { train: 'a.txt', heldOut: 0.9 } },
      /key "data.heldOut": got 0.9/,
      /0 to 0.5/,
    ],
    ['a list', [1, 2], /the whole configuration: got \[1,2\]/, /an object/],
  ])('%s', async (_, config, key, expected) => {
    const message = await failure(config);
    expect(message).toMatch(key);
    expect(message).toMatch(expected);
  });

  test('a missing file, an unknown kind of file, files that do not parse, a file that throws', async () => {
    await expect(loadConfigFile(join(folder, 'nothing.yaml'))).rejects.toThrow(
      /no such file: got ".*nothing.yaml"/,
    );
    await expect(loadConfigFile(folder)).rejects.toThrow(/no such file/);
    await expect(loadConfigFile(write('config.ini', 'a = 1'))).rejects.toThrow(/"\.ini"/);
    await expect(loadConfigFile(write('bad.json', '{"batch": '))).rejects.toThrow(
      /bad\.json cannot be read: [^\n]+$/,
    );
    await expect(loadConfigFile(write('bad.yaml', 'a: [1'))).rejects.toThrow(
      /bad\.yaml cannot be read: [^\n]+$/,
    );
    await expect(loadConfigFile(write('bad.toml', 'a = '))).rejects.toThrow(
      /bad\.toml cannot be read: [^\n]+$/,
    );
    await expect(loadConfigFile(write('bad.ts', 'throw new Error("by itself")'))).rejects.toThrow(
      /bad\.ts cannot be read: by itself$/,
    );
    for (const name of ['null.yaml', 'null.json'])
      await expect(loadConfigFile(write(name, 'null\n'))).rejects.toThrow(
        'the whole configuration: got null',
      );
    await expect(loadConfigFile(write('empty.yaml', ''))).rejects.toThrow(/empty\.yaml/);
  });
});

describe('one configuration, four notations', () => {
  test.each([
    [
      'a.ts',
      'const batch: number = 4;\nexport default { model: "nano", batch, data: { train: "text" }, recipe: { extends: "fp8", linear: { output: { input: null } } } };',
    ],
    [
      'b.json',
      '{"model":"nano","batch":4,"data":{"train":"text"},"recipe":{"extends":"fp8","linear":{"output":{"input":null}}}}',
    ],
    [
      'c.yaml',
      'model: nano\nbatch: 4\ndata:\n  train: text\nrecipe:\n  extends: fp8\n  linear:\n    output:\n      input: null\n',
    ],
  ])('%s', async (name, content) => {
    const config = await loadConfigFile(write(name, content));
    expect(config).toEqual({
      model: 'nano',
      batch: 4,
      data: { train: [join(folder, 'text')] },
      recipe: { extends: 'fp8', linear: { output: { input: null } } },
    });
  });

  test('d.toml, which has no null', async () => {
    const config = await loadConfigFile(
      write('d.toml', 'model = "nano"\nbatch = 4\n[data]\ntrain = ["text"]\n[recipe]\nextends = "fp8"\n'),
    );
    expect(config).toEqual({
      model: 'nano',
      batch: 4,
      data: { train: [join(folder, 'text')] },
      recipe: { extends: 'fp8' },
    });
  });
});

describe('what wins', () => {
  test('options over the file, the file over the preset', async () => {
    const file = await loadConfigFile(
      json({ steps: 70, batch: 3, data: { train: 'a', tokenizer: 'llama2' } }),
    );
    const settings = await resolveSettings(file, { steps: 90, seed: undefined, data: { train: ['b'] } });
    expect(settings.hyperparameters).toMatchObject({ steps: 90, batch: 3, seed: 1, schedule: 'cosine' });
    expect(settings.data).toMatchObject({
      train: [join(process.cwd(), 'b')],
      tokenizer: 'llama2',
      textField: 'text',
    });
    expect(settings).toMatchObject({
      model: { name: 'nano' },
      recipe: { name: 'fp8-full' },
      threads: null,
      out: null,
    });
  });

  test('the preset follows the model that won', async () => {
    const settings = await resolveSettings({ model: 'nano' }, { model: 'stories15m' });
    expect(settings.hyperparameters.sequence).toBe(256);
    expect(settings.data.tokenizer).toBe('llama2');
  });

  test('a null in the file’s recipe reaches the plan: that operand stays as it is', async () => {
    const recipe = {
      extends: 'fp8',
      name: 'mine',
      linear: { output: { input: null } },
      optimizer: { moment1: 'e4m3fn', masterRounding: 'stochastic', moment2Rule: 'plain' },
    };
    const { recipe: resolved } = planOf(await resolveSettings(await loadConfigFile(json({ recipe }))));
    expect(resolved.name).toBe('mine');
    expect(resolved.linear.output.input).toBeNull();
    expect(resolved.linear.output.weight).toMatchObject({ format: 'e4m3fn', policy: { kind: 'delayed' } });
    expect(resolved.optimizer).toMatchObject({
      ...{ moment1: 'e4m3fn', moment2: 'fp32' },
      ...{ masterRounding: 'stochastic', rounding: 'nearest-even', moment2Rule: 'plain' },
    });
  });

  test('a policy of the same kind changes what it says; one of another kind has its own defaults', async () => {
    const linear = {
      output: { input: { policy: { kind: 'delayed', margin: 1 } }, weight: { policy: { kind: 'current' } } },
    };
    const { recipe } = await resolveSettings(
      await loadConfigFile(json({ recipe: { extends: 'fp8', linear } })),
    );
    expect(recipe.name).toBe('fp8-custom');
    expect(recipe.linear.output.input?.policy).toMatchObject({ kind: 'delayed', history: 16, margin: 1 });
    expect(recipe.linear.output.weight?.policy).toEqual({ kind: 'current', margin: 0, powerOfTwo: false });
  });

  test('a shape in a file of its own, and a sequence that fits it', async () => {
    const model = write('tiny.json', JSON.stringify(shape));
    const settings = await resolveSettings({ model, steps: 20 });
    expect(settings.model).toEqual({
      name: 'tiny',
      config: { ...shape, ropeTheta: 10_000, normEpsilon: 1e-5, tiedHead: false },
    });
    expect(settings.hyperparameters).toMatchObject({ sequence: 32, steps: 20, warmup: 2 });
  });
});
