/** @file E4M3 that ends at 240 (Gaudi2's, and FNUZ's), encoded anew for E4M3 that ends at 448: every code, by decoders of this file's own. */

import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { configToHuggingFace, type LlamaConfig, parameterSpecs } from '@octavo/llama';
import { readSafetensors, type TensorRecord, writeCheckpoint, writeSafetensors } from '@octavo/store';
import { beforeAll, describe, expect, it } from 'vitest';
import { openModel, quantizedWeights, schemes, valuesOf, writeHuggingFace } from '../src/index.ts';
import { temporaryFolder, weightsOf } from './support.ts';

const folder = temporaryFolder();
const at = (...path: string[]): string => join(folder, ...path);
const options = { dtype: null, shardBytes: 1e9, overwrite: false, tokenizer: null };

/** 256 columns: a row of q_proj holds every code. */
const config: LlamaConfig = {
  ...{
    vocabularySize: 3,
    hiddenSize: 256,
    layers: 1,
    heads: 1,
    keyValueHeads: 1,
    ffnSize: 2,
    contextLength: 4,
  },
  ...{ ropeTheta: 10_000, normEpsilon: 1e-5, tiedHead: true },
};
const Q = 'model.layers.0.self_attn.q_proj';

/** Sign, four bits of exponent, three of mantissa. */
const decode = (code: number, bias: number): number => {
  const [exponent, mantissa] = [(code >> 3) & 15, code & 7];
  const size =
    exponent === 0 ? (mantissa / 8) * 2 ** (1 - bias) : (1 + mantissa / 8) * 2 ** (exponent - bias);
  return code & 128 ? -size : size;
};

const kinds = [
  // Exponent 15 is for infinity and NaN: codes 0x78 to 0x7f are left out.
  { name: 'e4m3', isNumber: (code: number) => (code & 0x7f) < 0x78, bias: 7 },
  // No infinity, no −0: 0x80 is NaN.
  { name: 'e4m3fnuz', isNumber: (code: number) => code !== 0x80, bias: 8 },
] as const;

/** The nearest of E4M3's numbers up to 448, of two the one with an even mantissa. */
const numbers = Array.from({ length: 0x7f }, (_, code) => decode(code, 7));
const nearest = (value: number): number => {
  const size = Math.abs(value);
  let best = 0;
  for (let code = 1; code < numbers.length; code++) {
    const [apart, before] = [Math.abs(numbers[code]! - size), Math.abs(numbers[best]! - size)];
    if (apart < before || (apart === before && code % 2 === 0)) best = code;
  }
  return Math.sign(value) * numbers[best]!;
};

describe.each(kinds)('$name', ({ name, isNumber, bias }) => {
  const codes = Uint8Array.from({ length: 256 }, (_, code) => (isNumber(code) ? code : 0));
  const expected = Float32Array.from(codes, (code) => decode(code, bias));

  /** The first row has all codes, the others those below 2^-2, so that every row has another scale. */
  const filled = (length: number): Uint8Array =>
    Uint8Array.from({ length }, (_, i) => (i < 256 || (codes[i % 256]! & 0x7f) < 0x30 ? codes[i % 256]! : 0));

  beforeAll(async () => {
    const records = parameterSpecs(config).map(({ name: parameter, shape }): TensorRecord => {
      const length = shape.reduce((a, b) => a * b, 1);
      return { name: parameter, role: 'weight', format: name, shape, scale: [], data: filled(length) };
    });
    await writeCheckpoint(at(`${name}.arrow`), { model: JSON.stringify(config) }, records);
  });

  it('a checkpoint of it is read code by code', async () => {
    const source = await openModel(at(`${name}.arrow`));
    const values = valuesOf(await source.read(`${Q}.weight`));
    await source.close();
    expect([...values.subarray(0, 256)]).toEqual([...expected]);
    expect(Math.max(...values)).toBe(240);
  });

  it.each(['fp8', 'fp8-channel', 'fp8-block'] as const)(
    'its values in %s reach 448, each to the nearest',
    async (scheme) => {
      const source = await openModel(at(`${name}.arrow`));
      const to = at(`${name} ${scheme}`);
      const dialect = schemes[scheme].dialects[0]!;
      await writeHuggingFace(
        to,
        source,
        options,
        quantizedWeights(source, schemes[scheme], { dialect, dtype: null }),
      );
      await source.close();
      const { tensors } = await readSafetensors(join(to, 'model.safetensors'));
      const [weight] = tensors.filter((one) => one.name === `${Q}.weight`);
      const [scales] = tensors.filter((one) => one.name.startsWith(`${Q}.weight_scale`));
      expect(weight!.dtype).toBe('F8_E4M3');
      const [scale] = new Float32Array(scales!.data.buffer);
      expect(scale).toBe(Math.fround(240 / 448));
      const row = [...weight!.data.subarray(0, 256)];
      expect(row.every((code) => (code & 0x7f) < 0x7f)).toBe(true); // no NaN
      expect(Math.max(...row.map((code) => decode(code, 7)))).toBe(448);
      row.forEach((code, i) => {
        // In blocks the second half of the row has a scale of its own, of the same numbers with the other sign.
        expect([i, decode(code, 7) || 0]).toEqual([i, nearest(Math.fround(expected[i]! / scale!)) || 0]);
      });
    },
  );
});

it('a folder of FNUZ codes with scales is read code by code', async () => {
  const codes = Uint8Array.from({ length: 256 }, (_, code) => (code === 0x80 ? 0 : code));
  const records = [...weightsOf(config)].map(([name, { shape, data }]) => ({
    name,
    shape,
    dtype: 'F32' as const,
    data,
  }));
  const others = records.filter(({ name }) => name !== `${Q}.weight`);
  const data = Uint8Array.from({ length: 256 * 256 }, (_, i) => codes[i % 256]!);
  await writeSafetensors(at('model.safetensors'), [
    ...others,
    { name: `${Q}.weight`, dtype: 'F8_E4M3FNUZ', shape: [256, 256], data },
    { name: `${Q}.weight_scale`, dtype: 'F32', shape: [1], data: Float32Array.of(0.3) },
  ]);
  const json = configToHuggingFace(config, { dtype: 'float32', bos: null, eos: null });
  const quantization_config = { quant_method: 'fp8', activation_scheme: 'dynamic' };
  writeFileSync(at('config.json'), JSON.stringify({ ...json, quantization_config }));
  const source = await openModel(folder);
  const values = valuesOf(await source.read(`${Q}.weight`));
  await source.close();
  const expected = Array.from(codes, (code) => Math.fround(decode(code, 8) * Math.fround(0.3)));
  expect([...values.subarray(0, 256)]).toEqual(expected);
});
