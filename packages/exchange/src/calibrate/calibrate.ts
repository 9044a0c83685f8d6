/** @file What flows into a model's matrices on text: the model is run in float32, one block in memory at a time. */
import { setImmediate } from 'node:timers/promises';
import { FP32, OctavoError } from '@octavo/formats';
import { amax, createScope, type Device, type Tensor } from '@octavo/kernels';
import {
  createLlama,
  destroyLlama,
  fromHuggingFace,
  huggingFaceTensors,
  type Llama,
  type LlamaConfig,
  throughBlocks,
  within,
} from '@octavo/llama';
import { apply, createPrecision, destroyPrecision, type Precision, recipeOf, variable } from '@octavo/nn';
import { type ModelSource, valuesOf } from '../source.ts';

/**
 * Largest magnitudes of what a matrix is multiplied with, channel by channel (`[in]`), by the name of our parameter:
 * `layers.0.down` is that of SwiGLU's output.
 */
export type ChannelMaxima = ReadonlyMap<string, Float32Array>;

/** Sequences of tokens, each from position 0. */
export type Windows = readonly Int32Array[];

/**
 * Runs the model over `windows` and gives the maxima of all its matrices' inputs. Throws an `OctavoError` (exit code 2) where
 * an activation is not finite, and (exit code 0) once `signal` is aborted. Memory: `calibrationBytes`.
 */
export async function calibrate(
  source: ModelSource,
  device: Device,
  windows: Windows,
  signal?: AbortSignal,
): Promise<ChannelMaxima> {
  const config = oneBlock(source.config, windows);
  const maxima = new Map<string, Float32Array>();
  const hidden = await embedded(source, windows);
  for (let layer = 0; layer < source.config.layers; layer++) {
    const precision = createPrecision(device, recipeOf('fp32'));
    const block = await blockOf(source, config, layer, precision);
    for (const [i, values] of hidden.entries()) {
      await setImmediate(); // host devices compute on this thread: without a turn no interrupt is heard
      if (signal?.aborted)
        throw new OctavoError('[exchange] interrupted while it calibrated', { exitCode: 0 });
      const ran = await runBlock(block, values);
      hidden[i] = ran.hidden;
      for (const [name, seen] of ran.maxima) raise(maxima, `layers.${layer}.${name}`, seen);
    }
    destroyLlama(block);
    destroyPrecision(precision);
  }
  return maxima;
}

/** The model's shape with a block, a row of embedding, and positions as far as the windows go. */
const oneBlock = (config: LlamaConfig, windows: Windows): LlamaConfig => ({
  ...config,
  ...{ layers: 1, vocabularySize: 1, tiedHead: true },
  contextLength: Math.max(...windows.map(({ length }) => length)),
});

/** What the first block is given: `[T, D]` a window. */
async function embedded({ config, read }: ModelSource, windows: Windows): Promise<Float32Array[]> {
  const { hiddenSize: width } = config;
  const table = valuesOf(await read('model.embed_tokens.weight'));
  return windows.map((tokens) => {
    const values = new Float32Array(tokens.length * width);
    for (const [i, token] of tokens.entries())
      values.set(table.subarray(token * width, (token + 1) * width), i * width);
    return values;
  });
}

/** Block `layer` as a model of its own. */
async function blockOf(
  source: ModelSource,
  config: LlamaConfig,
  layer: number,
  precision: Precision,
): Promise<Llama> {
  const weights = new Map<string, Float32Array>();
  for (const { name, shape } of huggingFaceTensors(config)) {
    const isBlock = name.startsWith('model.layers.0.');
    const own = name.replace(/^model\.layers\.0/, `model.layers.${layer}`);
    weights.set(
      name,
      isBlock ? valuesOf(await source.read(own)) : new Float32Array(shape.reduce((a, b) => a * b, 1)),
    );
  }
  return createLlama(config, precision, { values: fromHuggingFace(config, weights) });
}

/** One window through a block, and the maxima of what its four matrices were given. */
async function runBlock(
  block: Llama,
  values: Float32Array,
): Promise<{ readonly hidden: Float32Array; readonly maxima: ReadonlyMap<string, Float32Array> }> {
  const { device, precision, config } = block;
  const scope = createScope(device);
  const upload = (shape: readonly number[], numbers: ArrayLike<number>): Tensor => {
    const tensor = scope.alloc(shape, FP32);
    device.write(tensor, numbers);
    return tensor;
  };
  const rows = values.length / config.hiddenSize;
  const seen = new Map<string, Tensor>();
  precision.onOperand = ({ name, operand }, x) => {
    if (operand === 'input')
      seen.set(name, apply({ device, scope }, amax, { blockRows: rows, blockColumns: 1 }, [x], FP32)); // [1, in]
  };
  try {
    const positions = upload(
      [rows],
      Float32Array.from({ length: rows }, (_, i) => i),
    );
    const x = variable(upload([rows, config.hiddenSize], values));
    const context = { device, scope, tape: null, precision };
    const y = throughBlocks(block, context, x, { positions }, within(block, { batch: 1, sequence: rows }));
    const maxima = new Map<string, Float32Array>();
    for (const [name, tensor] of seen) maxima.set(name, await device.read(tensor));
    return { hidden: await device.read(y.value), maxima };
  } finally {
    precision.onOperand = null;
    scope.release();
  }
}

function raise(maxima: Map<string, Float32Array>, name: string, seen: Float32Array): void {
  const wrong = seen.find((value) => !Number.isFinite(value));
  if (wrong !== undefined)
    throw new OctavoError(
      `[exchange] activations of ${name}: got ${wrong} on the calibration text, expected finite numbers`,
      { exitCode: 2 },
    );
  const before = maxima.get(name);
  maxima.set(name, before ? before.map((value, i) => Math.max(value, seen[i]!)) : seen);
}

/** About the bytes that `calibrate` takes beside the model's file: a block three times (twice while it is loaded), the embedding, what is between the blocks. */
export function calibrationBytes(config: LlamaConfig, windows: Windows): number {
  const { hiddenSize: d, ffnSize: f, vocabularySize: v, heads } = config;
  const own = oneBlock(config, windows);
  const count = (shape: readonly number[]): number => shape.reduce((a, b) => a * b, 1);
  const block = huggingFaceTensors(own).reduce((sum, { shape }) => sum + count(shape), 0);
  const tokens = windows.reduce((sum, { length }) => sum + length, 0);
  const window = own.contextLength * (8 * d + 4 * f + heads * own.contextLength);
  return 4 * (Math.max(3 * block + window, 1.5 * v * d) + 2 * tokens * d);
}
