/** @file Each thing that loaders trip over, planted in a folder: found by name, mended where that loses nothing. */
import { cpSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import {
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
const WEIGHTS = 'model.safetensors';
type Json = Record<string, unknown>;

async function make(to: string, scheme: SchemeName, dialect: Dialect, shardBytes = 1e9): Promise<void> {
  const options = { dtype: null, shardBytes, overwrite: false, tokenizer: null };
  const source = await openModel(at('plain'));
  await writeHuggingFace(
    to,
    source,
    options,
    quantizedWeights(source, schemes[scheme], { dialect, dtype: null }),
  );
  await source.close();
}

beforeAll(async () => {
  await writeModel(at('plain'), small);
  await make(at('channel'), 'fp8-channel', 'compressed-tensors');
  await make(at('block'), 'fp8-block', 'fp8');
  await make(at('shards'), 'fp8-channel', 'compressed-tensors', 4000);
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

test.each(['plain', 'channel', 'block', 'shards'])('%s: nothing is wrong', async (name) => {
  expect(await examine(at(name))).toEqual([]);
});

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

describe('what can be mended without loss is, and then nothing is wrong', () => {
  const scale = `${UP}.weight_scale`;
  const inverse = (tensor: SafetensorsTensor) => ({
    data: valuesOf(tensor).map((value) => 1 / (value * 2 ** -6)),
  });
  test.each<[string, string, Parameters<typeof planted>[1], FindingKind, string]>([
    [
      '[out] for [out, 1]',
      'channel',
      { tensors: altered(scale, () => ({ shape: [37] })) },
      'scale-shape',
      scale,
    ],
    [
      'weight_scale_inv for weight_scale',
      'channel',
      { tensors: altered(scale, () => ({ name: `${scale}_inv` })) },
      'scale-name',
      `${scale}_inv`,
    ],
    [
      'weight_scale for weight_scale_inv',
      'block',
      { tensors: altered(`${scale}_inv`, () => ({ name: scale })) },
      'scale-name',
      scale,
    ],
    ['scales that divide', 'channel', { tensors: altered(scale, inverse) }, 'scale-inverse', scale],
    [
      'no config_groups',
      'channel',
      { config: (json) => quantization(json, { config_groups: {} }) },
      'no-scheme',
      'quantization_config',
    ],
    [
      'no quantization_config at all',
      'channel',
      { config: ({ quantization_config: _, ...json }) => json },
      'no-scheme',
      'quantization_config',
    ],
  ])('%s', async (_, base, change, kind, where) => {
    const path = await planted(base, change);
    const found = await examine(path);
    expect(found.map((one) => [one.kind, one.where])).toEqual([[kind, where]]);
    expect((await fixFolder(path, found)).length).toBe(1);
    expect(await examine(path)).toEqual([]);
    const mended = await openModel(path);
    const whole = await openModel(at(base));
    if (kind !== 'scale-inverse')
      // planted off by a power of two, so that it shows
      for (const { name } of whole.tensors)
        expect(valuesOf(await mended.read(name))).toEqual(valuesOf(await whole.read(name)));
    await mended.close();
    await whole.close();
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
      config: (json) => ({
        ...json,
        quantization_config: { quant_method: 'fp8', weight_block_size: [128, 128] },
      }),
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
