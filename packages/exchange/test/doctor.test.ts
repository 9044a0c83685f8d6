/** @file Each thing that loaders trip over, planted in a folder: found by name, mended where that loses nothing. */
import { cpSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  encodeSafetensors,
  readSafetensors,
  type SafetensorsRecord,
  type SafetensorsTensor,
  writeSafetensors,
} from '@octavo/store';
import { beforeAll, describe, expect, test } from 'vitest';
import {
  type Dialect,
  examine,
  type FindingKind,
  fixFolder,
  openModel,
  quantizedWeights,
  type SchemeName,
  schemes,
  valuesOf,
  writeHuggingFace,
} from '../src/index.ts';
import { small, temporaryFolder, writeModel } from './support.ts';

const folder = temporaryFolder();
const at = (...path: string[]): string => join(folder, ...path);
const UP = 'model.layers.0.mlp.up_proj';
const MATRICES = [0, 1].flatMap((layer) => [
  ...['q', 'k', 'v', 'o'].map((part) => `model.layers.${layer}.self_attn.${part}_proj`),
  ...['gate', 'up', 'down'].map((part) => `model.layers.${layer}.mlp.${part}_proj`),
]);
const WEIGHTS = 'model.safetensors';
type Json = Record<string, unknown>;

async function make(
  to: string,
  scheme: SchemeName,
  dialect: Dialect,
  shardBytes = 1e9,
  isStatic = false,
  from = 'plain',
): Promise<void> {
  const options = { dtype: null, shardBytes, overwrite: false, tokenizer: null };
  const source = await openModel(at(from));
  const names = [0, 1].flatMap((i) =>
    ['qkv', 'attentionOut', 'gateUp', 'down'].map((name) => `layers.${i}.${name}`),
  );
  const maxima = isStatic ? new Map(names.map((name) => [name, numbers(3)])) : null;
  await writeHuggingFace(
    to,
    source,
    options,
    quantizedWeights(source, schemes[scheme], { dialect, dtype: null, maxima }),
  );
  await source.close();
}

beforeAll(async () => {
  await writeModel(at('plain'), small);
  await make(at('channel'), 'fp8-channel', 'compressed-tensors');
  await make(at('block'), 'fp8-block', 'fp8');
  await make(at('shards'), 'fp8-channel', 'compressed-tensors', 4000);
  await make(at('tensor'), 'fp8', 'compressed-tensors');
  await make(at('static'), 'fp8', 'compressed-tensors', 1e9, true);
  await writeModel(at('wide plain'), { ...small, hiddenSize: 192, layers: 1, ffnSize: 130 });
  await make(at('wide'), 'fp8-block', 'fp8', 1e9, false, 'wide plain');
  const { tensors } = await readSafetensors(at('channel', WEIGHTS));
  cpSync(at('channel'), at('constant'), { recursive: true });
  const constant = tensors.map((one) =>
    /weight_scale/.test(one.name) ? { ...one, data: valuesOf(one).fill(2 ** -10) } : one,
  );
  await writeSafetensors(at('constant', WEIGHTS), constant, { format: 'pt' });
  const bf16 = constant.map((one) =>
    /weight_scale/.test(one.name)
      ? { ...one, dtype: 'BF16' as const, data: encodeSafetensors('BF16', valuesOf(one as never)) }
      : one,
  );
  cpSync(at('channel'), at('scales in BF16'), { recursive: true });
  await writeSafetensors(at('scales in BF16', WEIGHTS), bf16, { format: 'pt' });
});

let copies = 0;
/** A copy of a whole folder, changed. */
async function planted(
  base: string,
  change: {
    readonly config?: (json: Json) => Json;
    readonly tensors?: (tensors: readonly SafetensorsTensor[]) => readonly SafetensorsRecord[];
    readonly files?: (path: (name: string) => string) => void;
  },
): Promise<string> {
  const path = at(`copy ${copies++}`);
  cpSync(at(base), path, { recursive: true });
  const own = (name: string): string => join(path, name);
  if (change.config) {
    const json = JSON.parse(readFileSync(own('config.json'), 'utf8'));
    writeFileSync(own('config.json'), JSON.stringify(change.config(json)));
  }
  if (change.tensors) {
    const { tensors, metadata } = await readSafetensors(own(WEIGHTS));
    await writeSafetensors(own(WEIGHTS), change.tensors(tensors), metadata);
  }
  change.files?.(own);
  return path;
}

const altered =
  (name: string, to: (tensor: SafetensorsTensor) => Partial<SafetensorsRecord> | null) =>
  (tensors: readonly SafetensorsTensor[]): SafetensorsRecord[] =>
    tensors.flatMap((one) => {
      const change = one.name === name ? to(one) : {};
      return change === null ? [] : [{ ...one, ...change }];
    });
