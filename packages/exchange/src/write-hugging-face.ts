/** @file A model as a Hugging Face folder, whole or not at all. */
import { join } from 'node:path';
import { type Tokenizer, tokenizerFiles } from '@octavo/data';
import { configToHuggingFace } from '@octavo/llama';
import {
  entryBytes,
  type SafetensorsRecord,
  type SafetensorsType,
  writeFileAtomically,
  writeFolder,
  writeSafetensorsFolder,
} from '@octavo/store';
import { copiedFiles, isModelFolder } from './folder-files.ts';
import { inType, type OutputType, outputTypes, torchType } from './output-type.ts';
import type { ModelSource } from './source.ts';

export interface WriteOptions {
  /** Null: every tensor in the type it has. */
  readonly dtype: OutputType | null;
  /** Most bytes of a shard. */
  readonly shardBytes: number;
  /** Replace a model's folder that stands there. */
  readonly overwrite: boolean;
  /** The model's, if it is known; null: the files of the source's folder are copied. */
  readonly tokenizer: Tokenizer | null;
}

export interface Written {
  /** Names of the files with weights, and their index. */
  readonly files: readonly string[];
  readonly tensors: number;
  readonly bytes: number;
}

/** Weights to write, and what `config.json` says of them. */
export interface Weights {
  readonly records: readonly SafetensorsRecord[];
  readonly json: Readonly<Record<string, unknown>>;
}

/** Writes it; one tensor is in memory at a time. Throws an `OctavoError` where the folder may not be replaced. */
export async function writeHuggingFace(
  folder: string,
  source: ModelSource,
  options: WriteOptions,
  weights: Weights = { records: recordsOf(source, options.dtype), json: {} },
): Promise<Written> {
  const { tokenizer, overwrite, shardBytes } = options;
  const { records } = weights;
  return writeFolder(folder, { what: 'a model', is: isModelFolder, overwrite }, async (temporary) => {
    const files =
      source.folder === null ? new Map<string, Uint8Array | string>() : await copiedFiles(source.folder);
    if (tokenizer && !files.has('tokenizer.json')) {
      const made = await tokenizerFiles(tokenizer);
      if (made) files.set('tokenizer.json', made.tokenizer);
      if (made?.config) files.set('tokenizer_config.json', made.config);
      if (made?.template) files.set('chat_template.jinja', made.template);
    }
    const ids = { bos: tokenizer?.bos ?? null, eos: tokenizer?.eos ?? null };
    const dtype = torchType(mainType(records));
    const json = source.json
      ? { ...withoutType(source.json), torch_dtype: dtype }
      : configToHuggingFace(source.config, { dtype, ...ids });
    const text = (value: unknown): string => `${JSON.stringify(value, null, 2)}\n`;
    files.set('config.json', text({ ...json, ...weights.json }));
    if (!files.has('generation_config.json'))
      files.set(
        'generation_config.json',
        text({ _from_model_config: true, bos_token_id: json.bos_token_id, eos_token_id: json.eos_token_id }),
      );
    for (const [name, content] of files) await writeFileAtomically(join(temporary, name), content);
    const written = await writeSafetensorsFolder(temporary, records, {
      shardBytes,
      metadata: { format: 'pt' },
    });
    const bytes = records.reduce((sum, record) => sum + entryBytes(record), 0);
    return { files: written, tensors: records.length, bytes };
  });
}

/** The source's tensors in a type, or each in its own. */
export const recordsOf = (source: ModelSource, dtype: OutputType | null): readonly SafetensorsRecord[] =>
  source.tensors.map((tensor) => {
    const type = dtype === null ? tensor.dtype : outputTypes[dtype].type;
    return {
      ...{ name: tensor.name, shape: tensor.shape, dtype: type },
      data: async () => inType(await source.read(tensor.name), type),
    };
  });

const withoutType = ({ dtype: _, torch_dtype: __, ...json }: Readonly<Record<string, unknown>>) => json;

/** The type of most of the elements in 16 bits and more. */
function mainType(records: readonly SafetensorsRecord[]): SafetensorsType {
  const bytes = new Map<SafetensorsType, number>();
  for (const record of records)
    if (/^(BF16|F16|F32)$/.test(record.dtype))
      bytes.set(record.dtype, (bytes.get(record.dtype) ?? 0) + entryBytes(record));
  return [...bytes].sort(([, a], [, b]) => b - a)[0]?.[0] ?? 'F32';
}
