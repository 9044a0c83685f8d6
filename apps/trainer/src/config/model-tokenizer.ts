/** @file The tokenizer of a model in whatever file it lies. */
import { checkVocabulary, findTokenizerPlace, loadTokenizer, type PlacedTokenizer } from '@octavo/data';
import type { ModelSource } from '@octavo/exchange';
import { OctavoError } from '@octavo/formats';
import { look, within } from '@octavo/store';

/** The model's own, or the one that is named; null where it has none. Throws where it does not fit (exit code 2). */
export async function tokenizerOfModel(
  { tokenizer: { places, identity }, config }: ModelSource,
  spec: string | null,
): Promise<PlacedTokenizer | null> {
  const found =
    identity !== null
      ? await findTokenizerPlace(identity, spec === null ? places : [spec])
      : await firstOf(spec === null ? await thereOf(places) : [spec]);
  if (found) checkVocabulary(found.tokenizer, config.vocabularySize);
  return found;
}

/** For those who cannot do without. */
export function lacksTokenizer({ path }: ModelSource): never {
  throw new OctavoError(
    `[run] ${path} has no tokenizer.json: got none, expected --tokenizer byte, llama2 or FILE`,
    { exitCode: 2 },
  );
}

async function thereOf(places: readonly string[]): Promise<string[]> {
  const there: string[] = [];
  for (const place of places)
    if (place === 'byte' || place === 'llama2' || (await look(within(place, 'tokenizer.json'))))
      there.push(place);
  return there;
}

const firstOf = async ([place]: readonly string[]): Promise<PlacedTokenizer | null> =>
  place === undefined ? null : { place, tokenizer: await loadTokenizer(place) };
