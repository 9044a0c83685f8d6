/** @file The built-in tokenizers as Hugging Face's files: the same ids, by another engine. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { byteTokenizer, llamaTokenizer, loadTokenizer, tokenizerFiles } from '../src/index.ts';
import { temporaryFolder } from './temporary-folder.ts';

const folder = temporaryFolder();
const TEXTS = ['we said , yes .', '  two  spaces\n\nlines\t', 'naïve 東京 🐙 ß', '1,234.5 <x>', 'a'];

test.each([
  ['byte', async () => byteTokenizer()],
  ['llama2', llamaTokenizer],
] as const)('%s', async (_, make) => {
  const tokenizer = await make();
  const files = (await tokenizerFiles(tokenizer))!;
  writeFileSync(join(folder, 'tokenizer.json'), files.tokenizer);
  writeFileSync(join(folder, 'tokenizer_config.json'), files.config!);
  const other = await loadTokenizer(folder);
  expect([other.bos, other.eos, other.vocabularySize]).toEqual([
    ...[tokenizer.bos, tokenizer.eos, tokenizer.vocabularySize],
  ]);
  for (const text of TEXTS) {
    const ids = [...tokenizer.encode(text)];
    expect([...other.encode(text)], text).toEqual(ids);
    expect(other.decode(ids)).toBe(tokenizer.decode(ids));
  }
  expect(await tokenizerFiles(other)).toEqual(files);
});
