/** @file How often each word stands in a text, in bounded memory. */
import { type Documents, withText } from '../documents.ts';
import { createTurns } from '../turns.ts';
import { copyOf, WORD } from './words.ts';

/** Words that are remembered at most, and their characters together; the rarest half goes where there are more. */
const [MOST_WORDS, MOST_CHARACTERS] = [2 ** 21, 2 ** 23];
/** Words between turns for others. */
const TURN = 2 ** 16;

export type WordCounts = ReadonlyMap<string, { readonly count: number }>;

export interface CountOptions {
  /** Bytes of all documents together. */
  readonly bytes: number;
  /** Bytes that are looked at, about: whole documents, spread evenly. */
  readonly most: number;
  readonly signal?: AbortSignal | undefined;
  readonly onDocument?: ((bytes: number) => void) | undefined;
}

/** The words of the documents (of all, or of a sample), each as often as it stands there, and the bytes looked at. */
export async function countWords(
  documents: Documents,
  { bytes, most, signal, onDocument }: CountOptions,
): Promise<{ readonly words: WordCounts; readonly bytes: number }> {
  const turn = createTurns(signal);
  const words = new Map<string, { count: number }>();
  let [characters, seen, taken] = [0, 0, 0];
  for await (const { text } of withText(documents)) {
    const size = Buffer.byteLength(text);
    // A document is taken where the sample has fallen behind its share.
    const take = taken * bytes <= most * seen;
    seen += size;
    if (take) {
      taken += size;
      let found = 0;
      for (const [word] of text.matchAll(WORD)) {
        const known = words.get(word);
        if (known !== undefined) known.count++;
        else {
          words.set(copyOf(word), { count: 1 });
          characters += word.length;
          if (words.size > MOST_WORDS || characters > MOST_CHARACTERS) characters = forgetRare(words);
        }
        if (++found % TURN === 0) await turn();
      }
    }
    onDocument?.(seen);
    await turn();
  }
  return { words, bytes: taken };
}

/** Forgets the rarest words until half of the room is free, those that came last first; gives the characters that stay. */
function forgetRare(words: Map<string, { count: number }>): number {
  const order = [...words].sort(([, a], [, b]) => b.count - a.count);
  let [kept, characters] = [0, 0];
  for (const [word] of order) {
    if (kept < MOST_WORDS / 2 && characters + word.length <= MOST_CHARACTERS / 2) {
      kept++;
      characters += word.length;
    } else words.delete(word);
  }
  return characters;
}
