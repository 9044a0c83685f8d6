import { FP32 } from '@octavo/formats';
import { createReferenceDevice, createScope, type Device, sortTokens, type Tensor } from '@octavo/kernels';
import { beginStep, type Context, createPrecision, createTape, endStep, type Recipe } from '@octavo/nn';
import { createLlama, forward, type Llama, type LlamaConfig, lossOf } from '../src/index.ts';

export const upload = (device: Device, values: ArrayLike<number>): Tensor => {
  const tensor = device.alloc([values.length], FP32);
  device.write(tensor, values);
  return tensor;
};

export interface Pass {
  readonly loss: number;
  readonly logits: Float32Array;
  readonly gradients: ReadonlyMap<string, Float32Array>;
  readonly amaxes: Float32Array;
}

/** A small model on the reference device (or another), and a forward and backward pass over fixed tokens. */
export function buildModel(
  config: LlamaConfig,
  recipe: Recipe,
  options: { seed?: number; device?: Device; values?: (name: string) => Float32Array | undefined } = {},
): Llama {
  const device = options.device ?? createReferenceDevice();
  return createLlama(config, createPrecision(device, recipe), {
    seed: options.seed ?? 1,
    ...(options.values && { values: options.values }),
  });
}

export function batchOf(model: Llama, rows: readonly (readonly number[])[]) {
  const { device, config } = model;
  const tokens = rows.flatMap((row) => row.slice(0, -1));
  const targets = rows.flatMap((row) => row.slice(1));
  const sequence = rows[0]!.length - 1;
  const { order, starts } = sortTokens(tokens, config.vocabularySize);
  const input = {
    batch: rows.length,
    sequence,
    tokens: upload(device, tokens),
    order: upload(device, order),
    starts: upload(device, starts),
    positions: upload(
      device,
      tokens.map((_, i) => i % sequence),
    ),
  };
  return { input, targets };
}

export async function passOf(model: Llama, rows: readonly (readonly number[])[], step = 0): Promise<Pass> {
  const { device, precision } = model;
  const { input, targets } = batchOf(model, rows);
  const scope = createScope(device);
  const recording = beginStep(precision, scope, { step, seed: 1, microBatches: 1, sample: false });
  for (const parameter of model.parameters) parameter.grad = null;
  const context: Context = { device, scope, tape: createTape(), precision };
  const logits = await device.read(forward(model, { ...context, tape: null }, input).value);
  const loss = lossOf(model, context, input, upload(device, targets), upload(device, [1 / targets.length]));
  context.tape!.backward();
  const gradients = new Map<string, Float32Array>();
  for (const p of model.parameters) gradients.set(p.name, await device.read(p.grad!));
  const amaxes = (await device.read(recording.amaxes)).subarray(0, precision.sites.length);
  const [sum] = await device.read(loss);
  endStep(precision, amaxes);
  scope.release();
  return { loss: sum! / targets.length, logits, gradients, amaxes };
}

/** Rows of tokens that depend on nothing but their place. */
export const tokenRows = (count: number, length: number, vocabulary: number): number[][] =>
  Array.from({ length: count }, (_, r) =>
    Array.from({ length }, (_, i) => (r * 7919 + i * i * 31 + i * 17) % vocabulary),
  );
