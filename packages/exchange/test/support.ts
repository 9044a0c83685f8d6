/** @file Small models in folders of a test's own. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { counterRandom } from '@octavo/formats';
import { configToHuggingFace, huggingFaceTensors, type LlamaConfig, toInterleaved } from '@octavo/llama';
import { encodeSafetensors, type SafetensorsType, writeSafetensorsFolder } from '@octavo/store';
import { afterAll } from 'vitest';
import { type ModelSource, openModel } from '../src/index.ts';

export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'octavo-exchange-'));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** Odd sizes, a prime vocabulary, grouped queries, a head of its own. */
export const small: LlamaConfig = {
  ...{
    vocabularySize: 67,
    hiddenSize: 24,
    layers: 2,
    heads: 3,
    keyValueHeads: 1,
    ffnSize: 37,
    contextLength: 16,
  },
  ...{ ropeTheta: 5000, normEpsilon: 1e-5, tiedHead: false, ropeScaling: { kind: 'linear', factor: 2 } },
};

/** Values that depend on the name alone. */
export function weightsOf(
  config: LlamaConfig,
  seed = 1,
): Map<string, { shape: readonly number[]; data: Float32Array }> {
  return new Map(
    huggingFaceTensors(config).map(({ name, shape }, tensor) => {
      const length = shape.reduce((a, b) => a * b, 1);
      const data = Float32Array.from({ length }, (_, i) => {
        const uniform = counterRandom(seed * 1000 + tensor, i) / 2 ** 31 - 1;
        return shape.length === 1 ? 1 + uniform / 4 : uniform / 2;
      });
      return [name, { shape, data }];
    }),
  );
}

/** Writes a Hugging Face folder of those weights; norms and the rest in a type each. */
export async function writeModel(
  folder: string,
  config: LlamaConfig,
  { gains = 'F32', matrices = 'BF16', shardBytes = 20_000 }: Partial<Types> = {},
  weights = weightsOf(config),
): Promise<void> {
  const records = [...weights].map(([name, { shape, data }]) => {
    const dtype = shape.length === 1 ? gains : matrices;
    return { name, shape, dtype, data: encodeSafetensors(dtype, data) };
  });
  await writeSafetensorsFolder(folder, records, { shardBytes, metadata: { format: 'pt' } });
  const json = configToHuggingFace(config, { dtype: 'bfloat16', bos: 1, eos: 2 });
  writeFileSync(join(folder, 'config.json'), JSON.stringify(json));
}

/** Writes those weights as a file of llama2.c, version 0. */
export function writeLlama2c(path: string, config: LlamaConfig, weights = weightsOf(config)): void {
  const { hiddenSize: d, ffnSize, layers, heads, keyValueHeads, vocabularySize: v, contextLength } = config;
  const header = Int32Array.of(
    ...[d, ffnSize, layers, heads, keyValueHeads, config.tiedHead ? v : -v, contextLength],
  );
  const of = (name: string) => {
    const { data } = weights.get(`${name}.weight`)!;
    const own = { q_proj: heads, k_proj: keyValueHeads }[name.split('.').at(-1)!];
    return own === undefined ? data : toInterleaved(data, { heads: own, width: d });
  };
  const each = (...names: string[]) =>
    names.flatMap((name) => Array.from({ length: layers }, (_, i) => of(`model.layers.${i}.${name}`)));
  const attention = ['q_proj', 'k_proj', 'v_proj', 'o_proj'].map((name) => `self_attn.${name}`);
  const parts = [
    ...[header, of('model.embed_tokens'), ...each('input_layernorm', ...attention)],
    ...each('post_attention_layernorm', 'mlp.gate_proj', 'mlp.down_proj', 'mlp.up_proj'),
    ...[of('model.norm'), new Float32Array((contextLength * d) / heads)],
    ...(config.tiedHead ? [] : [of('lm_head')]),
  ];
  const bytes = (array: ArrayBufferView) => Buffer.from(array.buffer, array.byteOffset, array.byteLength);
  writeFileSync(path, Buffer.concat(parts.map(bytes)));
}

interface Types {
  readonly gains: SafetensorsType;
  readonly matrices: SafetensorsType;
  readonly shardBytes: number;
}

/** What `act` makes of a model; it is closed then. */
export async function using<T>(path: string, act: (source: ModelSource) => Promise<T>): Promise<T> {
  const source = await openModel(path);
  try {
    return await act(source);
  } finally {
    await source.close();
  }
}
