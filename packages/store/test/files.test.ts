import { mkdirSync, readdirSync, readFileSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { OctavoError } from '@octavo/formats';
import { expect, test } from 'vitest';
import { loadCrc32c } from '../src/checksums.ts';
import {
  openCheckpoint,
  openSafetensors,
  openStatistics,
  openTokenShard,
  readStatistics,
  removeTemporaries,
  stepStatistics,
  writeAtomically,
  writeFileAtomically,
  writeTokenShard,
} from '../src/index.ts';
import { temporaryFolder } from './temporary-folder.ts';

const folder = temporaryFolder();

test('CRC-32C as in RFC 3720, appendix B.4', async () => {
  const crc = await loadCrc32c();
  const count = Uint8Array.from({ length: 32 }, (_, i) => i);
  expect(crc(new Uint8Array(32))).toBe(0x8a9136aa);
  expect(crc(new Uint8Array(32).fill(255))).toBe(0x62a8ab43);
  expect(crc(count)).toBe(0x46dd794e);
  expect(crc(count.subarray(0, 5), count.subarray(5, 5), count.subarray(5))).toBe(0x46dd794e);
  expect(crc(Uint8Array.from(count).reverse())).toBe(0x113fdb5c);
  expect(crc()).toBe(0);
});

test('a file is replaced in one step, and stays where the writing fails', async () => {
  const path = join(folder, 'deep', 'er', 'run.json');
  await writeFileAtomically(path, '{"é":1}');
  expect(readFileSync(path, 'utf8')).toBe('{"é":1}');
  const failing = writeAtomically(path, async (write) => {
    await write([Uint8Array.of(1, 2, 3)]);
    throw new OctavoError('[store] no more');
  });
  await expect(failing).rejects.toThrow('no more');
  expect(readFileSync(path, 'utf8')).toBe('{"é":1}');
  await writeAtomically(path, (write) => write([Uint8Array.of(1), new Uint8Array(0), Uint8Array.of(2, 3)]));
  expect([...readFileSync(path)]).toEqual([1, 2, 3]);
  expect(readdirSync(join(folder, 'deep', 'er'))).toEqual(['run.json']);
});

test('many pieces and a large one arrive in order', async () => {
  const path = join(folder, 'pieces');
  const pieces = Array.from({ length: 3000 }, (_, i) => new Uint8Array(i % 7).fill(i & 255));
  const large = new Uint8Array(5_000_000).fill(9);
  await writeAtomically(path, (write) => write([...pieces, large]));
  expect(readFileSync(path).equals(Buffer.concat([...pieces, large]))).toBe(true);
});

test('temporary files of dead processes go, others stay', async () => {
  const inner = join(folder, 'temporaries');
  mkdirSync(inner);
  const [dead, alive] = [2 ** 22 + 1, process.pid].map((pid) => `.a.arrow.${pid}.0123456789ab.octavo-tmp`);
  for (const name of [dead, alive, 'a.arrow', '.a.tmp']) writeFileSync(join(inner, name!), '');
  expect(await removeTemporaries(inner)).toBe(1);
  // Left by a process of another time that had our number, as in a container that was started again.
  const old = `.b.arrow.${process.pid}.0123456789ab.octavo-tmp`;
  writeFileSync(join(inner, old), '');
  utimesSync(join(inner, old), 1e9, 1e9);
  expect(await removeTemporaries(inner)).toBe(1);
  expect(readdirSync(inner).sort()).toEqual(['.a.tmp', alive, 'a.arrow'].sort());
  expect(await removeTemporaries(join(folder, 'nowhere'))).toBe(0);
});

test('a missing file, a folder and a file of another kind each give one line', async () => {
  const text = join(folder, 'text');
  writeFileSync(text, 'a text long enough to be taken for something else, perhaps');
  for (const open of [openCheckpoint, openTokenShard, openSafetensors, readStatistics]) {
    await expect(open(join(folder, 'missing'))).rejects.toThrow(
      /^\[store\] cannot read .*missing: it does not exist.*\(ENOENT\)$/,
    );
    await expect(open(folder)).rejects.toThrow(/^\[store\] cannot read [^\n]+$/);
    await expect(open(text)).rejects.toThrow(/^\[store\] .*text is not an? [^\n]+$/);
  }
  const shard = join(folder, 'shard.arrow');
  await writeTokenShard(shard, {
    tokens: Uint16Array.of(1),
    documents: [0],
    vocabularySize: 2,
    metadata: {},
  });
  await expect(openCheckpoint(shard)).rejects.toThrow(/got columns .*tokens uint16/);
});

test('a folder that cannot be written to', async () => {
  writeFileSync(join(folder, 'plain'), '');
  await expect(writeFileAtomically(join(folder, 'plain', 'x'), '1')).rejects.toThrow(
    /^\[store\] cannot write [^\n]+\((ENOTDIR|EEXIST)\)$/,
  );
  expect(() => openStatistics(join(folder, 'plain', 'x'), stepStatistics)).toThrow(
    /^\[store\] cannot write [^\n]+$/,
  );
  expect(statSync(join(folder, 'plain')).size).toBe(0);
});

test('tokens and documents that do not fit are refused', async () => {
  const path = join(folder, 'refused.arrow');
  const base = { tokens: Uint16Array.of(0, 1, 2), documents: [0], vocabularySize: 3, metadata: {} };
  for (const [change, message] of [
    [{ vocabularySize: 2 }, /token 2 is outside the vocabulary: got 2, expected 0 to 1/],
    [{ vocabularySize: 0 }, /vocabulary size is impossible/],
    [{ documents: [0, 3] }, /document 1 starts in the wrong place: got 3, expected 1 to 2/],
    [{ documents: [1, 1] }, /document 1 starts in the wrong place/],
    [{ metadata: { 'octavo.x': '' } }, /reserved/],
  ] as const)
    await expect(writeTokenShard(path, { ...base, ...change })).rejects.toThrow(message);
  expect(readdirSync(folder)).not.toContain('refused.arrow');
  const wide = { ...base, tokens: Uint32Array.of(0, 2 ** 31, 70000), vocabularySize: 2 ** 32 };
  await writeTokenShard(path, wide);
  const shard = await openTokenShard(path);
  expect(await shard.read(0, 3)).toEqual(wide.tokens);
  await shard.close();
});
