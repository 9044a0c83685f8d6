/** @file A model in whatever file it lies as a checkpoint of weights alone: what evaluates, generates and starts runs takes it. */
import { formatOf, OctavoError } from '@octavo/formats';
import { huggingFaceTensors, parameterSpecs } from '@octavo/llama';
import { type Checkpoint, type SafetensorsType, type StoredTensor, safetensorsFormats } from '@octavo/store';
import { inType } from './output-type.ts';
import type { ModelSource } from './source.ts';

/**
 * It is read where it lies, one of our parameters at a time, each in the type it has (of q, k, v or gate, up that differ:
 * float32). `metadata` is what `@octavo/trainer` wants to know of a checkpoint; closing it closes the source.
 */
export function checkpointOf(source: ModelSource, metadata: Readonly<Record<string, string>>): Checkpoint {
  const parts = huggingFaceTensors(source.config);
  const typeOf = new Map(source.tensors.map(({ name, dtype }) => [name, dtype]));
  const tensors = parameterSpecs(source.config).map(({ name, shape }) => {
    const own = parts.filter(({ parameter }) => parameter === name);
    const [type = 'F32', ...others] = new Set(own.map((part) => typeOf.get(part.name)));
    const common: SafetensorsType =
      others.length > 0 || !/^(BF16|F16|F32)$/.test(type) ? 'F32' : (type as SafetensorsType);
    const format = safetensorsFormats[common]!.name;
    const byteLength = (shape.reduce((a, b) => a * b, 1) * formatOf(format).bits) / 8;
    return { name, role: 'weight', format, shape, byteLength, own, common };
  });
  const find = (name: string, role: string) =>
    tensors.find((tensor) => tensor.name === name && tensor.role === role);
  const read = async (name: string, role: string): Promise<StoredTensor> => {
    const found = find(name, role);
    if (!found)
      throw new OctavoError(`[exchange] ${source.path}: got no ${role} "${name}", expected weights alone`, {
        exitCode: 2,
      });
    const { own, common, format, shape } = found;
    const pieces: Uint8Array<ArrayBuffer>[] = [];
    for (const part of own) pieces.push(inType(await source.read(part.name), common));
    const data = pieces.length === 1 ? pieces[0]! : joined(pieces);
    return { name, role, format, shape, scale: new Float32Array(), data };
  };
  return {
    path: source.path,
    metadata,
    tensors,
    has: (name, role) => find(name, role) !== undefined,
    read,
    async *all() {
      for (const { name, role } of tensors) yield await read(name, role);
    },
    close: () => source.close(),
  };
}

function joined(pieces: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const whole = new Uint8Array(pieces.reduce((n, { length }) => n + length, 0));
  let at = 0;
  for (const piece of pieces) {
    whole.set(piece, at);
    at += piece.length;
  }
  return whole;
}
