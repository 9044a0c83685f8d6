/** @file A model as an Arrow checkpoint of weights alone, with which a run may begin. */
import { existsSync } from 'node:fs';
import { OctavoError } from '@octavo/formats';
import { huggingFaceTensors, parameterSpecs } from '@octavo/llama';
import { safetensorsFormats, type TensorRecord, writeCheckpoint } from '@octavo/store';
import { inType } from './output-type.ts';
import type { ModelSource } from './source.ts';

/**
 * Writes it, one of our parameters in memory at a time, each in the type it has (of q, k, v or gate, up that differ:
 * float32). `metadata` is what `@octavo/trainer` wants to know of a checkpoint.
 */
export async function writeCheckpointModel(
  path: string,
  source: ModelSource,
  metadata: Readonly<Record<string, string>>,
  { overwrite }: { readonly overwrite: boolean },
): Promise<void> {
  if (!overwrite && existsSync(path))
    throw new OctavoError(
      `[exchange] ${path} exists already, expected a new file: name another, or allow overwriting (--overwrite)`,
      { exitCode: 2 },
    );
  await writeCheckpoint(path, metadata, parameters(source));
}

async function* parameters(source: ModelSource): AsyncGenerator<TensorRecord> {
  const parts = huggingFaceTensors(source.config);
  const typeOf = new Map(source.tensors.map(({ name, dtype }) => [name, dtype]));
  for (const { name, shape } of parameterSpecs(source.config)) {
    const own = parts.filter(({ parameter }) => parameter === name);
    const [type = 'F32', ...others] = new Set(own.map((part) => typeOf.get(part.name)));
    const common = others.length > 0 || !/^(BF16|F16|F32)$/.test(type) ? 'F32' : type;
    const pieces: Uint8Array[] = [];
    for (const part of own) pieces.push(inType(await source.read(part.name), common));
    const data = pieces.length === 1 ? pieces[0]! : Buffer.concat(pieces);
    yield { name, role: 'weight', format: safetensorsFormats[common]!.name, shape, data };
  }
}
