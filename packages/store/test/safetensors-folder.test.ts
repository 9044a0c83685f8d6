/** @file Models in shards: written and read as one; indexes that lie; 4,000 damaged ones (`OCTAVO_MUTATIONS`: more). */
import {
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { OctavoError } from '@octavo/formats';
import { describe, expect, test } from 'vitest';
import { largestAllocation, mutate } from '../../../tooling/vitest/mutate.ts';
import {
  INDEX_FILE,
  openSafetensorsFolder,
  planShards,
  type SafetensorsRecord,
  writeSafetensors,
  writeSafetensorsFolder,
} from '../src/index.ts';
import { randomFrom } from './random.ts';
import { temporaryFolder } from './temporary-folder.ts';

const folder = temporaryFolder();
const random = randomFrom(11);
const records: readonly SafetensorsRecord[] = Array.from({ length: 5 }, (_, i) => ({
  name: `layer.${i}`,
  dtype: 'F32',
  shape: [i + 1, 4],
  data: async () => Float32Array.from({ length: 4 * (i + 1) }, (_, j) => 100 * i + j),
}));
const write = (name: string, shardBytes: number): Promise<readonly string[]> =>
  writeSafetensorsFolder(join(folder, name), records, { shardBytes, metadata: { format: 'pt' } });

describe('shards', () => {
  test('are planned in order, and a tensor that is longer than one stands alone', () => {
    const names = (size: number) =>
      planShards(records, size).map((shard) => shard.map(({ name }) => name.at(-1)));
    expect(names(1e9)).toEqual([['0', '1', '2', '3', '4']]);
    expect(names(48)).toEqual([['0', '1'], ['2'], ['3'], ['4']]);
    expect(names(1)).toEqual([['0'], ['1'], ['2'], ['3'], ['4']]);
    expect(() => planShards(records, 0)).toThrow(/shard size: got 0, expected at least 1 byte/);
  });

  test('are written as Hugging Face names them, with their index, and read as one', async () => {
    const files = ['model-00001-of-00004.safetensors', 'model-00002-of-00004.safetensors'];
    const last = ['model-00003-of-00004.safetensors', 'model-00004-of-00004.safetensors', INDEX_FILE];
    expect(await write('four', 48)).toEqual([...files, ...last]);
    expect(readdirSync(join(folder, 'four')).sort()).toEqual([...files, ...last].sort());
    const index = JSON.parse(readFileSync(join(folder, 'four', INDEX_FILE), 'utf8'));
    expect(index.metadata).toEqual({ total_size: 16 * 15 });
    expect(index.weight_map['layer.2']).toBe(files[1]);
    const opened = await openSafetensorsFolder(join(folder, 'four'));
    expect(opened.tensors.map(({ name }) => name)).toEqual(records.map(({ name }) => name));
    expect([opened.metadata, opened.strays, opened.has('layer.4'), opened.has('x')]).toEqual([
      ...[{ format: 'pt' }, [], true, false],
    ]);
    const { data } = await opened.read('layer.3');
    expect([...new Float32Array(data.buffer)].slice(0, 3)).toEqual([300, 301, 302]);
    expect([...new Float32Array((await opened.readRange('layer.3', 8, 16)).buffer)]).toEqual([302, 303]);
    await expect(opened.readRange('layer.0', 8, 17)).rejects.toThrow(
      /no such bytes: got 8 to 17, expected within 16/,
    );
    await expect(opened.read('x')).rejects.toThrow(/lacks a tensor: got no "x" among 5/);
    await opened.close();
  });

  test('one is enough: model.safetensors, without an index; and a file by its own name', async () => {
    expect(await write('one', 1e9)).toEqual(['model.safetensors']);
    for (const path of ['one', 'one/model.safetensors']) {
      const opened = await openSafetensorsFolder(join(folder, path));
      expect(opened.tensors.length).toBe(5);
      await opened.close();
    }
  });

  test('the index comes last: a write that fails has none', async () => {
    const failing = [
      ...records.slice(0, 4),
      { ...records[4]!, data: () => Promise.reject(new OctavoError('[test] no')) },
    ];
    await expect(writeSafetensorsFolder(join(folder, 'half'), failing, { shardBytes: 48 })).rejects.toThrow(
      '[test] no',
    );
    expect(existsSync(join(folder, 'half', INDEX_FILE))).toBe(false);
    await expect(openSafetensorsFolder(join(folder, 'half'))).rejects.toThrow(
      /holds no model: got "model-00001/,
    );
  });
});

describe('folders that lie are refused in one line', () => {
  const altered = async (
    change: (at: (name: string) => string, index: Index) => unknown,
  ): Promise<unknown> => {
    const copy = join(folder, 'copy');
    rmSync(copy, { recursive: true, force: true });
    await write('copy', 48);
    const at = (name: string): string => join(copy, name);
    const index: Index = JSON.parse(readFileSync(at(INDEX_FILE), 'utf8'));
    const text = change(at, index);
    writeFileSync(at(INDEX_FILE), typeof text === 'string' ? text : JSON.stringify(index));
    const opened = await openSafetensorsFolder(copy).catch((error: unknown) => error);
    if (OctavoError.is(opened)) expect([opened.exitCode, /\n/.test(opened.message)]).toEqual([2, false]);
    return opened;
  };
  interface Index {
    weight_map: Record<string, unknown>;
    metadata?: unknown;
  }
  const first = 'model-00001-of-00004.safetensors';
  const moved =
    (tensor: string, shard: unknown) =>
    (_: unknown, { weight_map: map }: Index): void => {
      map[tensor] = shard;
    };
  test.each<[string, (at: (name: string) => string, index: Index) => unknown, RegExp]>([
    ['no JSON', () => '{', /is no index of shards: it is not JSON/],
    ['no object', () => '[]', /it is not an object/],
    ['no map', () => '{"metadata":{}}', /its weight_map is no object of file names/],
    ['a number', moved('layer.0', 3), /no object of file names/],
    [
      'a name twice',
      () => `{"weight_map":{"a":"b.safetensors","a":"b.safetensors"}}`,
      /"a" stands twice in it/,
    ],
    ...[
      '../model.safetensors',
      '/etc/x.safetensors',
      'a/b.safetensors',
      '..\\b.safetensors',
      'model.bin',
      '',
    ].map((name): [string, (at: (name: string) => string, index: Index) => unknown, RegExp] => [
      `a path: ${name}`,
      moved('layer.0', name),
      /got shard ".*", expected the name of a \.safetensors file beside the index/,
    ]),
    [
      'a shard that is gone',
      (at) => rmSync(at(first)),
      /model-00001-of-00004.safetensors: it does not exist/,
    ],
    ['a folder for a shard', (at) => [rmSync(at(first)), mkdirSync(at(first))], /not a plain file/],
    [
      'a tensor that is nowhere',
      moved('more', first),
      /"more" is missing: got none in "model-00001-of-00004.safetensors"/,
    ],
    [
      'a tensor that the index leaves out',
      (_, { weight_map }) => void delete weight_map['layer.1'],
      /"layer.1" is in "model-00001-of-00004.safetensors", expected in no shard/,
    ],
    [
      'a tensor elsewhere',
      moved('layer.1', 'model-00002-of-00004.safetensors'),
      /"layer.1" is in "model-00001.*", expected in "model-00002/,
    ],
    [
      'a tensor in two shards',
      (at) => cpSync(at(first), at('model-00002-of-00004.safetensors')),
      /"layer.0" stands twice: got it in "model-00001.*" and "model-00002/,
    ],
  ])('%s', async (_, change, message) => {
    expect(String(await altered(change))).toMatch(message);
  });

  test('safetensors files that belong to no part of the model are named', async () => {
    const opened = await altered((at) => cpSync(at(first), at('model-00009-of-00004.safetensors')));
    expect(opened).toMatchObject({ strays: ['model-00009-of-00004.safetensors'] });
    await (opened as { close(): Promise<void> }).close();
  });

  test('a folder without a model says what it has instead', async () => {
    const path = join(folder, 'torch');
    mkdirSync(path);
    await expect(openSafetensorsFolder(path)).rejects.toThrow(
      /holds no model: got no weights, expected model\./,
    );
    writeFileSync(join(path, 'pytorch_model.bin'), '');
    await expect(openSafetensorsFolder(path)).rejects.toThrow(/got "pytorch_model.bin"/);
    await writeSafetensors(join(path, 'x.safetensors'), []);
    renameSync(join(path, 'x.safetensors'), join(path, 'adapter.safetensors'));
    await expect(openSafetensorsFolder(path)).rejects.toThrow(/got "adapter.safetensors", expected/);
    await expect(openSafetensorsFolder(join(folder, 'nowhere'))).rejects.toThrow(/does not exist/);
  });
});

const TIMES = Number(process.env.OCTAVO_MUTATIONS ?? 4_000);
test(
  `${TIMES} damaged indexes: the model, or one refusal`,
  async () => {
    await write('damaged', 48);
    const path = join(folder, 'damaged', INDEX_FILE);
    const file = readFileSync(path);
    let refused = 0;
    const largest = await largestAllocation(async () => {
      for (let time = 0; time < TIMES; time++) {
        rmSync(path);
        writeFileSync(path, mutate(file, random).bytes);
        try {
          const opened = await openSafetensorsFolder(join(folder, 'damaged'));
          await opened.close();
          expect(opened.tensors.length).toBe(5);
        } catch (error) {
          if (!OctavoError.is(error) || error.exitCode !== 2 || !/^\[store\] [^\n]{10,}$/.test(error.message))
            throw error;
          refused++;
        }
      }
    });
    expect(refused).toBeGreaterThan(TIMES / 2);
    expect(largest).toBeLessThan(2 ** 16);
  },
  TIMES * 60,
);
