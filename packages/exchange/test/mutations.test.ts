/**
 * @file Folders and files of strangers, altered at random: opened, converted, inspected, examined and mended, or one line says why not.
 * 2,000 a kind; `OCTAVO_MUTATIONS=100000` (the package's script `mutations`) for more.
 * @module-tag slow
 */
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { counterRandom, OctavoError } from '@octavo/formats';
import { expect, test } from 'vitest';
import { largestAllocation, mutate } from '../../../tooling/vitest/mutate.ts';
import {
  examine,
  fixFolder,
  foldSmooth,
  inspect,
  inspectedCast,
  openModel,
  openTensors,
  quantizedWeights,
  type SchemeName,
  schemes,
  writeCheckpointModel,
  writeHuggingFace,
} from '../src/index.ts';
import { temporaryFolder, writeLlama2c, writeModel } from './support.ts';

const TIMES = Number(process.env.OCTAVO_MUTATIONS ?? 500);
const folder = temporaryFolder();
const at = (...path: string[]): string => join(folder, ...path);

/** One block, and a context short enough for a small file of llama2.c. */
const tiny = {
  ...{ vocabularySize: 11, hiddenSize: 32, layers: 1, heads: 2, keyValueHeads: 1, ffnSize: 32 },
  ...{ contextLength: 4, ropeTheta: 10_000, normEpsilon: 1e-5, tiedHead: false },
};
const options = { dtype: null, shardBytes: 1e9, overwrite: true, tokenizer: null };

async function quantized(scheme: SchemeName, to: string): Promise<void> {
  await writeModel(`${to} plain`, tiny);
  const source = await openModel(`${to} plain`);
  const dialect = schemes[scheme].dialects[0]!;
  await writeHuggingFace(
    to,
    source,
    options,
    quantizedWeights(source, schemes[scheme], { dialect, dtype: null }),
  );
  await source.close();
}

type Draw = (bound: number) => number;
const STRANGE = [
  null,
  -1,
  0,
  1e9,
  2 ** 53,
  0.5,
  '',
  [],
  {},
  true,
  'fp8',
  [[1]],
  '__proto__',
  'x'.repeat(300),
];

/** One value of a JSON text, anywhere, replaced by a strange one, left out, or put under another key. */
function alteredValue(text: string, draw: Draw): string {
  const root = JSON.parse(text) as Record<string, unknown>;
  let at = root;
  for (;;) {
    const keys = Object.keys(at);
    const key = keys[draw(keys.length)];
    if (key === undefined) return JSON.stringify(root);
    const value = at[key];
    if (typeof value === 'object' && value !== null && draw(4) > 0) {
      at = value as Record<string, unknown>;
      continue;
    }
    const what = draw(STRANGE.length + 2);
    if (what >= STRANGE.length - 1) delete at[key];
    if (what > STRANGE.length) at[keys[draw(keys.length)]!] = value;
    else at[key] = STRANGE[what];
    return JSON.stringify(root);
  }
}

/** The header's JSON altered, its length put right. */
function alteredHeader(file: Uint8Array, draw: Draw): Buffer {
  const bytes = Buffer.from(file);
  const end = 8 + Number(bytes.readBigUInt64LE(0));
  const header = Buffer.from(alteredValue(bytes.toString('utf8', 8, end), draw));
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(header.length));
  return Buffer.concat([length, header, bytes.subarray(end)]);
}

/** All that the commands do with it. */
async function use(path: string, seed: number): Promise<void> {
  const source = await openModel(path);
  try {
    const model = seed % 3 === 0 ? foldSmooth(source) : source;
    const scheme = Object.values(schemes)[seed % 4]!;
    const dialect = scheme.dialects[0]!;
    if (seed % 16 === 1) await writeHuggingFace(at('out'), model, options);
    else if (seed % 16 === 2) await writeCheckpointModel(at('out.arrow'), model, {}, { overwrite: true });
    else
      for (const { data } of quantizedWeights(model, scheme, { dialect, dtype: 'fp32' }).records)
        if (typeof data === 'function') await data();
  } finally {
    await source.close();
  }
}

const heal = async (path: string): Promise<void> => {
  const found = await examine(path);
  if (!found.some(({ fix }) => fix !== null)) return;
  await fixFolder(path, found);
  await examine(path);
};

