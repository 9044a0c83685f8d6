/** @file The order-2 byte model, asked exactly what a trained model is asked. */
import { byteNgram } from './byte-ngram.ts';

/** Windows of `sequence` tokens, one behind the other, and what each token is followed by; negative: not asked for. */
export interface ByteWindows {
  readonly tokens: ArrayLike<number>;
  readonly targets: ArrayLike<number>;
}

/**
 * Mean loss in nats over the windows' targets of a model of `train` that counts the two bytes before each byte, every
 * target predicted from its own window only, as the trained model does.
 */
export function byteBaseline(
  train: ArrayLike<number>,
  batches: readonly ByteWindows[],
  sequence: number,
): number {
  const model = byteNgram(2, train);
  let [sum, tokens] = [0, 0];
  for (const batch of batches) {
    for (let row = 0; row < batch.tokens.length; row += sequence) {
      const text = windowText(batch, row, sequence);
      if (text.length < 2) continue;
      // All tokens but the first, which no model is asked for.
      sum += model.crossEntropy(text) * text.length + Math.log(model.probability([], text[0]!));
      tokens += text.length - 1;
    }
  }
  return sum / tokens;
}

/** A window's first token and the targets that count. */
function windowText({ tokens, targets }: ByteWindows, row: number, sequence: number): number[] {
  const counted = Array.from({ length: sequence }, (_, i) => targets[row + i]!).filter(
    (target) => target >= 0,
  );
  return counted.length === 0 ? [] : [tokens[row]!, ...counted];
}
