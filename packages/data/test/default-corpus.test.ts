import { describe, expect, it } from 'vitest';
import { findTexts } from '../src/default-corpus.ts';
import { defaultCorpus } from '../src/index.ts';

describe('defaultCorpus', () => {
  it('holds out the last ten of 233 speeches', async () => {
    const { train, heldOut } = defaultCorpus();
    const names: string[] = [];
    let bytes = 0;
    for (const part of [train, heldOut])
      for await (const { name, text } of part) {
        names.push(name);
        bytes += Buffer.byteLength(text);
        expect(text).not.toContain('\0');
      }
    expect([names.length, bytes]).toEqual([233, 10_761_413]);
    const years = names.map((name) => Number(name.slice(0, 4)));
    expect(years).toEqual([...years].sort((a, b) => a - b));
    expect([years[0], years[222], years[223], years[232]]).toEqual([1790, 2011, 2012, 2021]);
  });

  it('says which package is missing', () => {
    expect(() => findTexts('@octavo/no-such-text')).toThrow(
      '[data] default corpus: got no package @octavo/no-such-text, expected it installed: npm i @octavo/no-such-text',
    );
  });
});
