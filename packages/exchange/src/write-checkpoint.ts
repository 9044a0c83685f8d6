/** @file A model as an Arrow checkpoint of weights alone, with which a run may begin. */
import { OctavoError } from '@octavo/formats';
import { look, writeCheckpoint } from '@octavo/store';
import { checkpointOf } from './as-checkpoint.ts';
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
  if (!overwrite && (await look(path)))
    throw new OctavoError(
      `[exchange] ${path} exists already, expected a new file: name another, or allow overwriting (--overwrite)`,
      { exitCode: 2 },
    );
  await writeCheckpoint(path, metadata, checkpointOf(source, metadata).all());
}