const numbers = (...values: number[]): Float32Array => Float32Array.from(values);
const quantization = (json: Json, change: Json): Json => ({
  ...json,
  quantization_config: { ...(json.quantization_config as Json), ...change },
});

test.each(['plain', 'channel', 'block', 'shards', 'tensor', 'static', 'wide', 'constant', 'scales in BF16'])(
  '%s: nothing is wrong',
  async (name) => {
    expect(await examine(at(name))).toEqual([]);
  },
);

describe('what is wrong is found, and nothing else', () => {
  const scale = `${UP}.weight_scale`;
  const cases: [string, string, Parameters<typeof planted>[1], FindingKind, string | RegExp][] = [
    [
      'a scale without a home',
      'channel',
      { tensors: altered(`${UP}.weight`, () => null) },
      'scale-without-weight',
      scale,
    ],
    [
      'a scale of a weight that is not quantised',
      'channel',
      {
        tensors: altered(`${UP}.weight`, ({ shape }) => ({
          dtype: 'BF16',
          data: new Uint16Array(shape[0]! * shape[1]!),
        })),
      },
      'scale-without-weight',
      scale,
    ],
    [
      'codes without a scale',
      'channel',
      { tensors: altered(scale, () => null) },
      'weight-without-scale',
      `${UP}.weight`,
    ],
    [
      'zero',
      'channel',
      { tensors: altered(scale, () => ({ data: new Float32Array(37) })) },
      'scale-value',
      scale,
    ],
    [
      'NaN',
      'channel',
      { tensors: altered(scale, () => ({ data: new Float32Array(37).fill(Number.NaN) })) },
      'scale-value',
      scale,
    ],
    [
      'another shape',
      'channel',
      { tensors: altered(scale, () => ({ shape: [5, 1], data: numbers(1, 1, 1, 1, 1) })) },
      'scale-shape',
      scale,
    ],
    [
      'static activations without scales',
      'block',
      { config: (json) => quantization(json, { activation_scheme: 'static' }) },
      'activation-scales',
      'model.layers.0.self_attn.q_proj.input_scale',
    ],
    [
      'scales of activations that are dropped',
      'channel',
      {
        tensors: (all) => [...all, { name: `${UP}.input_scale`, dtype: 'F32', shape: [1], data: numbers(1) }],
      },
      'activation-scales',
      `${UP}.input_scale`,
    ],
    [
      'parameters of the activation that a loader drops',
      'channel',
      { config: (json) => ({ ...json, swiglu_limit: 7 }) },
      'configuration',
      'config.json',
    ],
    [
      'a tied head, quantised',
      'channel',
      {
        config: (json) => ({ ...json, tie_word_embeddings: true }),
        tensors: (all) => [
          ...altered('lm_head.weight', () => ({ dtype: 'F8_E4M3', data: new Uint8Array(67 * 24).fill(56) }))(
            all,
          ),
          {
            name: 'lm_head.weight_scale',
            dtype: 'F32',
            shape: [67, 1],
            data: new Float32Array(67).fill(0.1),
          },
        ],
      },
      'tied-head',
      'lm_head.weight',
    ],
    [
      'a shard that the index does not know',
      'shards',
      {
        files: (own) =>
          cpSync(own('model-00001-of-00005.safetensors'), own('model-00009-of-00005.safetensors')),
      },
      'stray-shard',
      'model-00009-of-00005.safetensors',
    ],
    [
      'a scale of integers',
      'channel',
      { tensors: altered(scale, () => ({ dtype: 'I32', data: new Int32Array(37).fill(1) })) },
      'scale-type',
      scale,
    ],
    [
      'codes of another format',
      'channel',
      { tensors: altered(`${UP}.weight`, () => ({ dtype: 'F8_E4M3FNUZ' })) },
      'weight-type',
      `${UP}.weight`,
    ],
    [
      'a code of NaN',
      'channel',
      { tensors: altered(`${UP}.weight`, ({ data }) => ({ data: data.with(500, 0xff) })) },
      'weight-value',
      `${UP}.weight`,
    ],
    [
      'a scale of activations that is zero',
      'static',
      { tensors: altered(`${UP}.input_scale`, () => ({ data: numbers(0) })) },
      'scale-value',
      `${UP}.input_scale`,
    ],
    [
      'a scale of activations for each channel',
      'static',
      { tensors: altered(`${UP}.input_scale`, () => ({ shape: [24], data: new Float32Array(24).fill(1) })) },
      'scale-shape',
      `${UP}.input_scale`,
    ],
    [
      'another method',
      'channel',
      { config: (json) => quantization(json, { quant_method: 'gptq' }) },
      'no-scheme',
      'quantization_config',
    ],
  ];
  test.each(cases)('%s', async (_, base, change, kind, where) => {
    const found = await examine(await planted(base, change));
    expect(found.map((one) => [one.kind, one.where])).toEqual([[kind, where]]);
    expect(found[0]).toMatchObject({ fix: null });
    for (const text of [found[0]!.what, found[0]!.mend]) expect(text).toMatch(/^[^\n]{5,}$/);
  });
});

