/** @file Preparing is killed at every file operation and goes on: the bytes are those of an uninterrupted run, and whole shards stay as they are. */
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { killedAt } from '../../store/test/killed-at.ts';
import { byteTokenizer, type PrepareOptions, prepare, type TextDocument } from '../src/index.ts';
import { randomText } from './random-text.ts';
import { temporaryFolder } from './temporary-folder.ts';

const folder = temporaryFolder();
const NEVER = Number.POSITIVE_INFINITY;
const documents: TextDocument[] = Array.from({ length: 7 }, (_, i) => ({
  name: `doc ${i}`,
  text: randomText(50 + 20 * i, i),
}));
const bpe = { train: 'bpe', vocabularySize: 512 } as const;
const options = { shardTokens: 300, heldOutFraction: 0.2 };

const hashOf = (path: string): string => createHash('sha256').update(readFileSync(path)).digest('hex');
const filesOf = (path: string): Record<string, string> =>
  Object.fromEntries(readdirSync(path).map((name) => [name, hashOf(join(path, name))]));

const session = async (home: string, more: PrepareOptions = {}): Promise<void> => {
  await prepare(documents, bpe, join(home, 'out'), { ...options, ...more });
};
const newHome = (name: string): string => {
  const home = join(folder, name);
  mkdirSync(home);
  return home;
};

/** The shards that are whole and known to be: of each, which file it is. One that is made again is another. */
function committed(home: string): [name: string, inode: number][] {
  const work = join(home, '.out.octavo-unfinished');
  const state = join(work, 'state.json');
  if (!existsSync(state)) return [];
  const { splits } = JSON.parse(readFileSync(state, 'utf8')) as {
    splits: Record<string, { shards: { file: string }[] } | null>;
  };
  const files = Object.values(splits).flatMap((split) => split?.shards ?? []);
  const place = [join(work, 'content'), join(home, 'out')].find(existsSync)!;
  return files.map(({ file }) => [file, statSync(join(place, file)).ino]);
}

test.each([
  ['into a new folder', false],
  ['over prepared data', true],
])(
  'killed at every file operation %s, then called again',
  async (name, overwrite) => {
    const begin = async (at: string): Promise<string> => {
      const home = newHome(`${name} ${at}`);
      const other = () => prepare(documents.slice(2), byteTokenizer(), join(home, 'out'));
      if (overwrite) await killedAt(NEVER, async () => void (await other()));
      return home;
    };
    const first = await begin('whole');
    const { operations } = await killedAt(NEVER, () => session(first, { overwrite }));
    const whole = filesOf(join(first, 'out'));
    expect(Object.keys(whole)).toContain('train-00003.arrow');
    expect(operations).toBeGreaterThan(80);
    let kept = 0;
    for (let at = 0; at < operations; at++) {
      const home = await begin(String(at));
      expect(await killedAt(at, () => session(home, { overwrite })), `operation ${at}`).toMatchObject({
        killed: true,
      });
      const shards = committed(home);
      const done =
        JSON.stringify(existsSync(join(home, 'out')) && filesOf(join(home, 'out'))) === JSON.stringify(whole);
      const again = killedAt(NEVER, () => session(home, { overwrite }));
      if (done && !overwrite) await expect(again).rejects.toThrow('holds prepared data already');
      else await again;
      expect(filesOf(join(home, 'out')), `operation ${at}`).toEqual(whole);
      expect(readdirSync(home), `operation ${at}`).toEqual(['out']);
      for (const [file, inode] of done ? [] : shards) {
        expect(statSync(join(home, 'out', file)).ino, `operation ${at}, ${file}`).toBe(inode);
        kept++;
      }
      rmSync(home, { recursive: true });
    }
    expect(kept).toBeGreaterThan(100);
  },
  120_000,
);

test('killed again and again', async () => {
  const home = newHome('again');
  let kills = 0;
  for (let at = 40; (await killedAt(at + kills, () => session(home))).killed; kills++);
  expect(kills).toBeGreaterThan(2);
  await session(newHome('at once'));
  expect(filesOf(join(home, 'out'))).toEqual(filesOf(join(folder, 'at once', 'out')));
});

test('interrupted, it goes on; with other text, tokenizer or options it is refused by name, and begun anew where that is asked for', async () => {
  const home = newHome('interrupted');
  const controller = new AbortController();
  const stopped = session(home, {
    signal: controller.signal,
    onProgress: (progress) => {
      if (progress.phase === 'write' && progress.documents === 3) controller.abort();
    },
  });
  await expect(stopped).rejects.toThrow(
    /^\[data\] interrupted: .*out is not complete, and the same command goes on/,
  );
  const shards = committed(home);
  expect(shards.length).toBeGreaterThan(0);
  const other = (
    input: TextDocument[],
    tokenizer = bpe as Parameters<typeof prepare>[1],
    more: PrepareOptions = {},
  ) => prepare(input, tokenizer, join(home, 'out'), { ...options, ...more });
  const refused = async (what: Promise<unknown>, message: string): Promise<void> => {
    await expect(what).rejects.toThrow(`out was begun with another ${message}`);
    await expect(what).rejects.toMatchObject({ exitCode: 2 });
    expect(committed(home)).toEqual(shards);
  };
  await refused(other(documents.slice(1)), 'text: got ');
  await refused(
    other(documents, byteTokenizer()),
    'tokenizer: got byte/1, expected bpe-512: put it back, or begin anew (--restart)',
  );
  await refused(
    other(documents, { ...bpe, vocabularySize: 600 }),
    'tokenizer: got bpe-600, expected bpe-512',
  );
  await refused(other(documents, bpe, { heldOutFraction: 0 }), 'share that is held out: got 0, expected 0.2');
  await refused(
    other(documents, bpe, { shardTokens: 700 }),
    'number of tokens a shard: got 700, expected 300',
  );
  await expect(other([])).rejects.toThrow('corpus is empty');
  const state = join(home, '.out.octavo-unfinished', 'state.json');
  const good = readFileSync(state, 'utf8');
  writeFileSync(state, good.slice(0, -9));
  await expect(session(home)).rejects.toThrow('is damaged');
  writeFileSync(state, good);
  await session(home);
  for (const [file, inode] of shards) expect(statSync(join(home, 'out', file)).ino).toBe(inode);

  await expect(session(home, { overwrite: true, signal: AbortSignal.abort() })).rejects.toThrow(
    'interrupted',
  );
  await killedAt(60, () => session(home, { overwrite: true }));
  expect(committed(home).length).toBeGreaterThan(0);
  await prepare(documents.slice(1), byteTokenizer(), join(home, 'out'), { overwrite: true, restart: true });
  expect(readdirSync(home)).toEqual(['out']);
  expect(readdirSync(join(home, 'out')).sort()).toEqual([
    'index.json',
    'train-00000.arrow',
    'validation-00000.arrow',
  ]);
});
