import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { type Documents, readDocuments } from '../src/index.ts';
import { splitLines } from '../src/split-lines.ts';
import { temporaryFolder } from './temporary-folder.ts';

const folder = temporaryFolder();
const write = (name: string, content: string | Uint8Array): string => {
  const path = join(folder, name);
  mkdirSync(join(path, '..'), { recursive: true });
  writeFileSync(path, content);
  return path;
};
async function all(documents: Documents): Promise<[string, string][]> {
  const found: [string, string][] = [];
  for await (const { name, text } of documents) found.push([name.replace(folder, ''), text]);
  return found;
}

describe('readDocuments', () => {
  it('reads a folder in an order that no locale changes', async () => {
    for (const name of ['b.txt', 'B.txt', 'a/z.md', 'a/é.txt', 'a10.txt', 'a9.txt', '.hidden.txt', 'x.png'])
      write(`tree/${name}`, name);
    write('tree/c.jsonl', '{"text":"one"}\n\n{"text":"two"}');
    symlinkSync(join(folder, 'tree'), join(folder, 'tree/loop'));
    symlinkSync(join(folder, 'tree/b.txt'), join(folder, 'tree/d.txt'));
    const documents = readDocuments(`${join(folder, 'tree')}/`);
    const expected = [
      ['/tree/B.txt', 'B.txt'],
      ['/tree/a/z.md', 'a/z.md'],
      ['/tree/a/é.txt', 'a/é.txt'],
      ['/tree/a10.txt', 'a10.txt'],
      ['/tree/a9.txt', 'a9.txt'],
      ['/tree/b.txt', 'b.txt'],
      ['/tree/c.jsonl:1', 'one'],
      ['/tree/c.jsonl:3', 'two'],
      ['/tree/d.txt', 'b.txt'],
    ];
    expect(await all(documents)).toEqual(expected);
    expect(await all(documents)).toEqual(expected);
  });

  it('takes files whatever they are called, in the order given', async () => {
    const [one, two] = [write('one.log', '1'), write('two', '2')];
    expect(await all(readDocuments([two, one]))).toEqual([
      ['/two', '2'],
      ['/one.log', '1'],
    ]);
  });

  it('drops byte order marks and the CR of CRLF', async () => {
    const text = write('windows.txt', '\uFEFFa\r\nb\rc');
    const lines = write('windows.jsonl', '\uFEFF{"text":"a\\r\\nb"}\r\n{"text":"c"}\r\n');
    expect((await all(readDocuments([text, lines]))).map(([, t]) => t)).toEqual(['a\nb\rc', 'a\nb', 'c']);
  });

  it('takes another field of JSONL', async () => {
    const path = write('field.jsonl', '{"text":1,"body":"b"}');
    expect((await all(readDocuments(path, { field: 'body' })))[0][1]).toBe('b');
    await expect(all(readDocuments(path))).rejects.toThrow(
      /field\.jsonl:1 has no text: got number field "text", expected a string there/,
    );
    await expect(all(readDocuments(path, { field: 'toString' }))).rejects.toThrow('got no field "toString"');
  });

  it.each([
    [
      'bad.jsonl',
      '{"text":"a"}\n{"text":',
      /bad\.jsonl:2 is not JSON: got "\{\\"text\\":", expected an object a line/,
    ],
    ['latin.txt', Uint8Array.of(0x63, 0x61, 0x66, 0xe9), /latin\.txt is not UTF-8 text/],
    [
      'latin.jsonl',
      Buffer.from('{"text":"a"}\n{"text":"\xe9"}', 'latin1'),
      /latin\.jsonl:2 is not UTF-8 text/,
    ],
    ['empty.txt', '', /corpus is empty: got no text in .*empty\.txt/],
    ['blank.jsonl', '\n \n{"text":""}\n', /corpus is empty/],
  ])('says what is wrong with %s', async (name, content, message) => {
    await expect(all(readDocuments(write(name, content)))).rejects.toThrow(message);
  });

  it('says what is wrong with a path', async () => {
    await expect(all(readDocuments(join(folder, 'nowhere')))).rejects.toThrow(
      /^\[data\] text: got .*nowhere, which does not exist or cannot be read/,
    );
    mkdirSync(join(folder, 'bare'));
    await expect(all(readDocuments(join(folder, 'bare')))).rejects.toThrow('got no text in it');
    await expect(all(readDocuments([]))).rejects.toThrow('corpus is empty: got no text in no paths');
  });
});

describe('splitLines', () => {
  async function lines(chunks: string[], longest = 100): Promise<string[]> {
    async function* stream() {
      for (const chunk of chunks) yield Buffer.from(chunk);
    }
    const found: string[] = [];
    for await (const line of splitLines(stream(), longest, 'f')) found.push(Buffer.from(line).toString());
    return found;
  }

  it('does not care how the stream is cut', async () => {
    const text = 'one\n\ntwo é\nthree';
    const expected = ['one', '', 'two é', 'three'];
    for (let at = 0; at <= text.length; at++)
      expect(await lines([text.slice(0, at), text.slice(at)])).toEqual(expected);
    expect(await lines([...text])).toEqual(expected);
    expect(await lines(['a\n'])).toEqual(['a']);
  });

  it('stops at a line without end', async () => {
    await expect(lines(['a\n', 'bbb', 'bbb'], 5)).rejects.toThrow('[data] f:2 is too long for one document');
  });
});
