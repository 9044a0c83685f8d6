/** @file What flows into the matrices on text: against the whole model, folded and not; static scales as loaders have them. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { byteTokenizer, prepare, readDocuments } from '@octavo/data';
import { FP32 } from '@octavo/formats';
import { createReferenceDevice, createScope, type Tensor } from '@octavo/kernels';
import { createLlama, forward, fromHuggingFace, type LlamaConfig } from '@octavo/llama';
import { createPrecision, recipeOf } from '@octavo/nn';
import { openSafetensorsFolder } from '@octavo/store';
import { beforeAll, describe, expect, it, test } from 'vitest';
import {
  type ChannelMaxima,
  calibrate,
  calibrationWindows,
  type Dialect,
  examine,
  foldedMaxima,
  foldSmooth,
  type ModelSource,
  quantizedWeights,
  scalesOfMaxima,
  schemes,
  valuesOf,
  type Windows,
  writeHuggingFace,
} from '../src/index.ts';
import { small, temporaryFolder, using, weightsOf, writeModel } from './support.ts';

const folder = temporaryFolder();
const at = (...path: string[]): string => join(folder, ...path);
const device = createReferenceDevice();
const windows: Windows = [Int32Array.of(1, 60, 7, 7, 33), Int32Array.of(5, 66, 0)];

/** SwiGLU's channel 3 of both blocks is far above the others. */
const uneven = () => {
  const weights = weightsOf(small);
  for (const layer of [0, 1])
    weights
      .get(`model.layers.${layer}.mlp.up_proj.weight`)!
      .data.subarray(3 * 24, 4 * 24)
      .forEach((value, i, row) => {
        row[i] = value * 1000;
      });
  return weights;
};

const read = async (source: ModelSource): Promise<Map<string, Float32Array>> => {
  const values = new Map<string, Float32Array>();
  for (const { name } of source.tensors) values.set(name, valuesOf(await source.read(name)));
  return values;
};

/** Logits, and what `down` of every block is given, by a model that is whole. */
async function whole(config: LlamaConfig, values: ReadonlyMap<string, Float32Array>, tokens: Int32Array) {
  const precision = createPrecision(device, recipeOf('fp32'));
  const model = createLlama(config, precision, {
    values: fromHuggingFace(config, (name) => values.get(name)),
  });
  const upload = (numbers: ArrayLike<number>): Tensor => {
    const tensor = device.alloc([numbers.length], FP32);
    device.write(tensor, numbers);
    return tensor;
  };
  const inputs: [string, Tensor][] = [];
  precision.onOperand = ({ layer, name, operand }, x) => {
    const copy = device.alloc(x.shape, FP32);
    device.copy(copy, x);
    if (operand === 'input') inputs.push([`layers.${layer}.${name}`, copy]);
  };
  const input = {
    batch: 1,
    sequence: tokens.length,
    tokens: upload(tokens),
    positions: upload(tokens.map((_, i) => i)),
  };
  const logits = forward(model, { device, scope: createScope(device), tape: null, precision }, input);
  const seen = new Map<string, Float32Array>();
  for (const [name, x] of inputs) seen.set(name, await device.read(x));
  return { logits: await device.read(logits.value), seen };
}

let seen: ChannelMaxima;
beforeAll(async () => {
  await writeModel(at('plain'), small, { matrices: 'F32' }, uneven());
  seen = await using(at('plain'), (source) => calibrate(source, device, windows));
});

it('block by block the maxima are those of the model that is whole, of all windows', async () => {
  const values = await using(at('plain'), read);
  const expected = new Map<string, Float32Array>();
  for (const tokens of windows)
    for (const [name, x] of (await whole(small, values, tokens)).seen) {
      const width = x.length / tokens.length;
      const maxima = expected.get(name) ?? new Float32Array(width);
      x.forEach((value, i) => {
        maxima[i % width] = Math.max(maxima[i % width]!, Math.abs(value));
      });
      expected.set(name, maxima);
    }
  expect([...seen.keys()].sort()).toEqual([...expected.keys()].sort());
  for (const [name, maxima] of expected) expect([name, [...seen.get(name)!]]).toEqual([name, [...maxima]]);
});

