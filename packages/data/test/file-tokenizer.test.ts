import { cpSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Tokenizer as Engine } from '@huggingface/tokenizers';
import { describe, expect, it } from 'vitest';
import { chunker } from '../src/chunks.ts';
import { loadTokenizer, streamDecoder, tokenizerFromFile } from '../src/index.ts';
import { randomText } from './random-text.ts';
import { temporaryFolder } from './temporary-folder.ts';

const fixtures = fileURLToPath(new URL('./fixtures/', import.meta.url));
const folder = temporaryFolder();
const kinds = ['bpe', 'wordpiece', 'unigram'] as const;
const expected = JSON.parse(readFileSync(join(fixtures, 'expected.json'), 'utf8')) as {
  cases: ({ text: string } & Record<(typeof kinds)[number], { ids: number[]; decoded: string }>)[];
};

describe.each(kinds)('a %s tokenizer.json', async (kind) => {
  const tokenizer = await tokenizerFromFile(join(fixtures, `${kind}.json`));

  it('gives the ids of the native engine', () => {
    for (const { text, ...of } of expected.cases) expect(tokenizer.encode(text)).toEqual(of[kind].ids);
    expect(Array.from(tokenizer.encode(''))).toEqual([]);
  });

  it('gives its texts back', () => {
    for (const { [kind]: of } of expected.cases) {
      // The engines tidy apostrophes differently in WordPiece.
      if (kind === 'wordpiece' && of.decoded.includes(" ' ")) continue;
      expect(tokenizer.decode(of.ids)).toBe(of.decoded);
    }
    expect(tokenizer.decode([])).toBe('');
  });

  it('encodes a long text as its lines', () => {
    // Line breaks stand between words everywhere here, so lines are an independent way to cut.
    const words = randomText(6000, 3)
      .replaceAll('\n', ' ')
      .replaceAll(/[ ,.]+/g, ' ')
      .trim()
      .split(' ');
    const parts: string[] = [];
    for (let i = 0; i < words.length; i += 50) parts.push(words.slice(i, i + 50).join(' '));
    const whole = tokenizer.encode(parts.join(' '));
    expect(parts.join(' ').length).toBeGreaterThan(33_000);
    const pieces = parts.flatMap((part, i) => Array.from(tokenizer.encode((i === 0 ? '' : ' ') + part)));
    expect(whole).toEqual(pieces);
  });
});

describe('tokenizerFromFile', () => {
  it('finds the beginning and the end of documents', async () => {
    const of = async (kind: string) => {
      const { bos, eos, vocabularySize } = await tokenizerFromFile(join(fixtures, `${kind}.json`));
      return [bos, eos, vocabularySize];
    };
    expect(await of('bpe')).toEqual([556, 556, 557]);
    expect((await of('wordpiece')).slice(0, 2)).toEqual([2, 3]);
    expect((await of('unigram')).slice(0, 2)).toEqual([1, 2]);
  });

  it('lets tokenizer_config.json say so, in a folder', async () => {
    const home = join(folder, 'named');
    mkdirSync(home);
    cpSync(join(fixtures, 'wordpiece.json'), join(home, 'tokenizer.json'));
    writeFileSync(
      join(home, 'tokenizer_config.json'),
      '{"bos_token":{"content":"[PAD]"},"eos_token":"[UNK]"}',
    );
    const tokenizer = await loadTokenizer(home);
    expect([tokenizer.name, tokenizer.bos, tokenizer.eos]).toEqual(['named', 0, 1]);
    const without = await tokenizerFromFile(join(fixtures, 'wordpiece.json'));
    expect(tokenizer.hash).not.toBe(without.hash);
  });

  it('says what is wrong with a file', async () => {
    const write = (name: string, content: string) => {
      writeFileSync(join(folder, name), content);
      return join(folder, name);
    };
    await expect(tokenizerFromFile(join(folder, 'none.json'))).rejects.toThrow(
      'none.json, which does not exist',
    );
    await expect(tokenizerFromFile(write('a.json', 'no'))).rejects.toThrow('a.json is not JSON');
    await expect(tokenizerFromFile(write('b.json', '{"model":{}}'))).rejects.toThrow(
      'b.json is wrong at "model.vocab"',
    );
    await expect(
      tokenizerFromFile(write('c.json', '{"model":{"type":"Abacus","vocab":{"a":0}},"added_tokens":[]}')),
    ).rejects.toThrow(/^\[data\] tokenizer .*c\.json failed: /);
    await expect(
      tokenizerFromFile(
        write('d.json', '{"model":{"type":"WordPiece","vocab":{"a":1e12}},"added_tokens":[]}'),
      ),
    ).rejects.toThrow('d.json');
  });
});

