/** @file Folders, checkpoints and llama2.c files into each other and back; what is refused. */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { byteTokenizer } from '@octavo/data';
import { openCheckpoint, openSafetensorsFolder, writeSafetensors } from '@octavo/store';
import { describe, expect, it, test } from 'vitest';
import { openModel, valuesOf, writeCheckpointModel, writeHuggingFace } from '../src/index.ts';
import { small, temporaryFolder, using, weightsOf, writeLlama2c, writeModel } from './support.ts';

const folder = temporaryFolder();
const at = (...path: string[]): string => join(folder, ...path);
const plain = { dtype: null, shardBytes: 20_000, overwrite: false, tokenizer: null };
const metadata = {
  model: JSON.stringify(small),
  tokenizer: JSON.stringify({ name: 'byte', hash: 'byte/1' }),
};

/** Every tensor's type and bytes, and the configuration. */
const contents = (path: string) =>
  using(path, async ({ config, tensors, read }) => {
    const found = new Map<string, string>();
    for (const { name, dtype } of tensors) {
      const tensor = await read(name);
      expect([tensor.name, tensor.dtype]).toEqual([name, dtype]);
      found.set(name, `${dtype} [${tensor.shape}] ${Buffer.from(tensor.data).toString('base64')}`);
    }
    return { config, tensors: found };
  });

describe('round trips are exact, type by type', () => {
  test.each([
    ['norms in float32', { gains: 'F32', matrices: 'BF16' }],
    ['all in float16', { gains: 'F16', matrices: 'F16' }],
    ['all in float32', { gains: 'F32', matrices: 'F32' }],
  ] as const)('%s: folder, checkpoint, folder', async (name, types) => {
    const [hf, arrow, back] = [at(name), at(`${name}.arrow`), at(`${name} back`)];
    await writeModel(hf, small, types);
    await using(hf, (source) => writeCheckpointModel(arrow, source, metadata, { overwrite: false }));
    await using(arrow, (source) => writeHuggingFace(back, source, plain));
    const original = await contents(hf);
    expect(original.config).toEqual(small);
    expect(await contents(arrow)).toEqual(original);
    expect(await contents(back)).toEqual(original);
    expect(readdirSync(back).some((file) => file.startsWith('model-00001-of-'))).toBe(true);
  });

  it('a checkpoint has our matrices: gate above up, and its rows are checked', async () => {
    const checkpoint = await openCheckpoint(at('all in float32.arrow'));
    const { data, shape } = await checkpoint.read('layers.1.gateUp', 'weight');
    await checkpoint.close();
    expect(shape).toEqual([2 * 37, 24]);
    const weights = weightsOf(small);
    const values = new Float32Array(data.buffer);
    expect(values.subarray(0, 37 * 24)).toEqual(weights.get('model.layers.1.mlp.gate_proj.weight')!.data);
    expect(values.subarray(37 * 24)).toEqual(weights.get('model.layers.1.mlp.up_proj.weight')!.data);
  });

  it('parts of a matrix in two types meet in float32', async () => {
    await writeModel(at('mixed'), small, { shardBytes: 1e9 });
    const opened = await openSafetensorsFolder(at('mixed'));
    const records = [];
    for (const { name } of opened.tensors) {
      const tensor = await opened.read(name);
      const wide = name.includes('layers.0.mlp.up_proj');
      records.push(wide ? { ...tensor, dtype: 'F32' as const, data: valuesOf(tensor) } : tensor);
    }
    await opened.close();
    await writeSafetensors(at('mixed', 'model.safetensors'), records);
    await using(at('mixed'), (source) =>
      writeCheckpointModel(at('mixed.arrow'), source, metadata, { overwrite: false }),
    );
    const checkpoint = await openCheckpoint(at('mixed.arrow'));
    const formats = new Map(checkpoint.tensors.map(({ name, format }) => [name, format]));
    await checkpoint.close();
    expect([formats.get('layers.0.gateUp'), formats.get('layers.1.gateUp')]).toEqual(['fp32', 'bf16']);
  });
});

