/** @file The matrix products of a model's training step. */
import { headDimOf } from '@octavo/llama';
import { linearProducts, type Product } from './gemm.ts';
import type { StepCase } from './step-case.ts';

export interface StepProduct extends Product {
  /** In a step. */
  readonly calls: number;
}

/** Every product of a linear layer and the head; those of attention apart. */
export function stepProducts({ model, batch, sequence }: Omit<StepCase, 'name'>): StepProduct[] {
  const { hiddenSize: d, ffnSize: f, layers, heads, keyValueHeads, vocabularySize } = model;
  const headDim = headDimOf(model);
  const of = (calls: number, name: string, n: number, k: number) =>
    linearProducts(name, batch * sequence, n, k).map((product) => ({ ...product, calls }));
  return [
    ...of(layers, 'qkv', (heads + 2 * keyValueHeads) * headDim, d),
    ...of(layers, 'attentionOut', d, heads * headDim),
    ...of(layers, 'gateUp', 2 * f, d),
    ...of(layers, 'down', d, f),
    ...of(1, 'head', vocabularySize, d),
  ];
}
