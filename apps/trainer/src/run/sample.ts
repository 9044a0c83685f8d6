/** @file A short text from the model that has just been trained. */
import { encodePrompt, type HeldOut, streamDecoder, type Tokenizer } from '@octavo/data';
import { generate, type Llama } from '@octavo/llama';
import type { Message } from '../output/messages.ts';

const TOKENS = 240;

export async function sampleMessage(
  model: Llama,
  tokenizer: Tokenizer,
  prompt: string,
  seed: number,
): Promise<Message> {
  const start = encodePrompt(tokenizer, prompt);
  const stream = streamDecoder(tokenizer, start);
  let text = '';
  for await (const token of generate(model, start, {
    temperature: 0.8,
    topK: 0,
    seed,
    count: TOKENS,
    stop: tokenizer.eos,
    vocabulary: tokenizer.vocabularySize,
    keep: tokenizer.bos === null ? 0 : 1,
  })) {
    text += stream.push(token);
  }
  return { event: 'sample', prompt, text: text + stream.end() };
}

/** The first words of the held-out text, about a line. */
export function promptOf({ opening }: HeldOut, tokenizer: Tokenizer): string {
  const text = tokenizer
    .decode(opening)
    .replace(/\uFFFD+$/, '')
    .trimStart();
  return text.slice(0, 60).replace(/\s+\S*$/, '');
}
