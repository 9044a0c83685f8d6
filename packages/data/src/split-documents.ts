/** @file Holding out the end of a corpus. */
import type { Documents, TextDocument } from './documents.ts';
import { withText } from './documents.ts';

/** Where the held-out part begins: at the start of a document, or inside one, at a share of its length. */
export interface Cut {
  readonly document: number;
  /** 0: the whole document is held out. */
  readonly share: number;
}

/**
 * The last `fraction` of the bytes. The cut moves to the nearest start of a document if that changes the held-out part
 * by at most half; otherwise (few long documents) it falls inside one.
 */
export function cutPoint(sizes: readonly number[], fraction: number): Cut {
  const total = sizes.reduce((sum, size) => sum + size, 0);
  const target = total * (1 - fraction);
  let document = 0;
  let start = 0;
  while (document < sizes.length - 1 && start + sizes[document]! <= target) start += sizes[document++]!;
  const end = start + sizes[document]!;
  const slack = (total * fraction) / 2;
  const fits = (at: number): boolean => at > 0 && at < total && Math.abs(at - target) <= slack;
  const nearer = target - start <= end - target;
  if (fits(start) && (nearer || !fits(end))) return { document, share: 0 };
  if (fits(end)) return { document: document + 1, share: 0 };
  return { document, share: (target - start) / sizes[document]! };
}

/** The documents before and after a cut; a document that is cut gives a part to each, at a space or line break. */
export function splitDocuments(
  documents: Documents,
  cut: Cut,
): { readonly train: AsyncIterable<TextDocument>; readonly heldOut: AsyncIterable<TextDocument> } {
  const part = (held: boolean): AsyncIterable<TextDocument> => ({
    async *[Symbol.asyncIterator]() {
      let index = 0;
      for await (const { name, text } of withText(documents)) {
        if (index < cut.document) {
          if (!held) yield { name, text };
        } else if (index > cut.document) {
          if (!held) return;
          yield { name, text };
        } else {
          const at = cut.share === 0 ? 0 : boundary(text, Math.floor(cut.share * text.length));
          const piece = held ? text.slice(at) : text.slice(0, at);
          if (piece !== '') yield { name, text: piece };
        }
        index++;
      }
    },
  });
  return { train: part(false), heldOut: part(true) };
}

/** The next white space from `at` on, if one is near; never between the halves of a character. */
function boundary(text: string, at: number): number {
  const near = text.slice(at, at + 1000).search(/\s/);
  if (near >= 0) return at + near;
  const low = text.charCodeAt(at);
  return low >= 0xdc00 && low < 0xe000 ? at + 1 : at;
}