describe('folded by what flows', () => {
  test.each(['F32', 'BF16', 'F16'] as const)(
    'the function of %s weights is the same, bit for bit',
    async (matrices) => {
      const weights = uneven();
      weights.get('model.layers.0.mlp.down_proj.weight')!.data[5] = 2 ** -14; // the smallest normal number of F16
      await writeModel(at(matrices), small, { matrices }, weights);
      const [before, after] = await using(at(matrices), async (source) => {
        const maxima = await calibrate(source, device, windows);
        return [await read(source), await read(foldSmooth(source, maxima))];
      });
      expect(after!.get('model.layers.0.mlp.up_proj.weight')).not.toEqual(
        before!.get('model.layers.0.mlp.up_proj.weight'),
      );
      for (const tokens of windows)
        expect((await whole(small, after!, tokens)).logits).toEqual(
          (await whole(small, before!, tokens)).logits,
        );
    },
  );

  it('no channel is above 1, all are above a half, and static scales know it', async () => {
    const folded = await using(at('plain'), (source) => calibrate(foldSmooth(source, seen), device, windows));
    expect(folded).toEqual(foldedMaxima(seen));
    for (const layer of [0, 1])
      for (const value of folded.get(`layers.${layer}.down`)!) {
        expect(value).toBeGreaterThan(0.5);
        expect(value).toBeLessThanOrEqual(1);
      }
  });

  it('scales are powers of two: 1 for what is zero, 2^-⌈log2 a⌉ for the rest', () => {
    expect([...scalesOfMaxima(Float32Array.of(0, 1, 1.5, 8, 0.3, 1e-30))]).toEqual([
      1,
      1,
      0.5,
      0.125,
      2,
      2 ** 32,
    ]);
  });
});

describe.each([
  ['fp8', 'compressed-tensors'],
  ['fp8', 'fp8'],
  ['fp8-channel', 'compressed-tensors'],
] as const)('static %s in the words of %s', (name, dialect) => {
  const path = at(`${name} ${dialect}`);

  it('has an input_scale for every matrix, amax / 448, and says so', async () => {
    await using(at('plain'), (source) =>
      writeHuggingFace(
        path,
        source,
        { dtype: null, shardBytes: 1e9, overwrite: false, tokenizer: null },
        quantizedWeights(source, schemes[name], { dialect, dtype: null, maxima: seen }),
      ),
    );
    const opened = await openSafetensorsFolder(path);
    const scaleOf = async (module: string): Promise<number> => {
      const { shape, dtype, data } = await opened.read(`model.layers.1.${module}.input_scale`);
      expect([shape, dtype]).toEqual([[1], 'F32']);
      return new Float32Array(data.buffer)[0]!;
    };
    const amax = (parameter: string) => Math.fround(Math.max(...seen.get(`layers.1.${parameter}`)!) / 448);
    for (const module of ['q_proj', 'k_proj', 'v_proj'])
      expect(await scaleOf(`self_attn.${module}`)).toBe(amax('qkv'));
    expect(await scaleOf('self_attn.o_proj')).toBe(amax('attentionOut'));
    for (const module of ['gate_proj', 'up_proj'])
      expect(await scaleOf(`mlp.${module}`)).toBe(amax('gateUp'));
    expect(await scaleOf('mlp.down_proj')).toBe(amax('down'));
    await opened.close();
    const json = JSON.parse(readFileSync(join(path, 'config.json'), 'utf8')).quantization_config;
    if (dialect === 'fp8') expect(json.activation_scheme).toBe('static');
    else
      expect(json.config_groups.group_0.input_activations).toMatchObject({
        ...{ dynamic: false, strategy: 'tensor', num_bits: 8, type: 'float' },
      });
    expect(await examine(path)).toEqual([]);
  });
});

test('blocks have no static scales; activations that are not finite are refused', async () => {
  await using(at('plain'), async (source) => {
    const options = { dialect: 'fp8' as Dialect, dtype: null, maxima: seen };
    expect(() => quantizedWeights(source, schemes['fp8-block'], options)).toThrow(
      /static activations: got fp8-block/,
    );
  });
  const weights = uneven();
  weights.get('model.layers.1.mlp.up_proj.weight')!.data.fill(3e38);
  await writeModel(at('huge'), small, { matrices: 'F32' }, weights);
  await expect(using(at('huge'), (source) => calibrate(source, device, windows))).rejects.toThrow(
    /activations of layers.1.down: got (Infinity|NaN) on the calibration text/,
  );
});

test('text, JSONL, a prepared folder and its shards are the same windows', async () => {
  const text = 'Four score and seven years ago. '.repeat(20);
  writeFileSync(at('a.txt'), text);
  writeFileSync(at('a.jsonl'), JSON.stringify({ body: text }));
  const tokenizer = byteTokenizer();
  await prepare(readDocuments([at('a.txt')]), tokenizer, at('prepared'), { heldOutFraction: 0 });
  const options = { tokens: 300, sequence: 128, field: 'body' };
  const [first, ...others] = await Promise.all(
    [at('a.txt'), at('a.jsonl'), at('prepared'), at('prepared', 'train-00000.arrow')].map((path) =>
      calibrationWindows([path], tokenizer, options),
    ),
  );
  expect(first!.map(({ length }) => length)).toEqual([128, 128, 44]);
  for (const other of others) expect(other).toEqual(first);
  const another = { ...tokenizer, name: 'another', hash: 'x' };
  await expect(calibrationWindows([at('prepared', 'train-00000.arrow')], another, options)).rejects.toThrow(
    /was prepared with another tokenizer: got byte, expected another/,
  );
});
