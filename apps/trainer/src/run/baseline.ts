/** @file The order-2 byte model, asked exactly what the trained model is asked. */
import type { EvaluationBatch, TokenSource } from '@octavo/data';
import { byteNgram, type Ngram } from '@octavo/evals';

/** Mean loss in nats over the windows' targets, each predicted from its own window only, as the trained model does. */
export function createBaseline(
  train: TokenSource,
  batches: readonly EvaluationBatch[],
  sequence: number,
): () => Promise<number> {
  return async () => {
    const model = byteNgram(2, await train.read(0, train.length));
    let [sum, tokens] = [0, 0];
    for (const batch of batches) {
      for (let row = 0; row < batch.tokens.length; row += sequence) {
        const text = windowText(batch, row, sequence);
        sum += windowLoss(model, text);
        tokens += Math.max(0, text.length - 1);
      }
    }
    return sum / tokens;
  };
}

/** A window's tokens and the target of its last. */
function windowText({ tokens, targets }: EvaluationBatch, row: number, sequence: number): number[] {
  const counted = Array.from(targets.subarray(row, row + sequence)).filter((target) => target >= 0);
  return counted.length === 0 ? [] : [tokens[row]!, ...counted];
}

/** Sum over all tokens but the first, which no model is asked for. */
function windowLoss(model: Ngram, text: readonly number[]): number {
  if (text.length < 2) return 0;
  return model.crossEntropy(text) * text.length + Math.log(model.probability([], text[0]!));
}
