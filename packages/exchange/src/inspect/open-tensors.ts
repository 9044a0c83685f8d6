/** @file The tensors that a path means, of whatever model. */
import { extname } from 'node:path';
import { formats, OctavoError } from '@octavo/formats';
import {
  type Checkpoint,
  type IndexedTensor,
  look,
  newestWholeCheckpoint,
  openCheckpoint,
  within,
} from '@octavo/store';
import { decodeStored } from '../checkpoint-source.ts';
import { openLlama2c } from '../llama2c-source.ts';
import { type ModelSource, valuesOf } from '../source.ts';
import { recently } from './recently.ts';
import { openSafetensorsTensors } from './safetensors-tensors.ts';
import { type ListedTensor, matrixOf, type TensorFile } from './tensors.ts';

/**
 * Opens a folder of safetensors, a safetensors file, an Arrow checkpoint, a run's folder (its newest whole checkpoint) or a
 * llama2.c `.bin`. Of a checkpoint the working weights, with `all` the optimizer's tensors too. Throws an `OctavoError`
 * (exit code 2) that says what the path is instead.
 */
export async function openTensors(path: string, { all = false } = {}): Promise<TensorFile> {
  const found = await look(path);
  if (found === null)
    throw new OctavoError(`[exchange] ${path} cannot be read: got no such file or folder, expected a model`, {
      exitCode: 2,
    });
  if (found.kind === 'folder') {
    if (!(await look(within(path, 'config.json'))))
      for (const folder of [within(path, 'checkpoints'), path]) {
        const { newest } = await newestWholeCheckpoint(folder);
        if (newest) return checkpointTensors(await openCheckpoint(newest.path), all);
      }
    return openSafetensorsTensors(path, true);
  }
  const end = extname(path);
  if (end === '.arrow') return checkpointTensors(await openCheckpoint(path), all);
  if (end === '.safetensors') return openSafetensorsTensors(path, false);
  if (end === '.bin') return modelTensors(await openLlama2c(path));
  throw new OctavoError(
    `[exchange] ${path} holds no tensors: got a file "${end}", expected a folder, or a file .arrow, .safetensors or .bin (llama2.c)`,
    { exitCode: 2 },
  );
}

/** Histories and random states are no tensors of the model. */
const STATE = new Set(['amax-history', 'rng']);

function checkpointTensors(checkpoint: Checkpoint, all: boolean): TensorFile {
  const shown = checkpoint.tensors.filter(({ role }) => (all ? !STATE.has(role) : role === 'weight'));
  const read = recently(({ name, role }: IndexedTensor) => checkpoint.read(name, role), 1);
  const listed = (tensor: IndexedTensor): ListedTensor => {
    const { name, role, format: dtype, shape } = tensor;
    const about = { name, role, dtype, shape, decoded: null };
    const format = Object.hasOwn(formats, dtype) ? formats[dtype]! : null;
    if (format === null) return { ...about, values: null, skipped: `${dtype} is no float format` };
    return {
      ...about,
      skipped: null,
      values: {
        ...matrixOf(shape),
        async read(begin, end) {
          const { data, scale } = await read(tensor);
          const bytes = data.slice((begin * format.bits) / 8, Math.ceil((end * format.bits) / 8));
          return decodeStored(format, bytes, scale[0]).subarray(0, end - begin);
        },
      },
      async history(to) {
        const key = checkpoint.tensors.find(
          (one) =>
            role === 'weight' && one.role === 'amax-history' && one.name.startsWith(`${name}.weight.${to}.`),
        );
        if (key === undefined) return [];
        const { data } = await checkpoint.read(key.name, key.role);
        return Array.from(new Float32Array(data.buffer));
      },
    };
  };
  return {
    ...{ kind: 'Arrow checkpoint', path: checkpoint.path, tensors: shown.map(listed) },
    ...{ leftOut: checkpoint.tensors.length - shown.length, notes: [] },
    close: () => checkpoint.close(),
  };
}

/** A model whose tensors are read whole. */
function modelTensors(source: ModelSource): TensorFile {
  const valuesBy = recently(async (name: string) => valuesOf(await source.read(name)));
  return {
    ...{ kind: source.kind, path: source.path, leftOut: 0, notes: source.notes },
    tensors: source.tensors.map(({ name, dtype, shape }) => ({
      ...{ name, role: null, dtype, shape, decoded: null, skipped: null },
      values: {
        ...matrixOf(shape),
        read: async (begin, end) => (await valuesBy(name)).slice(begin, end),
      },
    })),
    close: () => source.close(),
  };
}
