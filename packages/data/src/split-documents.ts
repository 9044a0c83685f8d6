/** @file Holding out the end of a corpus. */
import type { Documents, Survey, TextDocument } from './documents.ts';
import { withText } from './documents.ts';

/** Where the held-out part begins: at the start of a document, or inside one, at a share of its length. */
export interface Cut {
  readonly document: number;
  /** 0: the whole document is held out. */
  readonly share: number;
}

/**
 * The last `fraction` of the bytes. The cut moves to the nearest start of a document (of those that the survey has kept) if that
 * changes the held-out part by at most half; otherwise (few long documents) it falls inside one.
 */
export function cutPoint(
  { starts, stride, bytes: total }: Omit<Survey, 'hash' | 'masked'>,
  fraction: number,
): Cut {
  const target = total * (1 - fraction);
  let at = 0;
  while (at < starts.length - 1 && starts[at + 1]! <= target) at++;
  const [start, end] = [starts[at]!, starts[at + 1] ?? total];
  const slack = (total * fraction) / 2;
  const fits = (cut: number): boolean => cut > 0 && cut < total && Math.abs(cut - target) <= slack;
  const nearer = target - start <= end - target;
  if (fits(start) && (nearer || !fits(end))) return { document: at * stride, share: 0 };
  if (fits(end) || stride > 1) return { document: (at + 1) * stride, share: 0 };
  return { document: at, share: (target - start) / (end - start) };
}

/** The documents before and after a cut; a document that is cut gives a part to each, at a space or line break. */
export function splitDocuments(
  documents: Documents,
  cut: Cut,
): { readonly train: AsyncIterable<TextDocument>; readonly heldOut: AsyncIterable<TextDocument> } {
  const part = (held: boolean): AsyncIterable<TextDocument> => ({
    async *[Symbol.asyncIterator]() {
      let index = 0;
      for await (const document of withText(documents)) {
        const { name, text, learned } = document;
        if (index < cut.document) {
          if (!held) yield document;
        } else if (index > cut.document) {
          if (!held) return;
          yield document;
        } else if (learned) {
          if (held) yield document; // what answers something stays whole
        } else {
          const at = cut.share === 0 ? 0 : boundary(text, Math.floor(cut.share * text.length));
          const piece = held ? text.slice(at) : text.slice(0, at);
          if (piece !== '') yield { ...document, name, text: piece };
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
