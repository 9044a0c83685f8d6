/** @file FP8 folders: names, shapes and types as vLLM and compressed-tensors have them, values by hand, there and back; smoothing folded in. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { FP32 } from '@octavo/formats';
import { createReferenceDevice, createScope } from '@octavo/kernels';
import { createLlama, forward, fromHuggingFace, type LlamaConfig } from '@octavo/llama';
import { createPrecision, recipeOf } from '@octavo/nn';
import { openSafetensorsFolder, readSafetensors, writeSafetensors } from '@octavo/store';
import { describe, expect, it, test } from 'vitest';
import {
  type Dialect,
  foldSmooth,
  openModel,
  quantizedWeights,
  type SchemeName,
  schemes,
  smoothingScales,
  valuesOf,
  writeHuggingFace,
} from '../src/index.ts';
import { temporaryFolder, using, weightsOf, writeModel } from './support.ts';

const folder = temporaryFolder();
const at = (...path: string[]): string => join(folder, ...path);
const config: LlamaConfig = {
  ...{
    vocabularySize: 67,
    hiddenSize: 160,
    layers: 1,
    heads: 5,
    keyValueHeads: 1,
    ffnSize: 192,
    contextLength: 16,
  },
  ...{ ropeTheta: 5000, normEpsilon: 1e-5, tiedHead: false },
};
const UP = 'model.layers.0.mlp.up_proj';

async function quantize(
  from: string,
  to: string,
  name: SchemeName,
  dialect: Dialect,
  fold = false,
): Promise<void> {
  const options = {
    dtype: null,
    shardBytes: 1e9,
    overflow: false,
    overwrite: false,
    tokenizer: null,
  } as const;
  await using(from, async (opened) => {
    const source = fold ? foldSmooth(opened) : opened;
    await writeHuggingFace(
      to,
      source,
      options,
      quantizedWeights(source, schemes[name], { dialect, dtype: null }),
    );
  });
}

const read = (path: string) =>
  using(path, async ({ tensors, read: one }) => {
    const values = new Map<string, Float32Array>();
    for (const { name } of tensors) values.set(name, valuesOf(await one(name)));
    return values;
  });

describe.each([
  ['fp8', 'compressed-tensors', 'weight_scale', 'F32', [1]],
  ['fp8', 'fp8', 'weight_scale', 'F32', [1]],
  ['fp8-channel', 'compressed-tensors', 'weight_scale', 'F32', [192, 1]],
  ['fp8-block', 'fp8', 'weight_scale_inv', 'F32', [2, 2]],
  ['fp8-block', 'compressed-tensors', 'weight_scale', 'F32', [2, 2]],
  ['mxfp8', 'compressed-tensors', 'weight_scale', 'U8', [192, 5]],
] as const)('%s in the words of %s', (name, dialect, suffix, dtype, shape) => {
  const path = at(`${name} ${dialect}`);
  const rows = 192;
  const columns = 160;

  it('has scales of that name, shape and type; head, embedding and norms as they were', async () => {
    await writeModel(at(`${name} ${dialect} of`), config);
    await quantize(at(`${name} ${dialect} of`), path, name, dialect);
    const opened = await openSafetensorsFolder(path);
    await opened.close();
    const found = new Map(opened.tensors.map((one) => [one.name, one]));
    expect(found.get(`${UP}.weight`)).toMatchObject({ dtype: 'F8_E4M3', shape: [rows, columns] });
    expect(found.get(`${UP}.${suffix}`)).toMatchObject({ dtype, shape });
    for (const left of ['lm_head', 'model.embed_tokens', 'model.norm', 'model.layers.0.input_layernorm'])
      expect([left, /^(BF16|F32)$/.test(found.get(`${left}.weight`)!.dtype)]).toEqual([left, true]);
    expect([...found.keys()].filter((one) => one.endsWith(suffix)).length).toBe(7);
    const json = JSON.parse(readFileSync(join(path, 'config.json'), 'utf8')).quantization_config;
    expect(json.quant_method).toBe(dialect);
    expect(json.ignore ?? json.ignored_layers).toEqual(['lm_head']);
    if (dialect === 'fp8') expect(json.activation_scheme).toBe('dynamic');
    else
      expect(json.config_groups.group_0).toMatchObject({
        targets: ['Linear'],
        input_activations: { dynamic: true },
      });
    expect(json.weight_block_size).toEqual(
      name === 'fp8-block' && dialect === 'fp8' ? [128, 128] : undefined,
    );
  });

  it('its values are code times scale, each within half a step of what it was, and come back once quantised exactly', async () => {
    const { tensors } = await readSafetensors(join(path, 'model.safetensors'));
    const scales = tensors.find((one) => one.name === `${UP}.${suffix}`)!;
    const numbers =
      dtype === 'U8'
        ? Float32Array.from(scales.data, (code) => 2 ** (code - 127))
        : new Float32Array(scales.data.buffer);
    const codes = valuesOf(tensors.find((one) => one.name === `${UP}.weight`)!);
    const values = (await read(path)).get(`${UP}.weight`)!;
    const before = (await read(at(`${name} ${dialect} of`))).get(`${UP}.weight`)!;
    const scaleAt = (r: number, c: number): number => {
      if (shape.length === 1) return numbers[0]!;
      const [down, across] = [
        Math.ceil(rows / shape[0]),
        shape[0] === 2 ? 128 : Math.ceil(columns / shape[1]!),
      ];
      return numbers[Math.floor(r / (shape[0] === 2 ? 128 : down)) * shape[1]! + Math.floor(c / across)]!;
    };
    let largest = 0;
    for (let r = 0; r < rows; r++)
      for (let c = 0; c < columns; c++) {
        const i = r * columns + c;
        const scale = scaleAt(r, c);
        expect(values[i]).toBe(Math.fround(codes[i]! * scale));
        largest = Math.max(largest, Math.abs(codes[i]!));
        const step = Math.max(Math.abs(before[i]!) * 2 ** -4, scale * 2 ** -10);
        if (Math.abs(values[i]! - before[i]!) > step * 1.001) expect(values[i]).toBe(before[i]);
      }
    expect(largest).toBeGreaterThan(dtype === 'U8' ? 223 : 447);
    await quantize(path, `${path} again`, name, dialect);
    expect((await read(`${path} again`)).get(`${UP}.weight`)).toEqual(values);
  });
});

test('weights that no FP8 can hold are refused by name', async () => {
  const weights = weightsOf(config);
  weights.get(`${UP}.weight`)!.data[7] = Number.NaN;
  await writeModel(at('nan'), config, { matrices: 'F32' }, weights);
  await expect(quantize(at('nan'), at('nan fp8'), 'fp8', 'fp8')).rejects.toThrow(
    `${UP}.weight: got NaN among its values`,
  );
  const odd = { ...config, ffnSize: 100 };
  await writeModel(at('odd'), odd);
  await expect(quantize(at('odd'), at('odd mx'), 'mxfp8', 'compressed-tensors')).rejects.toThrow(
    /down_proj.weight: got 100 columns, expected a multiple of 32 for mxfp8/,
  );
  weights.set(`${UP}.weight`, { shape: [192, 160], data: new Float32Array(192 * 160) });
  await writeModel(at('zero'), config, {}, weights);
  await quantize(at('zero'), at('zero fp8'), 'fp8', 'fp8');
  expect((await read(at('zero fp8'))).get(`${UP}.weight`)!.every((value) => value === 0)).toBe(true);
});

test('a scale of another shape is refused; scales of activations are left out, and that is said', async () => {
  await writeModel(at('shapes of'), config);
  await quantize(at('shapes of'), at('shapes'), 'fp8-channel', 'compressed-tensors');
  const path = at('shapes', 'model.safetensors');
  const { tensors } = await readSafetensors(path);
  const input = { name: `${UP}.input_scale`, dtype: 'F32', shape: [1], data: Float32Array.of(1) } as const;
  await writeSafetensors(path, [...tensors, input]);
  expect(await using(at('shapes'), async ({ notes }) => notes)).toEqual([
    '1 scales of activations (input_scale): left out',
  ]);
  const scale = tensors.find(({ name }) => name === `${UP}.weight_scale`)!;
  const wrong = { ...scale, shape: [3, 64] };
  await writeSafetensors(path, [...tensors.filter((one) => one !== scale), wrong]);
  await expect(read(at('shapes'))).rejects.toThrow(
    /weight_scale: got shape \[3,64\], expected \[1\], \[192, 1\]/,
  );
  const json = JSON.parse(readFileSync(at('shapes', 'config.json'), 'utf8'));
  json.quantization_config = { quant_method: 'gptq' };
  writeFileSync(at('shapes', 'config.json'), JSON.stringify(json));
  await expect(openModel(at('shapes'))).rejects.toThrow(/quantization_config.*gptq/);
});

/** Logits of a few tokens, `[5, V]`, in float32. */
async function logitsOf(values: ReadonlyMap<string, Float32Array>): Promise<Float32Array> {
  const device = createReferenceDevice();
  const precision = createPrecision(device, recipeOf('fp32'));
  const model = createLlama(config, precision, {
    values: fromHuggingFace(config, (name) => values.get(name)),
  });
  const upload = (numbers: readonly number[]) => {
    const tensor = device.alloc([numbers.length], FP32);
    device.write(tensor, numbers);
    return tensor;
  };
  const input = {
    batch: 1,
    sequence: 5,
    tokens: upload([1, 60, 7, 7, 33]),
    positions: upload([0, 1, 2, 3, 4]),
  };
  const context = { device, scope: createScope(device), tape: null, precision };
  return device.read(forward(model, context, input).value);
}

