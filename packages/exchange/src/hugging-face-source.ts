/** @file A Hugging Face folder, or a safetensors file with its `config.json` beside it, as a model. */
import { readTextFile } from '@octavo/data';
import { OctavoError } from '@octavo/formats';
import { configFromHuggingFace, huggingFaceTensors, matchHuggingFace } from '@octavo/llama';
import {
  openSafetensorsFolder,
  parentOf,
  type SafetensorsFolder,
  type SafetensorsTensor,
  within,
} from '@octavo/store';
import { isQuantized, scaleOf, withoutScale } from './quantize/read.ts';
import { lacks, type ModelSource } from './source.ts';

type Json = Readonly<Record<string, unknown>>;

/** Largest `config.json`. */
const LARGEST = 2 ** 24;

/** The `config.json` in a folder, parsed. Throws an `OctavoError` (exit code 2) where there is none, or it is no object. */
export async function readModelConfig(folder: string): Promise<Json> {
  const path = within(folder, 'config.json');
  const text = await readTextFile(path, 'model’s configuration', { largest: LARGEST });
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (cause) {
    throw new OctavoError(`[exchange] ${path} is not JSON: ${(cause as Error).message}`, {
      cause,
      exitCode: 2,
    });
  }
  if (typeof json === 'object' && json !== null && !Array.isArray(json)) return json as Json;
  throw new OctavoError(`[exchange] ${path}: got no object, expected a model’s configuration`, {
    exitCode: 2,
  });
}

/** Opens it; throws an `OctavoError` (exit code 2) that names what is not a Llama's, as `configFromHuggingFace` and `matchHuggingFace` do. */
export async function openHuggingFace(path: string, isFolder: boolean): Promise<ModelSource> {
  const folder = isFolder ? path : parentOf(path);
  const json = await readModelConfig(folder);
  const quantized = isQuantized(json);
  const { quantization_config: _, compression_config: __, ...plain } = json;
  const config = configFromHuggingFace(quantized ? plain : json);
  const files = await openSafetensorsFolder(path);
  try {
    const expected = huggingFaceTensors(config);
    const all = new Map(files.tensors.map((tensor) => [tensor.name, tensor]));
    const scaled = (name: string): string | undefined => (quantized ? scaleOf(name, all) : undefined);
    const scales = new Set([...all.keys()].map(scaled));
    const inputs = [...all.keys()].filter((name) => quantized && name.endsWith('.input_scale'));
    const given = new Map([...all].filter(([name]) => !scales.has(name) && !inputs.includes(name)));
    const names = matchHuggingFace(config, expected, given, await headComparison(files));
    const homeOf = (name: string): string => {
      const home = names.get(name);
      if (home === undefined) throw lacks(path, name);
      return home;
    };
    for (const [name, { dtype }] of given)
      if (quantized && dtype.startsWith('F8_E') && scaled(name) === undefined)
        throw new OctavoError(
          `[exchange] ${path}: ${name}: got ${dtype} codes without a scale, expected ${name}_scale: octavo doctor says more`,
          { exitCode: 2 },
        );
    const tensors = expected.map(({ name, shape }) => ({
      ...{ name, shape },
      dtype: scaled(homeOf(name))
        ? ('F32' as const)
        : (given.get(homeOf(name))!.dtype as SafetensorsTensor['dtype']),
    }));
    const notes = files.strays.map((name) => `${name} is none of the model's files: left out`);
    if (inputs.length > 0) notes.push(`${inputs.length} scales of activations (input_scale): left out`);
    return {
      ...{
        kind: 'Hugging Face folder',
        path,
        config,
        json: quantized ? plain : json,
        tensors,
        folder,
        notes,
      },
      tokenizer: { places: [folder], identity: null },
      async read(name) {
        const scale = scaled(homeOf(name));
        const tensor = { ...(await files.read(homeOf(name))), name };
        return scale === undefined ? tensor : withoutScale(tensor, await files.read(scale));
      },
      close: () => files.close(),
    };
  } catch (error) {
    await files.close();
    throw error;
  }
}

/** Whether a head equals the embedding, compared a stretch at a time. */
async function headComparison(files: SafetensorsFolder): Promise<() => boolean> {
  const find = (...names: string[]) => files.tensors.find(({ name }) => names.includes(name));
  const head = find('lm_head.weight');
  const embedding = find('model.embed_tokens.weight', 'embed_tokens.weight');
  const same =
    head !== undefined &&
    embedding !== undefined &&
    head.dtype === embedding.dtype &&
    head.shape.join() === embedding.shape.join() &&
    (await sameData(files, head.name, embedding.name, head.byteLength));
  return () => same;
}

async function sameData(files: SafetensorsFolder, a: string, b: string, length: number): Promise<boolean> {
  const STRETCH = 2 ** 22;
  for (let at = 0; at < length; at += STRETCH) {
    const end = Math.min(length, at + STRETCH);
    const [one, other] = [await files.readRange(a, at, end), await files.readRange(b, at, end)];
    if (Buffer.compare(one, other) !== 0) return false;
  }
  return true;
}
