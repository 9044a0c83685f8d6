/** @file Text one token at a time: keys and values of earlier tokens are kept, not computed again. */
import { counterRandom, FP32, OctavoError } from '@octavo/formats';
import { attentionCached, createScope, type Tensor } from '@octavo/kernels';
import { activationFormat, apply, type Context, variable, writeScales } from '@octavo/nn';
import { headDimOf } from './config.ts';
import { headsOf, type Llama, logitsOf } from './model.ts';

/** Keys and values of the tokens so far: per block `[contextLength, 2 · KV · hd]`, a row being `k | v`. */
export interface Cache {
  readonly blocks: readonly Tensor[];
  length: number;
}

export function createCache(model: Llama): Cache {
  const { config, device } = model;
  const width = 2 * config.keyValueHeads * headDimOf(config);
  const format = activationFormat(model);
  return { blocks: model.blocks.map(() => device.alloc([config.contextLength, width], format)), length: 0 };
}

export function destroyCache(model: Llama, cache: Cache): void {
  for (const block of cache.blocks) model.device.free(block);
}

/** Feeds one token and resolves to the logits of the next, float32 `[V]`. Throws where the context is full. */
export async function nextLogits(model: Llama, cache: Cache, token: number): Promise<Float32Array> {
  const { config, device, precision } = model;
  const { length } = cache;
  if (length >= config.contextLength) {
    throw new OctavoError(
      `[llama] the context is full: got token ${length + 1}, expected at most ${config.contextLength}`,
    );
  }
  const scope = createScope(device);
  const context: Context = { device, scope, tape: null, precision };
  const [tokens, positions] = [scope.alloc([1], FP32), scope.alloc([1], FP32)];
  device.write(tokens, [token]);
  device.write(positions, [length]);
  const attributes = { ...headsOf(config), capacity: config.contextLength };
  const logits = logitsOf(model, context, { tokens, positions }, ({ value: qkv }, block) => {
    const kept = cache.blocks[block]!; // [contextLength, 2 KV hd]
    const width = kept.shape[1]!;
    device.copy(kept, qkv, { from: config.hiddenSize, to: length * width, length: width });
    const inputs = [qkv, kept, positions];
    const mixed = apply(context, attentionCached, attributes, inputs, activationFormat(context)); // [1, H hd]
    scope.drop(qkv);
    return variable(mixed);
  });
  const values = await device.read(logits.value);
  scope.release();
  cache.length += 1;
  return values;
}

/** How the next token is chosen: temperature 0 takes the most probable. */
export interface Sampling {
  readonly temperature: number;
  readonly seed: number;
  /** Draw among the `topK` most probable only; 0 means all. */
  readonly topK?: number;
}

/**
 * An index drawn from softmax(logits / temperature), the same for the same (seed, position). −∞ is never drawn.
 * Throws for logits of which one is NaN or +∞, or none is finite: a model that diverged has no most probable token.
 */
export function sample(logits: ArrayLike<number>, sampling: Sampling, position: number): number {
  checkSampling(sampling);
  let best = 0;
  for (let i = 0; i < logits.length; i++) {
    const logit = logits[i]!;
    if (!(logit < Number.POSITIVE_INFINITY)) refuseLogits(`${logit} for token ${i}`);
    if (logit > logits[best]!) best = i;
  }
  if (!Number.isFinite(logits[best])) refuseLogits(logits.length === 0 ? 'none' : 'none that is finite');
  if (sampling.temperature === 0) return best;
  const order = Array.from(logits, (_, i) => i).sort((a, b) => logits[b]! - logits[a]! || a - b);
  const candidates = sampling.topK ? order.slice(0, sampling.topK) : order;
  const weights = candidates.map((i) => Math.exp((logits[i]! - logits[best]!) / sampling.temperature));
  let left = (counterRandom(sampling.seed, position) / 2 ** 32) * weights.reduce((a, b) => a + b, 0);
  for (const [at, i] of candidates.entries()) {
    left -= weights[at]!;
    if (left < 0) return i;
  }
  return candidates[candidates.length - 1]!;
}

function checkSampling({ temperature, topK = 0 }: Sampling): void {
  const refuse = (what: string, got: number, expected: string): never => {
    throw new OctavoError(`[llama] ${what}: got ${got}, expected ${expected}`, { exitCode: 2 });
  };
  if (!(temperature >= 0 && Number.isFinite(temperature)))
    refuse('temperature', temperature, 'a number of at least 0');
  if (!(Number.isInteger(topK) && topK >= 0)) refuse('topK', topK, 'an integer of at least 0');
}

function refuseLogits(got: string): never {
  throw new OctavoError(
    `[llama] logits: got ${got}, expected finite numbers: the model has diverged, take an earlier checkpoint`,
  );
}

/**
 * Yields up to `count` tokens that continue `prompt` (at least one token), fewer where `stop` is drawn. Only tokens
 * below `vocabulary` are drawn: a model may have room for more than its tokenizer has.
 * When the context is full, the older half of the text is dropped, except its first `keep` tokens (default 1; llama.cpp's
 * `n_keep`), and the rest is read again: without its first token a text's continuation gets worse.
 * Directly after `stop`, which in some vocabularies also begins texts, `stop` is not drawn: a text is never empty.
 */
export async function* generate(
  model: Llama,
  prompt: readonly number[],
  options: Sampling & { count: number; stop?: number | null; vocabulary?: number; keep?: number },
): AsyncGenerator<number> {
  const { contextLength, vocabularySize } = model.config;
  if (prompt.length === 0)
    throw new OctavoError('[llama] generate: got an empty prompt, expected at least one token', {
      exitCode: 2,
    });
  for (const token of prompt) {
    if (!(token >= 0 && token < vocabularySize)) {
      throw new OctavoError(`[llama] generate: got token ${token}, expected 0 to ${vocabularySize - 1}`, {
        exitCode: 2,
      });
    }
  }
  const text = [...prompt];
  writeScales(model.precision);
  const cache = createCache(model);
  try {
    const { keep = 1 } = options;
    let pending = latest(text, contextLength, keep);
    for (let made = 0; made < options.count; made++) {
      if (cache.length + pending.length > contextLength) {
        cache.length = 0;
        pending = latest(text, Math.ceil(contextLength / 2), keep);
      }
      let logits = new Float32Array();
      for (const token of pending)
        logits = (await nextLogits(model, cache, token)) as Float32Array<ArrayBuffer>;
      const { stop = null } = options;
      if (stop !== null && text[text.length - 1] === stop) logits[stop] = Number.NEGATIVE_INFINITY;
      const next = sample(logits.subarray(0, options.vocabulary), options, text.length);
      if (next === stop) return;
      yield next;
      text.push(next);
      pending = [next];
    }
  } finally {
    destroyCache(model, cache);
  }
}

/** The end of a text, `length` tokens at most, the first `keep` of which are those the text begins with. */
function latest(text: readonly number[], length: number, keep: number): number[] {
  if (text.length <= length) return [...text];
  const kept = Math.min(keep, length - 1);
  return [...text.slice(0, kept), ...text.slice(text.length - (length - kept))];
}