describe('smoothing folded into up and down', () => {
  /** A few channels have aligned: gate and up along each other, up far beyond the others', and down as far below. */
  const aligned = () => {
    const weights = weightsOf(config);
    const [gate, up, down] = ['gate', 'up', 'down'].map(
      (part) => weights.get(`model.layers.0.mlp.${part}_proj.weight`)!.data,
    );
    for (const channel of [3, 77, 150])
      for (let i = 0; i < 160; i++) {
        const at = channel * 160 + i;
        gate![at] = up![at]!;
        up![at]! *= 2 ** 18;
        down![i * 192 + channel]! /= 2 ** 18;
      }
    return weights;
  };

  it('the function stays what it was, bit for bit', async () => {
    await writeModel(at('aligned'), config, { matrices: 'F32' }, aligned());
    const plain = await read(at('aligned'));
    const folded = await using(at('aligned'), async (opened) => {
      const source = foldSmooth(opened);
      const values = new Map<string, Float32Array>();
      for (const { name } of source.tensors) values.set(name, valuesOf(await source.read(name)));
      return values;
    });
    expect(folded.get(`${UP}.weight`)).not.toEqual(plain.get(`${UP}.weight`));
    expect(await logitsOf(folded)).toEqual(await logitsOf(plain));
  });

  it('scales are powers of two that bring both sides together; 1 where there is nothing to bring', () => {
    const up = Float32Array.of(64, 1, 0, 1);
    const down = Float32Array.of(1, 1, 5, 4); // one row
    expect([...smoothingScales(up, down, 4)]).toEqual([2 ** -3, 1, 1, 2]);
  });

  test.each(['fp8', 'fp8-channel', 'fp8-block'] as const)(
    '%s loses less with it than without',
    async (name) => {
      const exact = await logitsOf(await read(at('aligned')));
      const error = async (fold: boolean): Promise<number> => {
        const path = at(`aligned ${name} ${fold}`);
        await quantize(at('aligned'), path, name, schemes[name].dialects[0]!, fold);
        const logits = await logitsOf(await read(path));
        return Math.sqrt(logits.reduce((sum, value, i) => sum + (value - exact[i]!) ** 2, 0) / logits.length);
      };
      const [without, withIt] = [await error(false), await error(true)];
      expect(withIt).toBeLessThan(without / 2);
    },
  );
});
