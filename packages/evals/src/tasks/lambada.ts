/** @file LAMBADA (Paperno et al., arXiv 1606.06031): the last word of a passage. */
import { badRow, type Task, textOf } from './task.ts';

/** The harness's `lambada_openai.yaml` and `lambada_standard.yaml`: what follows the last space, the space with it. */
const lambada = (name: string, files: string): Task => ({
  name,
  version: 1,
  metrics: ['perplexity', 'acc'],
  files,
  question(row) {
    const text = textOf(row, 'text');
    const words = text.split(' ');
    const last = words.pop()!;
    if (last === '') throw badRow(row, 'text', text.slice(-40), 'a text that ends with a word');
    return { kind: 'continuation', pair: { context: words.join(' '), continuation: ` ${last}` } };
  },
});

export const lambadaOpenai = lambada(
  'lambada_openai',
  'lambada_test.jsonl of OpenAI, or EleutherAI/lambada_openai: {"text"}',
);
export const lambadaStandard = lambada('lambada_standard', 'cimec/lambada: {"text"}');
