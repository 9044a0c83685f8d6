/** @file A model as a task's scorer: log-probabilities of the tokens that a sequence asks for. */
import { setImmediate } from 'node:timers/promises';
import type { Scorer, Sequence, SequenceScore } from '@octavo/evals';
import { OctavoError } from '@octavo/formats';
import { createScope } from '@octavo/kernels';
import { forward, type Llama } from '@octavo/llama';
import { writeScales } from '@octavo/nn';
import { uploadBatch } from './transfer.ts';

/**
 * Batches of `tokens` tokens at most, the longest sequences first, shorter ones filled up at their end. Log-probabilities
 * are computed in double precision from the model's logits, of equal logits the first counts as most probable. Scales
 * that come from the tensor itself see the whole batch. Throws (exit code 0) once `signal` is aborted.
 */
export const scorerOf = (
  model: Llama,
  { tokens, signal }: { readonly tokens: number; readonly signal?: AbortSignal },
): Scorer => ({
  contextLength: model.config.contextLength,
  async score(sequences) {
    const scores = new Array<SequenceScore>(sequences.length);
    const order = [...sequences.keys()].sort(
      (a, b) => sequences[b]!.tokens.length - sequences[a]!.tokens.length,
    );
    for (let at = 0; at < order.length; ) {
      const longest = sequences[order[at]!]!.tokens.length - 1;
      const batch = order.slice(at, at + Math.max(1, Math.floor(tokens / longest)));
      await setImmediate(); // lets an interrupt in
      if (signal?.aborted)
        throw new OctavoError('[trainer] interrupted: the tasks were not asked to their end', {
          exitCode: 0,
        });
      const made = await scoreBatch(
        model,
        batch.map((i) => sequences[i]!),
        longest,
      );
      for (const [row, i] of batch.entries()) scores[i] = made[row]!;
      at += batch.length;
    }
    return scores;
  },
});

/** All but the last token of each sequence through the model, in rows of `length`. */
async function scoreBatch(
  model: Llama,
  sequences: readonly Sequence[],
  length: number,
): Promise<SequenceScore[]> {
  const { device, precision, config } = model;
  const scope = createScope(device);
  try {
    writeScales(precision);
    const tokens = new Int32Array(sequences.length * length);
    for (const [row, { tokens: own }] of sequences.entries()) tokens.set(own.slice(0, -1), row * length);
    const input = uploadBatch(model, scope, { tokens, targets: [] }, { sequence: length, backward: false });
    const logits = await device.read(forward(model, { device, scope, tape: null, precision }, input).value); // [T, V]
    const rowOf = (at: number): Float32Array =>
      logits.subarray(at * config.vocabularySize, (at + 1) * config.vocabularySize) as Float32Array;
    return sequences.map(({ tokens: own, from }, row) => {
      const asked = own.slice(from).map((token, i) => scoreToken(rowOf(row * length + from - 1 + i), token));
      return {
        logProbabilities: asked.map(({ logProbability }) => logProbability),
        greedy: asked.every(({ greedy }) => greedy),
      };
    });
  } finally {
    scope.release();
  }
}

/** ln softmax(logits)[token], and whether no other logit is larger. */
function scoreToken(logits: Float32Array, token: number): { logProbability: number; greedy: boolean } {
  let best = 0;
  for (let i = 1; i < logits.length; i++) if (logits[i]! > logits[best]!) best = i;
  let sum = 0;
  for (const logit of logits) sum += Math.exp(logit - logits[best]!);
  return { logProbability: logits[token]! - logits[best]! - Math.log(sum), greedy: best === token };
}