describe('a tokenizer.json of a stranger', () => {
  const definition = JSON.parse(readFileSync(join(fixtures, 'bpe.json'), 'utf8'));
  const load = (name: string, change: object) => {
    const path = join(folder, name);
    writeFileSync(path, JSON.stringify({ ...definition, ...change }));
    return tokenizerFromFile(path);
  };
  const { vocab, ...model } = definition.model;

  it('has no ids that no list could hold', async () => {
    const begin = performance.now();
    await expect(load('large.json', { model: { ...model, vocab: { ...vocab, huge: 1e9 } } })).rejects.toThrow(
      /large\.json is wrong at "model\.vocab/,
    );
    const added_tokens = [{ id: 1e9, content: '<s>', special: true }];
    await expect(load('added.json', { added_tokens })).rejects.toThrow('wrong at "added_tokens.0.id"');
    expect(performance.now() - begin).toBeLessThan(5000);
  });

  it.each(['(a+)+$', '(a|aa)+$'])('pattern %s ends within seconds', async (Regex) => {
    const pre_tokenizer = { type: 'Split', pattern: { Regex }, behavior: 'Isolated', invert: false };
    const tokenizer = await load('slow.json', { pre_tokenizer });
    const begin = performance.now();
    expect(() => tokenizer.encode(`${'a'.repeat(5000)}!`)).toThrow(
      /slow\.json failed: it took longer than 2\.\d s/,
    );
    expect(performance.now() - begin).toBeLessThan(10_000);
    expect(tokenizer.decode(tokenizer.encode('said'))).toBe('said'); // and goes on
  });

  it('drops a byte order mark, which changes nothing', async () => {
    const [plain, marked] = [join(folder, 'plain'), join(folder, 'marked')];
    for (const [home, mark] of [
      [plain, ''],
      [marked, '\uFEFF'],
    ] as const) {
      mkdirSync(home);
      writeFileSync(join(home, 'tokenizer.json'), mark + JSON.stringify(definition));
      writeFileSync(join(home, 'tokenizer_config.json'), `${mark}{"eos_token":"<|endoftext|>"}`);
    }
    expect((await tokenizerFromFile(marked)).hash).toBe((await tokenizerFromFile(plain)).hash);
  });

  it('text goes in and comes out whole, token by token too', async () => {
    const tokenizer = await load('whole.json', {});
    for (const text of ['we said , yes .', "it 's n't , ! ? .", '  two  spaces ', 'é😀漢 ,']) {
      const ids = Array.from(tokenizer.encode(text));
      const stream = streamDecoder(tokenizer);
      expect(tokenizer.decode(ids)).toBe(text);
      expect([...ids.map((token) => stream.push(token)), stream.end()].join('')).toBe(text);
    }
    const [comma] = tokenizer.encode(',');
    expect(streamDecoder(tokenizer, tokenizer.encode('we said ')).push(comma!)).toBe(',');
  });
});

describe('loadTokenizer', () => {
  it('knows names and paths', async () => {
    expect((await loadTokenizer('byte')).name).toBe('byte');
    expect((await loadTokenizer('llama2')).vocabularySize).toBe(32000);
    await expect(loadTokenizer('gpt9')).rejects.toThrow(
      '[data] tokenizer: got "gpt9", expected byte, llama2 or the path of a tokenizer.json',
    );
  });
});

describe('chunker', () => {
  const long = Array.from({ length: 9000 }, (_, i) => `word${'abcdefgh'[i % 8]!.repeat(2)}`).join(' ');

  it('drops the space where the tokenizer puts one before every text', () => {
    const vocab: Record<string, number> = { '<unk>': 0 };
    for (const c of "▁abcdefghijklmnopqrstuvwxyzATUSPHENDI'\n") vocab[c] = Object.keys(vocab).length;
    const engine = new Engine(
      {
        version: '1.0',
        added_tokens: [],
        normalizer: {
          type: 'Sequence',
          normalizers: [
            { type: 'Prepend', prepend: '▁' },
            { type: 'Replace', pattern: { String: ' ' }, content: '▁' },
          ],
        },
        pre_tokenizer: null,
        post_processor: null,
        decoder: null,
        model: { type: 'BPE', unk_token: '<unk>', vocab, merges: [] },
      },
      {},
    );
    const encode = (text: string) => engine.encode(text, { add_special_tokens: false }).ids;
    const chunks = [...chunker(encode)(long)];
    expect(chunks.length).toBeGreaterThan(2);
    expect(chunks.join(' ')).toBe(long);
    expect(chunks.flatMap(encode)).toEqual(encode(long));
  });

  it('leaves a text whole where cutting would change it', () => {
    const encode = (text: string) => [text.length];
    expect([...chunker(encode)(long)]).toEqual([long]);
  });

  it('leaves a text without such spaces whole', () => {
    const encode = (text: string) => Array.from(text, (c) => c.charCodeAt(0));
    expect([...chunker(encode)('語'.repeat(70_000))].length).toBe(1);
    expect([...chunker(encode)(long)].join('')).toBe(long);
  });
});
