/** @file The files of a Hugging Face folder beside its weights. */
import { OctavoError } from '@octavo/formats';
import { INDEX_FILE, listNames, look, readWhole, within, writeFileAtomically } from '@octavo/store';
import type { ModelSource } from './source.ts';

/** A tokenizer's files, and what is said with a model: copied as they are. */
export const COPIED = [
  'tokenizer.json',
  'tokenizer_config.json',
  'special_tokens_map.json',
  'added_tokens.json',
  'tokenizer.model',
  'vocab.json',
  'merges.txt',
  'chat_template.jinja',
  'generation_config.json',
  'LICENSE',
  'LICENSE.txt',
  'NOTICE',
  'USE_POLICY.md',
] as const;

const OWN = new Set<string>([...COPIED, 'config.json', INDEX_FILE]);

/** Whether a folder holds a model's files and nothing else: only then may it be replaced. */
export async function isModelFolder(folder: string): Promise<boolean> {
  const names = await listNames(folder);
  return (
    names.includes('config.json') &&
    names.every((name) => OWN.has(name) || /^model.*\.safetensors$/.test(name))
  );
}

/** Where a run keeps the files of the model that it started from. */
export const KEPT = 'model';

/** Largest file that is copied. */
const LARGEST = 2 ** 28;

/** What the files of `COPIED` that a folder has hold, by name. */
export async function copiedFiles(folder: string): Promise<Map<string, Uint8Array | string>> {
  const files = new Map<string, Uint8Array | string>();
  for (const name of COPIED) {
    const path = within(folder, name);
    const found = await look(path);
    if (found === null) continue;
    if (found.kind !== 'file' || found.size > LARGEST)
      throw new OctavoError(
        `[exchange] ${path}: got ${found.kind === 'file' ? `${found.size} bytes` : 'no plain file'}, expected a file of at most ${LARGEST}`,
        { exitCode: 2 },
      );
    files.set(name, await readWhole(path));
  }
  return files;
}

/** What says of a model more than its weights do, by name: its `config.json`, a tokenizer's files, a licence. */
export async function modelFiles({ json, folder }: ModelSource): Promise<Map<string, Uint8Array | string>> {
  const files = folder === null ? new Map<string, Uint8Array | string>() : await copiedFiles(folder);
  return json === null ? files : files.set('config.json', `${JSON.stringify(json, null, 2)}\n`);
}

/** Keeps them in a run's folder, so that its checkpoints become the same model's folder again. */
export async function keepModelFiles(
  run: string,
  files: ReadonlyMap<string, Uint8Array | string>,
): Promise<void> {
  if (files.size === 0) return;
  for (const [name, content] of files) await writeFileAtomically(within(run, KEPT, name), content);
}
