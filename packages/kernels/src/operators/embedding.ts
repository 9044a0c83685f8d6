/** @file Rows of a table by token, and the gradient of the table: tokens sorted on the host, so that no thread shares a row. */
import { OctavoError } from '@octavo/formats';
import { defineOperator } from '../operator.ts';
import { elements, matrixShape } from '../tensor.ts';
import { checkElements, checkInputs } from './check.ts';
import type { NoAttributes } from './elementwise.ts';
import type { Kernel } from './kernel.ts';
import { cellPass } from './pass.ts';

/** y[t] = table[tokens[t]]: table `[V, D]`, tokens `[T]` → `[T, D]`. */
export const embedding = defineOperator<NoAttributes>({
  name: 'embedding',
  shape(_, inputs) {
    checkInputs('embedding', inputs, 2);
    return [elements(inputs[1]!), matrixShape(inputs[0]!)[1]];
  },
  reference(_, [table, tokens], out) {
    const [vocabulary, width] = matrixShape(table!.shape);
    tokens!.data.forEach((token, t) => {
      checkToken(token, vocabulary);
      out.data.set(table!.data.subarray(token * width, (token + 1) * width), t * width);
    });
  },
  passes: (call) => [cellPass(call, 'rows', rows, matrixShape(call.inputs[0]!)[1])],
});

export type VocabularyAttributes = { readonly vocabulary: number };

/**
 * The gradient of `embedding`'s table: dy `[T, D]`, order `[T]` and starts `[V + 1]` from `sortTokens` → `[V, D]`.
 * Row v is Σ dy[order[j]] for j from starts[v] to starts[v + 1], in this order.
 */
export const embeddingGrad = defineOperator<VocabularyAttributes>({
  name: 'embeddingGrad',
  shape({ vocabulary }, inputs) {
    checkInputs('embeddingGrad', inputs, 3);
    const [rows, width] = matrixShape(inputs[0]!);
    checkElements('embeddingGrad', 'order', inputs[1]!, [rows]);
    checkElements('embeddingGrad', 'starts', inputs[2]!, [vocabulary + 1]);
    return [vocabulary, width];
  },
  reference({ vocabulary }, [dy, order, starts], out) {
    const [, width] = matrixShape(dy!.shape);
    out.data.fill(0);
    for (let v = 0; v < vocabulary; v++) {
      for (let j = starts!.data[v]!; j < starts!.data[v + 1]!; j++) {
        const from = order!.data[j]! * width;
        for (let d = 0; d < width; d++) {
          out.data[v * width + d] = out.data[v * width + d]! + dy!.data[from + d]!;
        }
      }
    }
  },
  passes(call) {
    const [tokens, width] = matrixShape(call.inputs[0]!);
    return [cellPass(call, 'sum', sumRows, width, { loop: tokens })];
  },
});

/**
 * Positions of every token, one token after the other: `order` holds positions in ascending order per token, and token
 * v's are `order[starts[v]] … order[starts[v + 1] − 1]`. Throws on a token outside the vocabulary.
 */
export function sortTokens(
  tokens: ArrayLike<number>,
  vocabulary: number,
): { readonly order: Float32Array; readonly starts: Float32Array } {
  const starts = new Float32Array(vocabulary + 1);
  for (let t = 0; t < tokens.length; t++) {
    checkToken(tokens[t]!, vocabulary);
    starts[tokens[t]! + 1]!++;
  }
  for (let v = 0; v < vocabulary; v++) starts[v + 1] = starts[v + 1]! + starts[v]!;
  const next = starts.slice();
  const order = new Float32Array(tokens.length);
  for (let t = 0; t < tokens.length; t++) order[next[tokens[t]!]!++] = t;
  return { order, starts };
}

function checkToken(token: number, vocabulary: number): void {
  if (Number.isInteger(token) && token >= 0 && token < vocabulary) return;
  throw new OctavoError(
    `[kernels] token: got ${token}, expected an integer from 0 to ${vocabulary - 1} (a tokenizer of another vocabulary?)`,
  );
}

function rows(this: Kernel<'columns'>, table: number[], tokens: number[]): number {
  const token = tokens[this.thread.y]!;
  return table[token * this.constants.columns + this.thread.x]!;
}

function sumRows(this: Kernel<'columns'>, dy: number[], order: number[], starts: number[]): number {
  let sum = 0;
  const start = starts[this.thread.y]!;
  const count = starts[this.thread.y + 1]! - start;
  for (let j = 0; j < count; j += 1) {
    const row = order[start + j]!;
    sum = sum + dy[row * this.constants.columns + this.thread.x]!;
  }
  return sum;
}