describe('what can be mended without loss is, then nothing is wrong, and the values are those of the whole folder', () => {
  const scale = `${UP}.weight_scale`;
  const attention = (part: string, rest = 'weight_scale') => `model.layers.0.self_attn.${part}_proj.${rest}`;
  const inverse = (tensor: SafetensorsTensor) => ({ data: valuesOf(tensor).map((value) => 1 / value) });
  const allScales =
    (to: (tensor: SafetensorsTensor) => Partial<SafetensorsRecord>) =>
    (tensors: readonly SafetensorsTensor[]) =>
      tensors.map((one) => (/weight_scale/.test(one.name) ? { ...one, ...to(one) } : one));
  /** Tensors of one matrix for those of its parts. */
  const fused =
    (whole: string, parts: readonly string[], rest: string, shape: (rows: number) => readonly number[]) =>
    (tensors: readonly SafetensorsTensor[]): SafetensorsRecord[] => {
      const names = parts.map((part) => `${whole.replace(/\w+$/, part)}.${rest}`);
      const own = names.map((name) => tensors.find((one) => one.name === name)!);
      const data = Buffer.concat(own.map((one) => one.data));
      const rows = own.reduce((sum, one) => sum + one.shape[0]!, 0);
      return [
        ...tensors.filter(({ name }) => !names.includes(name)),
        { name: `${whole}.${rest}`, dtype: own[0]!.dtype, shape: shape(rows), data },
      ];
    };
  const QKV = 'model.layers.0.self_attn.qkv_proj';
  const parts = ['q_proj', 'k_proj', 'v_proj'];
  const strategy = (to: string) => (json: Json) => {
    const copy = structuredClone(json) as never as {
      quantization_config: { config_groups: { group_0: { weights: { strategy: string } } } };
    };
    copy.quantization_config.config_groups.group_0.weights.strategy = to;
    return copy as never as Json;
  };
  const ignore = (change: (list: string[]) => string[]) => (json: Json) =>
    quantization(json, { ignore: change((json.quantization_config as { ignore: string[] }).ignore) });

  test.each<[string, string, Parameters<typeof planted>[1], readonly (readonly [FindingKind, string])[]]>([
    [
      '[out] for [out, 1]',
      'channel',
      { tensors: altered(scale, () => ({ shape: [37] })) },
      [['scale-shape', scale]],
    ],
    [
      '[1, out] for [out, 1]',
      'channel',
      { tensors: altered(scale, () => ({ shape: [1, 37] })) },
      [['scale-shape', scale]],
    ],
    ['[] for [1]', 'tensor', { tensors: altered(scale, () => ({ shape: [] })) }, [['scale-shape', scale]]],
    [
      '[1, 1] for [1]',
      'tensor',
      { tensors: altered(scale, () => ({ shape: [1, 1] })) },
      [['scale-shape', scale]],
    ],
    [
      'one number for all rows',
      'constant',
      { tensors: altered(scale, (one) => ({ shape: [1], data: one.data.slice(0, 4) })) },
      [['scale-shape', scale]],
    ],
    [
      'blocks in one row',
      'wide',
      { tensors: altered(`${scale}_inv`, () => ({ shape: [4] })) },
      [['scale-shape', `${scale}_inv`]],
    ],
    [
      'a configuration of tensors for scales of rows',
      'channel',
      { config: strategy('tensor') },
      [['other-scheme', 'quantization_config']],
    ],
    [
      'a configuration of rows for scales of tensors',
      'tensor',
      { config: strategy('channel') },
      [['other-scheme', 'quantization_config']],
    ],
    [
      'no weight_block_size',
      'wide',
      { config: (json) => quantization(json, { weight_block_size: undefined }) },
      [['other-scheme', 'quantization_config']],
    ],
    [
      'weight_scale_inv for weight_scale',
      'channel',
      { tensors: altered(scale, () => ({ name: `${scale}_inv` })) },
      [['scale-name', `${scale}_inv`]],
    ],
    [
      'weight_scale for weight_scale_inv',
      'block',
      { tensors: altered(`${scale}_inv`, () => ({ name: scale })) },
      [['scale-name', scale]],
    ],
    [
      'scale for weight_scale',
      'tensor',
      { tensors: altered(scale, () => ({ name: `${UP}.scale` })) },
      [['scale-name', `${UP}.scale`]],
    ],
    [
      'weight.scale for weight_scale',
      'tensor',
      { tensors: altered(scale, () => ({ name: `${UP}.weight.scale` })) },
      [['scale-name', `${UP}.weight.scale`]],
    ],
    ['scales that divide', 'channel', { tensors: altered(scale, inverse) }, [['scale-inverse', scale]]],
    [
      'all scales divide',
      'tensor',
      { tensors: allScales(inverse) },
      MATRICES.map((module) => ['scale-inverse', `${module}.weight_scale`] as const),
    ],
    [
      'weight_scale_inv that divides, for weight_scale',
      'channel',
      { tensors: altered(scale, (one) => ({ ...inverse(one), name: `${scale}_inv` })) },
      [
        ['scale-name', `${scale}_inv`],
        ['scale-inverse', `${scale}_inv`],
      ],
    ],
    [
      'both, and weight_scale_inv divides',
      'channel',
      {
        tensors: (all) => [
          ...all,
          {
            ...all.find(({ name }) => name === scale)!,
            ...inverse(all.find(({ name }) => name === scale)!),
            name: `${scale}_inv`,
          },
        ],
      },
      [
        ['scale-name', `${scale}_inv`],
        ['scale-inverse', `${scale}_inv`],
      ],
    ],
    [
      'both, and weight_scale divides',
      'channel',
      {
        tensors: (all) => {
          const right = all.find(({ name }) => name === scale)!;
          return [...altered(scale, inverse)(all), { ...right, name: `${scale}_inv` }];
        },
      },
      [
        ['scale-name', scale],
        ['scale-name', `${scale}_inv`],
        ['scale-inverse', scale],
      ],
    ],
    [
      'scales in float64',
      'channel',
      { tensors: altered(scale, (one) => ({ dtype: 'F64', data: Float64Array.from(valuesOf(one)) })) },
      [['scale-type', scale]],
    ],
    [
      'scales as powers of two in a byte',
      'constant',
      { tensors: altered(scale, () => ({ dtype: 'F8_E8M0', data: new Uint8Array(37).fill(127 - 10) })) },
      [['scale-type', scale]],
    ],
    [
      'codes as U8',
      'channel',
      { tensors: altered(`${UP}.weight`, () => ({ dtype: 'U8' })) },
      [['weight-type', `${UP}.weight`]],
    ],
    [
      'one scale for q, k and v',
      'constant',
      {
        tensors: (all) => [
          ...all.filter(({ name }) => !parts.some((part) => name === attention(part[0]!))),
          { name: `${QKV}.weight_scale`, dtype: 'F32', shape: [1], data: numbers(2 ** -10) },
        ],
      },
      [['fused', `${QKV}.weight_scale`]],
    ],
    [
      'three scales for q, k and v',
      'tensor',
      { tensors: fused(QKV, parts, 'weight_scale', () => [3]) },
      [['fused', `${QKV}.weight_scale`]],
    ],
    [
      'rows of scales for q, k and v',
      'channel',
      { tensors: fused(QKV, parts, 'weight_scale', (rows) => [rows, 1]) },
      [['fused', `${QKV}.weight_scale`]],
    ],
    [
      'gate and up in one matrix',
      'channel',
      {
        tensors: (all) => {
          const whole = 'model.layers.1.mlp.gate_up_proj';
          const two = ['gate_proj', 'up_proj'];
          const scales = fused(whole, two, 'weight_scale', (rows) => [rows])(all) as SafetensorsTensor[];
          return fused(whole, two, 'weight', (rows) => [rows, 24])(scales);
        },
      },
      [
        ['fused', 'model.layers.1.mlp.gate_up_proj.weight_scale'],
        ['fused', 'model.layers.1.mlp.gate_up_proj.weight'],
      ],
    ],
    ['a head that ignore lacks', 'channel', { config: ignore(() => []) }, [['left-out', 'ignore']]],
    [
      'a matrix in FP8 that ignore has',
      'channel',
      { config: ignore((list) => [...list, UP]) },
      [['left-out', 'ignore']],
    ],
    [
      'input scales by another name and shape',
      'static',
      { tensors: altered(`${UP}.input_scale`, () => ({ name: `${UP}.act_scale`, shape: [] })) },
      [
        ['scale-name', `${UP}.act_scale`],
        ['scale-shape', `${UP}.act_scale`],
      ],
    ],
    [
      'no config_groups',
      'channel',
      { config: (json) => quantization(json, { config_groups: {} }) },
      [['no-scheme', 'quantization_config']],
    ],
    [
      'no config_groups, static',
      'static',
      { config: (json) => quantization(json, { config_groups: {} }) },
      [['no-scheme', 'quantization_config']],
    ],
    [
      'no quantization_config at all',
      'channel',
      { config: ({ quantization_config: _, ...json }) => json },
      [['no-scheme', 'quantization_config']],
    ],
    [
      'no quantization_config, blocks',
      'wide',
      { config: ({ quantization_config: _, ...json }) => json },
      [['no-scheme', 'quantization_config']],
    ],
  ])('%s', async (name, base, change, expected) => {
    const path = await planted(base, change);
    let found = await examine(path);
    const sorted = (list: readonly (readonly [string, string])[]) =>
      [...list].sort((a, b) => (a.join() < b.join() ? -1 : 1));
    expect(sorted(found.map((one) => [one.kind, one.where]))).toEqual(sorted(expected));
    for (let round = 0; found.some(({ fix }) => fix !== null) && round < 3; round++) {
      expect((await fixFolder(path, found)).length).toBeGreaterThan(0);
      found = await examine(path);
    }
    expect(found).toEqual([]);
    const [mended, whole] = [await openModel(path), await openModel(at(base))];
    const exact = !/divide/.test(name); // 1 / (1 / s) may be off by a last bit
    for (const { name: tensor } of whole.tensors) {
      const [got, right] = [valuesOf(await mended.read(tensor)), valuesOf(await whole.read(tensor))];
      const apart = got.reduce(
        (most, value, i) => Math.max(most, Math.abs(value - right[i]!) / Math.abs(right[i]! || 1)),
        0,
      );
      expect([tensor, got.length, apart <= (exact ? 0 : 2 ** -22)]).toEqual([tensor, right.length, true]);
    }
    await mended.close();
    await whole.close();
  });

  test('the same matrix of another layer proves a scale that is not absurd by itself', async () => {
    const path = await planted('tensor', {
      tensors: (all) =>
        altered(`${UP}.weight`, ({ shape }) => ({ data: new Uint8Array(shape[0]! * shape[1]!).fill(0x49) }))(
          // 4.5
          altered(scale, () => ({ data: numbers(12) }))(all) as SafetensorsTensor[],
        ),
    });
    expect((await examine(path)).map(({ kind, where }) => [kind, where])).toEqual([['scale-inverse', scale]]);
  });

  test('an index that leaves a shard’s tensors out', async () => {
    const path = await planted('shards', {
      files(own) {
        const index = JSON.parse(readFileSync(own('model.safetensors.index.json'), 'utf8'));
        delete index.weight_map[`${UP}.weight`];
        writeFileSync(own('model.safetensors.index.json'), JSON.stringify(index));
      },
    });
    const found = await examine(path);
    expect(found.map(({ kind }) => kind)).toEqual(['index']);
    expect(await fixFolder(path, found)).toEqual(['model.safetensors.index.json']);
    expect(await examine(path)).toEqual([]);
  });

  test('in shards, a renamed scale is renamed in the index, too', async () => {
    const path = await planted('shards', {
      files(own) {
        const index = JSON.parse(readFileSync(own(`${WEIGHTS}.index.json`), 'utf8'));
        for (const shard of new Set(Object.values<string>(index.weight_map))) {
          const bytes = readFileSync(own(shard), 'latin1').replace(/\.weight_scale"/g, '.qscale_weight"');
          const header = Number(Buffer.from(bytes.slice(0, 8), 'latin1').readBigUInt64LE(0));
          const extra = bytes.split('.qscale_weight"').length - 1;
          const head = Buffer.alloc(8);
          head.writeBigUInt64LE(BigInt(header + extra));
          writeFileSync(own(shard), Buffer.concat([head, Buffer.from(bytes.slice(8), 'latin1')]));
        }
        const names = JSON.stringify(index).replace(/\.weight_scale"/g, '.qscale_weight"');
        writeFileSync(own(`${WEIGHTS}.index.json`), names);
      },
    });
    const found = await examine(path);
    expect(new Set(found.map(({ kind }) => kind))).toEqual(new Set(['scale-name']));
    expect(await fixFolder(path, found)).toContain('model.safetensors.index.json');
    expect(await examine(path)).toEqual([]);
  });
});

test('what is no model is refused', async () => {
  await expect(examine(at('nowhere'))).rejects.toThrow(/config.json, which does not exist/);
});
