/** @file Text from a model as it is made. */
import { encodePrompt, type HeldOut, streamDecoder, type Tokenizer } from '@octavo/data';
import { type CacheFormat, generate, type Llama, type Sampling } from '@octavo/llama';

/** A token, and the text that became certain with it; in the end what was held back, without a token. */
export interface TextPiece {
  readonly token: number | null;
  readonly text: string;
}

/** Up to `count` tokens that continue `prompt`, until the one that ends a document: all pieces together are the text. */
export async function* continueText(
  model: Llama,
  tokenizer: Tokenizer,
  prompt: string,
  options: Sampling & { readonly count: number; readonly kvCache?: CacheFormat | undefined },
): AsyncGenerator<TextPiece, void, undefined> {
  const start = encodePrompt(tokenizer, prompt);
  const stream = streamDecoder(tokenizer, start);
  const { bos, eos: stop, vocabularySize: vocabulary } = tokenizer;
  const keep = bos === null ? 0 : 1;
  for await (const token of generate(model, start, { ...options, stop, vocabulary, keep }))
    yield { token, text: stream.push(token) };
  yield { token: null, text: stream.end() };
}

/** The first words of the held-out text, about a line: something to continue. */
export function openingOf({ opening }: HeldOut, tokenizer: Tokenizer): string {
  const text = tokenizer
    .decode(opening)
    .replace(/\uFFFD+$/, '')
    .trimStart();
  return text.slice(0, 60).replace(/\s+\S*$/, '');
}
