/** @file The model that a path means. */
import { extname } from 'node:path';
import { OctavoError } from '@octavo/formats';
import { absolute, look, nameOf, newestWholeCheckpoint, parentOf, within } from '@octavo/store';
import { openCheckpointModel } from './checkpoint-source.ts';
import { openHuggingFace } from './hugging-face-source.ts';
import { openLlama2c } from './llama2c-source.ts';
import type { ModelSource } from './source.ts';

/**
 * Opens a Hugging Face folder, a safetensors file beside its `config.json`, an Arrow checkpoint, a run's folder (its newest
 * whole checkpoint) or a llama2.c `.bin`. Throws an `OctavoError` (exit code 2) that says what the path is instead.
 */
export async function openModel(path: string): Promise<ModelSource> {
  const found = await look(path);
  if (found === null)
    throw new OctavoError(`[exchange] ${path} cannot be read: got no such file or folder, expected a model`, {
      exitCode: 2,
    });
  if (found.kind === 'folder') {
    const checkpoints = [within(path, 'checkpoints'), path];
    for (const folder of (await look(within(path, 'config.json'))) ? [] : checkpoints) {
      const { newest } = await newestWholeCheckpoint(folder);
      if (newest) return openCheckpointModel(newest.path, path);
    }
    return openHuggingFace(path, true);
  }
  switch (extname(path)) {
    case '.arrow': {
      const folder = parentOf(absolute(path));
      return openCheckpointModel(path, nameOf(folder) === 'checkpoints' ? parentOf(folder) : null);
    }
    case '.safetensors':
      return openHuggingFace(path, false);
    case '.bin':
      return openLlama2c(path);
    default:
      throw new OctavoError(
        `[exchange] ${path} is no model: got "${nameOf(path)}", expected a folder, or a file .arrow, .safetensors or .bin (llama2.c)`,
        { exitCode: 2 },
      );
  }
}
