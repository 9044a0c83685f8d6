/** @file A llama2.c file as a model. */
import { open, stat } from 'node:fs/promises';
import { OctavoError } from '@octavo/formats';
import { huggingFaceTensors, LLAMA2C_HEADER, llama2cLayout } from '@octavo/llama';
import { lacks, type ModelSource, tensorOf } from './source.ts';

/** Opens it; throws an `OctavoError` (exit code 2) where its sizes are not those of the file. */
export async function openLlama2c(path: string): Promise<ModelSource> {
  const { size } = await stat(path);
  const handle = await open(path, 'r');
  const read = async (at: number, length: number): Promise<Uint8Array<ArrayBuffer>> => {
    const data = new Uint8Array(length);
    let done = 0;
    while (done < length) {
      const { bytesRead } = await handle.read(data, done, length - done, at + done);
      if (bytesRead === 0)
        throw new OctavoError(`[exchange] ${path} is cut off at ${at + done}`, { exitCode: 2 });
      done += bytesRead;
    }
    return data;
  };
  try {
    const layout = llama2cLayout(await read(0, Math.min(size, LLAMA2C_HEADER)), size);
    const places = new Map(layout.tensors.map((tensor) => [tensor.name, tensor]));
    const tensors = huggingFaceTensors(layout.config).map(({ name, shape }) => ({
      name,
      shape,
      dtype: 'F32' as const,
    }));
    return {
      ...{ kind: 'llama2.c file', path, config: layout.config, json: null, tensors, notes: [], folder: null },
      tokenizer: { places: ['llama2'], identity: null },
      async read(name) {
        const tensor = places.get(name);
        if (tensor === undefined) throw lacks(path, name);
        const { offset, shape, interleavedHeads } = tensor;
        const bytes = await read(offset, 4 * shape.reduce((a, b) => a * b, 1));
        return tensorOf(tensor, new Float32Array(bytes.buffer), interleavedHeads);
      },
      close: () => handle.close(),
    };
  } catch (error) {
    await handle.close();
    throw error;
  }
}
