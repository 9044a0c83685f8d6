/** @file The weights of a checkpoint, each of the shape that the model says, and the model that they make. */
import { OctavoError } from '@octavo/formats';
import {
  checkModel,
  createParameter,
  type Llama,
  type LlamaConfig,
  llamaOf,
  type ParameterSpec,
  parameterSpecs,
} from '@octavo/llama';
import type { Parameter, Precision } from '@octavo/nn';
import type { Checkpoint, StoredTensor } from '@octavo/store';
import { valuesOf } from './records.ts';

/** The model of a checkpoint, one parameter in float32 at a time. */
export async function readModel(
  checkpoint: Checkpoint,
  config: LlamaConfig,
  precision: Precision,
): Promise<Llama> {
  checkModel(config, precision);
  const parameters: Parameter[] = [];
  for (const spec of parameterSpecs(config))
    parameters.push(createParameter(precision, spec, await readWeight(checkpoint, spec)));
  return llamaOf(config, precision, parameters);
}

/** The values of a working weight. */
export const readWeight = async (
  checkpoint: Checkpoint,
  spec: Pick<ParameterSpec, 'name' | 'shape'>,
): Promise<Float32Array> => valuesOf(await readRecord(checkpoint, spec, 'weight'));

/** A record of the expected shape (and format). */
export async function readRecord(
  checkpoint: Checkpoint,
  { name, shape }: { name: string; shape: readonly number[] },
  role: string,
  format?: string,
): Promise<StoredTensor> {
  const record = await checkpoint.read(name, role);
  if (JSON.stringify(record.shape) !== JSON.stringify(shape)) {
    throw new OctavoError(
      `[trainer] ${checkpoint.path}: ${role} "${name}": got shape [${record.shape}], expected [${shape}]`,
      { exitCode: 2 },
    );
  }
  if (format && record.format !== format) {
    throw new OctavoError(
      `[trainer] ${checkpoint.path}: ${role} "${name}": got format ${record.format}, expected ${format}`,
      { exitCode: 2 },
    );
  }
  return record;
}
