import { execFileSync } from 'node:child_process';
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { type Documents, loadTokenizer, readDocuments, refuseShared } from '../src/index.ts';
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

  it('reads a file once however often it is reached, and says so once', async () => {
    write('twice/a.txt', 'a');
    symlinkSync(join(folder, 'twice/a.txt'), join(folder, 'twice/b.txt'));
    const said: string[] = [];
    const home = join(folder, 'twice');
    const documents = readDocuments([home, join(home, 'a.txt'), `${home}/../twice/a.txt`], {
      warn: (message) => said.push(message.replaceAll(folder, '')),
    });
    for (let walk = 0; walk < 2; walk++) expect(await all(documents)).toEqual([['/twice/a.txt', 'a']]);
    expect(said).toEqual([
      '/twice/b.txt is given twice (/twice/a.txt): it is read once',
      '/twice/a.txt is given twice (/twice/a.txt): it is read once',
      '/twice/../twice/a.txt is given twice (/twice/a.txt): it is read once',
    ]);
    await expect(refuseShared([home], [join(home, 'b.txt')])).rejects.toThrow(
      /b\.txt is both trained on and held out/,
    );
    await refuseShared([home], [write('other.txt', 'a')]);
  });

  it('reads JSON arrays, and JSONL that is called .json', async () => {
    const texts = async (content: string, options = {}) =>
      (await all(readDocuments(write('stories.json', content), options))).map(([, text]) => text);
    expect(await texts('\uFEFF["a \u201cb\u201d\\n", "c"]')).toEqual(['a “b”\n', 'c']);
    expect(await texts('[{"story": "a"}, {"story": "b"}]', { field: 'story' })).toEqual(['a', 'b']);
    expect(await texts('{"text": "a"}\n{"text": "b"}\n')).toEqual(['a', 'b']);
    expect(await texts('{"text": "a"}')).toEqual(['a']);
    await expect(texts('[{"story": "a"}]')).rejects.toThrow(
      'stories.json[0] has no text: got no field "text"',
    );
    await expect(texts('[1]')).rejects.toThrow('stories.json[0] has no text');
    await expect(texts('Once upon a time')).rejects.toThrow(
      'stories.json is not JSON: got "Once upon a time", expected an array of texts, or an object a line',
    );
    await expect(texts('[]')).rejects.toThrow('corpus is empty');
  });

  it.each([
    ['rows.parquet', 'PAR1\x15\x04', 'is not a Parquet file that can be read'],
    ['lines.jsonl', '\x1f\x8b\x08', 'lines.jsonl is damaged or cut off: got unexpected end of file'],
    ['a.txt', 'PK\x03\x04', 'is a zip file'],
    ['b.txt', '\xff\xfea\0', 'is text in UTF-16'],
    ['c.arrow', 'ARROW1\0\0', 'is not an Arrow file that can be read'],
    ['d.txt.xz', '\xfd7zXZ\0', 'is an xz file: expected text or JSONL: unpack it first'],
  ])('says what %s is', async (name, content, message) => {
    await expect(all(readDocuments(write(`kinds/${name}`, Buffer.from(content, 'latin1'))))).rejects.toThrow(
      message,
    );
  });

  it.skipIf(process.platform === 'win32')('reads regular files only', async () => {
    const pipe = join(folder, 'pipe.txt');
    execFileSync('mkfifo', [pipe]);
    await expect(all(readDocuments(pipe))).rejects.toThrow(/pipe\.txt, a pipe, expected a regular file/);
    await expect(all(readDocuments('/dev/zero'))).rejects.toThrow(
      '/dev/zero, a device, expected a regular file',
    );
    await expect(loadTokenizer(pipe)).rejects.toThrow('a pipe, expected a regular file');
  });

  it('takes another field of JSONL', async () => {
    const path = write('field.jsonl', '{"text":1,"body":"b"}');
    expect((await all(readDocuments(path, { field: 'body' })))[0]![1]).toBe('b');
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
      /^\[data\] text: got .*nowhere, which does not exist/,
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
