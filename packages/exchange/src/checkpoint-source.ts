/** @file An Arrow checkpoint's working weights as a model; q, k, v and gate, up are cut out of the matrices they share. */
import { isDeepStrictEqual } from 'node:util';
import type { TokenizerIdentity } from '@octavo/data';
import { decodeArray, type Format, FP32, formatOf, OctavoError, unpackNibbles } from '@octavo/formats';
import {
  configFromHuggingFace,
  type HuggingFaceTensor,
  huggingFaceTensors,
  type LlamaConfig,
  parameterSpecs,
  validateConfig,
} from '@octavo/llama';
import {
  look,
  openCheckpoint,
  parentOf,
  type SafetensorsType,
  type StoredTensor,
  safetensorsFormats,
  within,
} from '@octavo/store';
import { KEPT } from './folder-files.ts';
import { readModelConfig } from './hugging-face-source.ts';
import { lacks, type ModelSource } from './source.ts';

/** Safetensors' name of a number format; undefined where it has none. */
const TYPES = new Map(
  Object.entries(safetensorsFormats).map(([type, format]) => [format.name, type as SafetensorsType]),
);

/** Opens it; `run` is the run's folder, where it lies in one. Throws an `OctavoError` (exit code 2) for what is no model's. */
export async function openCheckpointModel(path: string, run: string | null): Promise<ModelSource> {
  const checkpoint = await openCheckpoint(path);
  try {
    const part = (key: string): unknown => {
      try {
        return JSON.parse(checkpoint.metadata[key] ?? '');
      } catch (cause) {
        throw new OctavoError(
          `[exchange] ${path}: metadata "${key}": got none, expected a checkpoint of a model`,
          {
            ...{ cause, exitCode: 2 },
          },
        );
      }
    };
    const model = part('model');
    const config = validateConfig(Object(model) as never);
    const specs = new Map(parameterSpecs(config).map((spec) => [spec.name, spec]));
    const stored = new Map(
      checkpoint.tensors.filter(({ role }) => role === 'weight').map((tensor) => [tensor.name, tensor]),
    );
    for (const { name, shape } of specs.values()) {
      const found = stored.get(name);
      if (found?.shape.join() !== shape.join())
        throw new OctavoError(
          `[exchange] ${path}: weight "${name}": got ${found ? `shape [${found.shape.slice(0, 8)}]` : 'none'}, expected shape [${shape}]`,
          { exitCode: 2 },
        );
    }
    const typeOf = ({ parameter }: HuggingFaceTensor): SafetensorsType => {
      const type = TYPES.get(stored.get(parameter)!.format);
      return type !== undefined && formatOf(stored.get(parameter)!.format).bits >= 16 ? type : 'F32';
    };
    const parts = huggingFaceTensors(config);
    const tensors = parts.map((one) => ({ name: one.name, shape: one.shape, dtype: typeOf(one) }));
    let last: StoredTensor | undefined; // gate and up are asked for one after the other
    const tokenizer = Object(checkpoint.metadata.tokenizer === undefined ? null : part('tokenizer'));
    const identity =
      typeof tokenizer.name === 'string' && typeof tokenizer.hash === 'string'
        ? (tokenizer as TokenizerIdentity)
        : null;
    const kept = run === null ? null : await keptFiles(run, config);
    const finite = checkpoint.metadata.finite !== 'false';
    return {
      ...{
        kind: 'Arrow checkpoint',
        path,
        config,
        json: kept?.json ?? null,
        tensors,
        folder: kept?.folder ?? null,
      },
      notes: finite ? [] : [`${path} is not finite`],
      tokenizer: {
        places: ['byte', 'llama2', parentOf(path), ...(run === null ? [] : [run])],
        identity,
      },
      async read(name) {
        const part = parts.find((one) => one.name === name);
        if (part === undefined) throw lacks(path, name);
        if (last?.name !== part.parameter) last = await checkpoint.read(part.parameter, 'weight');
        const { shape } = part;
        const rows = shape.length === 1 ? 1 : last.shape[0]!;
        const dtype = typeOf(part);
        const data = dtype === 'F32' ? floats(last) : last.data;
        const width = data.byteLength / rows;
        return { name, shape, dtype, data: data.slice(part.from * width, part.to * width) };
      },
      close: () => checkpoint.close(),
    };
  } catch (error) {
    await checkpoint.close();
    throw error;
  }
}

/** The files of the model that a run started from; null where it began anew, or they are of another shape. */
async function keptFiles(run: string, config: LlamaConfig) {
  const folder = within(run, KEPT);
  if (!(await look(within(folder, 'config.json')))) return null;
  const json = await readModelConfig(folder);
  const { quantization_config: _, ...plain } = json;
  return isDeepStrictEqual(configFromHuggingFace(plain), config) ? { json: plain, folder } : null;
}

/** The bytes of a record's values in float32, scale removed. */
function floats({ format, data, scale }: StoredTensor): Uint8Array<ArrayBuffer> {
  const values = decodeStored(formatOf(format), data, scale[0]);
  return new Uint8Array(values.buffer as ArrayBuffer, values.byteOffset, values.byteLength);
}

/** The numbers of a record's codes, packed as they lie there, scale removed. */
export function decodeStored(format: Format, data: Uint8Array<ArrayBuffer>, scale = 1): Float32Array {
  const codes =
    format.bits === 4
      ? unpackNibbles(data)
      : format.bits === 8
        ? data
        : new { 16: Uint16Array, 32: Uint32Array }[format.bits as 16 | 32](data.buffer);
  if (format === FP32 && scale === 1) return new Float32Array(data.buffer);
  return decodeArray(format, codes, undefined, { scale });
}
