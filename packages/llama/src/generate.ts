/** @file Text one token at a time: keys and values of earlier tokens are kept, not computed again. */
import { FP32, OctavoError } from '@octavo/formats';
import { createScope } from '@octavo/kernels';
import { type Context, type Variable, variable, writeScales } from '@octavo/nn';
import { attendKept, type Cache, type CacheFormat, createCache, destroyCache } from './cache.ts';
import { hiddenOf, type Llama, projected } from './model.ts';
import { type Sampling, sample } from './sample.ts';

/** Feeds one token and resolves to the logits of the next, float32 `[V]`. Throws where the context is full. */
export const nextLogits = (model: Llama, cache: Cache, token: number): Promise<Float32Array> =>
  feed(model, cache, token, (context, hidden) => model.device.read(projected(model, context, hidden).value));

/** Feeds one token of which nothing but its keys and values is wanted. */
const keepToken = (model: Llama, cache: Cache, token: number): Promise<void> =>
  feed(model, cache, token, () => model.device.flush());

async function feed<T>(
  model: Llama,
  cache: Cache,
  token: number,
  then: (context: Context, hidden: Variable) => Promise<T>,
): Promise<T> {
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
  const hidden = hiddenOf(model, context, { tokens, positions }, (_, { value: qkv }, block) => {
    const mixed = attendKept(model, context, cache, { qkv, positions, block }); // [1, H hd]
    scope.drop(qkv);
    return variable(mixed);
  });
  const result = await then(context, hidden);
  scope.release();
  cache.length += 1;
  return result;
}

/**
 * Yields up to `count` tokens that continue `prompt` (at least one token), fewer where `stop` is drawn. Only tokens
 * below `vocabulary` are drawn: a model may have room for more than its tokenizer has.
 * When the context is full, the older half of the text is dropped, except its first `keep` tokens (default 1; llama.cpp's
 * `n_keep`), and the rest is read again: without its first token a text's continuation gets worse.
 * `kvCache` is the format of the kept keys and values, by default that of the activations.
 * Directly after `stop`, which in some vocabularies also begins texts, `stop` is not drawn: a text is never empty.
 */
export async function* generate(
  model: Llama,
  prompt: readonly number[],
  options: Sampling & {
    count: number;
    stop?: number | null;
    vocabulary?: number;
    keep?: number;
    kvCache?: CacheFormat | undefined;
  },
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
  const cache = createCache(model, options.kvCache);
  try {
    const { keep = 1 } = options;
    let pending = latest(text, contextLength, keep);
    for (let made = 0; made < options.count; made++) {
      if (cache.length + pending.length > contextLength) {
        cache.length = 0;
        pending = latest(text, Math.ceil(contextLength / 2), keep);
      }
      for (const token of pending.slice(0, -1)) await keepToken(model, cache, token);
      const logits = await nextLogits(model, cache, pending[pending.length - 1]!);
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