describe('a folder', () => {
  it('keeps the fields of its config.json and its other files; --dtype rounds once', async () => {
    await writeModel(at('own'), small, { matrices: 'F32' });
    const json = JSON.parse(readFileSync(at('own', 'config.json'), 'utf8'));
    writeFileSync(
      at('own', 'config.json'),
      JSON.stringify({ ...json, unsloth_fixed: true, dtype: 'float32' }),
    );
    writeFileSync(at('own', 'tokenizer_config.json'), '{"a":1}');
    writeFileSync(at('own', 'tokenizer.model'), Buffer.from([0xff, 0]));
    const options = { ...plain, dtype: 'bf16', shardBytes: 1e9 } as const;
    const written = await using(at('own'), (source) => writeHuggingFace(at('rounded'), source, options));
    expect(written).toMatchObject({ files: ['model.safetensors'], tensors: 21 });
    const config = JSON.parse(readFileSync(at('rounded', 'config.json'), 'utf8'));
    expect(config).toMatchObject({ unsloth_fixed: true, torch_dtype: 'bfloat16', vocab_size: 67 });
    expect(config).not.toHaveProperty('dtype');
    expect(readFileSync(at('rounded', 'tokenizer_config.json'), 'utf8')).toBe('{"a":1}');
    expect([...readFileSync(at('rounded', 'tokenizer.model'))]).toEqual([0xff, 0]);
    expect(JSON.parse(readFileSync(at('rounded', 'generation_config.json'), 'utf8'))).toMatchObject({
      eos_token_id: 2,
    });
    await writeModel(at('expected'), small, { gains: 'BF16', matrices: 'BF16' });
    expect((await contents(at('rounded'))).tensors).toEqual((await contents(at('expected'))).tensors);
  });

  it('gets the files of the tokenizer that it is given', async () => {
    const options = { ...plain, tokenizer: byteTokenizer() };
    await using(at('own'), (source) =>
      writeHuggingFace(at('bytes'), { ...source, folder: null, json: null }, options),
    );
    expect(JSON.parse(readFileSync(at('bytes', 'tokenizer.json'), 'utf8')).model.type).toBe('BPE');
    expect(JSON.parse(readFileSync(at('bytes', 'config.json'), 'utf8'))).toMatchObject({ eos_token_id: 0 });
  });

  it('is replaced only where it is a model’s, and only when told to', async () => {
    const write = (to: string, overwrite: boolean) =>
      using(at('own'), (source) => writeHuggingFace(to, source, { ...plain, overwrite }));
    await expect(write(at('bytes'), false)).rejects.toThrow(/holds a model already, expected a new folder/);
    await write(at('bytes'), true);
    writeFileSync(at('bytes', 'notes.txt'), '');
    await expect(write(at('bytes'), true)).rejects.toThrow(/holds other files/);
    const again = using(at('own'), (source) =>
      writeCheckpointModel(at('all in float32.arrow'), source, metadata, { overwrite: false }),
    );
    await expect(again).rejects.toThrow(/exists already, expected a new file/);
  });

  it('of float16 is refused for what does not fit it', async () => {
    const weights = weightsOf(small);
    weights.get('lm_head.weight')!.data[5] = 70_000;
    await writeModel(at('large'), small, { matrices: 'F32' }, weights);
    const write = using(at('large'), (source) =>
      writeHuggingFace(at('half'), source, { ...plain, dtype: 'fp16' }),
    );
    await expect(write).rejects.toThrow(
      /lm_head.weight does not fit F16: got 70000 at 5, expected at most 65504/,
    );
    expect(readdirSync(folder)).not.toContain('half');
  });
});

it('a llama2.c file has the same weights, its rows of q and k in Hugging Face’s order', async () => {
  const { ropeScaling: _, ...unscaled } = small;
  const config = { ...unscaled, ropeTheta: 10_000, tiedHead: true };
  const weights = weightsOf(config);
  writeLlama2c(at('stories.bin'), config);
  await using(at('stories.bin'), async (source) => {
    expect(source.config).toEqual(config);
    for (const { name } of source.tensors)
      expect(valuesOf(await source.read(name))).toEqual(weights.get(name)!.data);
  });
});

describe('what is no model is named as what it is', () => {
  test.each<[string, (path: string) => unknown, RegExp]>([
    ['nothing', () => 0, /got no such file or folder, expected a model/],
    [
      'x.gguf',
      (path) => writeFileSync(path, ''),
      /x.gguf is no model: got "x.gguf", expected a folder, or a file/,
    ],
    ['x.bin', (path) => writeFileSync(path, 'PK\u0003\u0004'), /no llama2.c file.*got 4 bytes/],
  ])('%s', async (name, make, message) => {
    make(at(name));
    await expect(openModel(at(name))).rejects.toThrow(message);
  });

  it('a folder of another shape', async () => {
    await writeModel(at('wrong'), small);
    const json = JSON.parse(readFileSync(at('wrong', 'config.json'), 'utf8'));
    writeFileSync(at('wrong', 'config.json'), JSON.stringify({ ...json, intermediate_size: 38 }));
    await expect(openModel(at('wrong'))).rejects.toThrow(
      /of another shape: .*gate_proj.weight \(got \[37, 24\]/,
    );
  });

  it('a tied head of its own', async () => {
    await writeModel(at('tied'), { ...small, tiedHead: true }, {}, weightsOf(small));
    await expect(openModel(at('tied'))).rejects.toThrow(/lm_head.weight \(another than the embedding/);
    const weights = weightsOf(small);
    weights.set('lm_head.weight', weights.get('model.embed_tokens.weight')!);
    await writeModel(at('tied same'), { ...small, tiedHead: true }, {}, weights);
    await using(at('tied same'), async ({ tensors }) => {
      expect(tensors.some(({ name }) => name === 'lm_head.weight')).toBe(false);
    });
  });
});