const CASTS = ['tensor', 'row', 'channel', 'block', 'mx', 'nvfp4', '3x5'];

const see = async (path: string, seed: number): Promise<void> => {
  const file = await openTensors(path);
  const granularity = CASTS[(seed / 4) % CASTS.length]!;
  try {
    for await (const _ of inspect(file, inspectedCast({ granularity })));
  } finally {
    await file.close();
  }
};

const SINGLE = 'model.safetensors';
const kinds: readonly {
  readonly name: string;
  make(path: string): Promise<void> | void;
  /** The file that is altered; none: the model is that file. */
  readonly file: string | null;
  /** Where its bytes mean most. */
  readonly altered: (file: Buffer, draw: Draw) => string | Buffer;
}[] = [
  {
    name: 'safetensors',
    make: (path) => writeModel(path, tiny, { shardBytes: 1e9 }),
    file: SINGLE,
    altered: (file, draw) => (draw(2) ? mutate(file, draw).bytes : alteredHeader(file, draw)),
  },
  {
    name: 'index',
    make: (path) => writeModel(path, tiny, { shardBytes: 600 }),
    file: `${SINGLE}.index.json`,
    altered: (file, draw) => (draw(2) ? mutate(file, draw).bytes : alteredValue(`${file}`, draw)),
  },
  {
    name: 'config.json',
    make: (path) => writeModel(path, tiny, { shardBytes: 1e9 }),
    file: 'config.json',
    altered: (file, draw) => (draw(3) ? alteredValue(`${file}`, draw) : mutate(file, draw).bytes),
  },
  ...(Object.keys(schemes) as SchemeName[]).flatMap((name) => [
    {
      ...{ name: `${name}, its weights`, make: (path: string) => quantized(name, path), file: SINGLE },
      altered: (file: Buffer, draw: Draw) => (draw(2) ? mutate(file, draw).bytes : alteredHeader(file, draw)),
    },
    {
      ...{
        name: `${name}, its configuration`,
        make: (path: string) => quantized(name, path),
        file: 'config.json',
      },
      altered: (file: Buffer, draw: Draw) => alteredValue(`${file}`, draw),
    },
  ]),
  {
    name: 'llama2.c',
    make: (path) => writeLlama2c(path, tiny),
    file: null,
    altered: (file, draw) => {
      const { bytes } = mutate(file, draw);
      if (draw(2) || bytes.length < 28) return bytes;
      bytes.writeInt32LE([0, -1, 1, 2 ** 31 - 1, 64, 1000, 10 ** 6, -(2 ** 31)][draw(8)]!, 4 * draw(7));
      return bytes;
    },
  },
];

test.each(kinds)(
  '$name',
  async ({ name, make, file, altered }) => {
    const path = file === null ? at(`${name}.bin`) : at(name);
    await make(path);
    const target = file === null ? path : join(path, file);
    const whole = readFileSync(target);
    let [refused, slowest] = [0, 0];
    const largest = await largestAllocation(async () => {
      for (let seed = 0; seed < TIMES; seed++) {
        let i = 0;
        const draw: Draw = (bound) => (counterRandom(seed, i++) >>> 8) % bound;
        rmSync(target, { force: true }); // some file systems flush a file that is written over
        writeFileSync(target, altered(whole, draw));
        const began = process.cpuUsage();
        for (const act of [use, ...(file === null ? [] : [heal]), ...(seed % 4 === 0 ? [see] : [])])
          try {
            await act(path, seed);
          } catch (error) {
            if (!OctavoError.is(error) || error.exitCode !== 2 || !/^\[\w+\] [^\n]{10,}$/.test(error.message))
              throw new Error(`seed ${seed}: ${(error as Error).stack}`, { cause: error });
            refused++;
          }
        const { user, system } = process.cpuUsage(began); // of this process alone: others may hold disk and cores
        slowest = Math.max(slowest, (user + system) / 1000);
      }
    });
    expect(refused).toBeGreaterThan(TIMES / 20);
    expect(largest).toBeLessThan(2 ** 22);
    expect(slowest).toBeLessThan(5000);
  },
  TIMES * 100,
);
