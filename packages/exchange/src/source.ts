/** @file A model in whatever file it lies: its configuration, and its tensors under Hugging Face's names, one at a time. */
import type { TokenizerIdentity } from '@octavo/data';
import { OctavoError } from '@octavo/formats';
import { fromInterleaved, type LlamaConfig } from '@octavo/llama';
import { decodeSafetensors, type SafetensorsEntry, type SafetensorsTensor } from '@octavo/store';

/** Where a tokenizer may be found. */
export interface TokenizerHint {
  /** Places as `loadTokenizer` takes them, the likeliest last. */
  readonly places: readonly string[];
  /** Which it has to be; null: whatever lies there. */
  readonly identity: TokenizerIdentity | null;
}

/** An open model. Close it afterwards. */
export interface ModelSource {
  readonly kind: 'Hugging Face folder' | 'Arrow checkpoint' | 'llama2.c file';
  readonly path: string;
  readonly config: LlamaConfig;
  /** `config.json` as it stands, where there is one. */
  readonly json: Readonly<Record<string, unknown>> | null;
  /** Every tensor of the model, in the order of `huggingFaceTensors`; its type is the one that `read` gives. */
  readonly tensors: readonly SafetensorsEntry[];
  /** What is left out, in sentences for people. */
  readonly notes: readonly string[];
  readonly tokenizer: TokenizerHint;
  /** A folder with more of the model's files (a tokenizer's, a licence); null where there is none. */
  readonly folder: string | null;
  /** One tensor as it is stored. */
  read(name: string): Promise<SafetensorsTensor>;
  close(): Promise<void>;
}

/** A tensor's values in float32. */
export function valuesOf({ dtype, data }: Pick<SafetensorsTensor, 'dtype' | 'data'>): Float32Array {
  const values = decodeSafetensors(dtype, data);
  return values instanceof Float32Array ? values : Float32Array.from(values);
}

/** `openModel` gave no such tensor. */
export const lacks = (path: string, name: string): OctavoError =>
  new OctavoError(`[exchange] ${path}: got no tensor "${name}"`, { exitCode: 2 });

/** Float32 values as a tensor; rows of q and k in Meta's order are put into Hugging Face's. */
export function tensorOf(
  { name, shape }: Omit<SafetensorsEntry, 'dtype'>,
  values: Float32Array<ArrayBuffer>,
  interleavedHeads: number | null,
): SafetensorsTensor {
  const ordered =
    interleavedHeads === null
      ? values
      : fromInterleaved(values, { heads: interleavedHeads, width: shape[1]! });
  return { name, shape, dtype: 'F32', data: new Uint8Array(ordered.buffer as ArrayBuffer) };
}
