/** @file The model that a path means. */

import { existsSync } from 'node:fs';
import { stat } from 'node:fs/promises';
import { basename, dirname, extname, join, resolve } from 'node:path';
import { OctavoError } from '@octavo/formats';
import { newestWholeCheckpoint } from '@octavo/store';
import { openCheckpointModel } from './checkpoint-source.ts';
import { openHuggingFace } from './hugging-face-source.ts';
import { openLlama2c } from './llama2c-source.ts';
import type { ModelSource } from './source.ts';

/**
 * Opens a Hugging Face folder, a safetensors file beside its `config.json`, an Arrow checkpoint, a run's folder (its newest
 * whole checkpoint) or a llama2.c `.bin`. Throws an `OctavoError` (exit code 2) that says what the path is instead.
 */
export async function openModel(path: string): Promise<ModelSource> {
  const kind = await stat(path).catch((cause) => {
    throw new OctavoError(
      `[exchange] ${path} cannot be read: got ${cause.code === 'ENOENT' ? 'no such file or folder' : cause.code}, expected a model`,
      { cause, exitCode: 2 },
    );
  });
  if (kind.isDirectory()) {
    const checkpoints = [join(path, 'checkpoints'), path];
    for (const folder of existsSync(join(path, 'config.json')) ? [] : checkpoints) {
      const { newest } = await newestWholeCheckpoint(folder);
      if (newest) return openCheckpointModel(newest.path, path);
    }
    return openHuggingFace(path, true);
  }
  switch (extname(path)) {
    case '.arrow': {
      const folder = dirname(resolve(path));
      return openCheckpointModel(path, basename(folder) === 'checkpoints' ? dirname(folder) : null);
    }
    case '.safetensors':
      return openHuggingFace(path, false);
    case '.bin':
      return openLlama2c(path);
    default:
      throw new OctavoError(
        `[exchange] ${path} is no model: got "${basename(path)}", expected a folder, or a file .arrow, .safetensors or .bin (llama2.c)`,
        { exitCode: 2 },
      );
  }
}
