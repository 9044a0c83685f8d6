/** @file Tokenizers by name, for configuration files and command lines. */
import { OctavoError } from '@octavo/formats';
import { look } from '@octavo/store';
import { tokenizerRequest } from './bpe/train.ts';
import { byteTokenizer } from './byte-tokenizer.ts';
import { tokenizerFromFile } from './file-tokenizer.ts';
import { llamaTokenizer } from './llama-tokenizer.ts';
import type { Tokenizer } from './tokenizer.ts';

/** `'byte'`, `'llama2'`, or the path of a Hugging Face `tokenizer.json` or of a folder with one. */
export async function loadTokenizer(spec: string): Promise<Tokenizer> {
  if (spec === 'byte') return byteTokenizer();
  if (spec === 'llama2') return llamaTokenizer();
  if (tokenizerRequest(spec) !== null)
    throw new OctavoError(
      `[data] tokenizer: got "${spec}", which octavo data prepare trains, expected one that is there: prepare the text first, and name the folder as the data`,
      { exitCode: 2 },
    );
  if (!(await look(spec)))
    throw new OctavoError(
      `[data] tokenizer: got "${spec}", expected byte, llama2 or the path of a tokenizer.json`,
      { exitCode: 2 },
    );
  return tokenizerFromFile(spec);
}
