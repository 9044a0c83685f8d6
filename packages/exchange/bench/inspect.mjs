/**
 * @file Peak memory and time of inspecting large folders, after a build: `node bench/inspect.mjs make DIR tinyllama|llama2-7b`
 * writes one, `node bench/inspect.mjs look DIR [GRANULARITY]` inspects it and prints what that took.
 *
 * tinyllama: 1.0 billion values in F32, 4.1 GB, normally distributed. llama2-7b: 6.7 billion in BF16, of which only the beginning
 * of every tensor is written: 13.5 GB to a reader, some hundred MB on a disk that knows sparse files.
 */
import { closeSync, ftruncateSync, mkdirSync, openSync, writeFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { inspect, inspectedCast, openTensors } from '@octavo/exchange';
import { counterRandom } from '@octavo/formats';
import { configToHuggingFace, huggingFaceTensors, llamaConfigOf } from '@octavo/llama';
import { encodeSafetensors, entryBytes, planShards, writeShardIndex } from '@octavo/store';

const SHAPES = {
  tinyllama: {
    config: {
      ...llamaConfigOf('nano'),
      vocabularySize: 32_000,
      hiddenSize: 2048,
      layers: 22,
      heads: 32,
      keyValueHeads: 4,
      ffnSize: 5632,
    },
    dtype: 'F32',
    written: Number.POSITIVE_INFINITY,
  },
  'llama2-7b': { config: llamaConfigOf('llama2-7b'), dtype: 'BF16', written: 2 ** 20 },
};

/** Values of a standard deviation of 0.02, over and over. */
const NORMAL = Float32Array.from({ length: 2 ** 20 }, (_, i) => {
  const u = (counterRandom(1, 2 * i) + 1) / 2 ** 32;
  return 0.02 * Math.sqrt(-2 * Math.log(u)) * Math.cos((2 * Math.PI * counterRandom(1, 2 * i + 1)) / 2 ** 32);
});

async function make(folder, { config, dtype, written }) {
  mkdirSync(folder, { recursive: true });
  const block = encodeSafetensors(dtype, NORMAL);
  const entries = huggingFaceTensors(config).map(({ name, shape }) => ({ name, shape, dtype }));
  const shards = planShards(entries, 2e9);
  const homes = [];
  for (const [i, shard] of shards.entries()) {
    const name = `model-${String(i + 1).padStart(5, '0')}-of-${String(shards.length).padStart(5, '0')}.safetensors`;
    const header = {};
    let end = 0;
    for (const entry of shard) {
      const begin = end;
      end += entryBytes(entry);
      header[entry.name] = { dtype, shape: entry.shape, data_offsets: [begin, end] };
      homes.push({ name: entry.name, shard: name, byteLength: end - begin });
    }
    const json = Buffer.from(JSON.stringify(header));
    const length = Buffer.alloc(8);
    length.writeBigUInt64LE(BigInt(json.length));
    const file = openSync(join(folder, name), 'w');
    writeSync(file, length);
    writeSync(file, json);
    ftruncateSync(file, 8 + json.length + end);
    for (const {
      data_offsets: [begin, stop],
    } of Object.values(header))
      for (let at = begin; at < Math.min(stop, begin + written); at += block.length)
        writeSync(
          file,
          block,
          0,
          Math.min(block.length, stop - at, begin + written - at),
          8 + json.length + at,
        );
    closeSync(file);
  }
  await writeShardIndex(folder, homes);
  const facts = { dtype: dtype === 'F32' ? 'float32' : 'bfloat16', bos: 1, eos: 2 };
  writeFileSync(join(folder, 'config.json'), JSON.stringify(configToHuggingFace(config, facts)));
}

async function look(folder, granularity) {
  const began = performance.now();
  const file = await openTensors(folder);
  let elements = 0;
  let largest = 0;
  for await (const event of inspect(file, inspectedCast({ granularity })))
    if (event.kind === 'tensor') {
      elements += event.tensor.elements;
      largest = Math.max(largest, event.tensor.elements);
    }
  await file.close();
  const seconds = (performance.now() - began) / 1000;
  console.log(
    `${elements} values, ${largest} in the largest tensor; ${seconds.toFixed(0)} s, ${(elements / seconds / 1e6).toFixed(1)} million values/s; peak memory ${(process.resourceUsage().maxRSS / 1024).toFixed(0)} MiB`,
  );
}

const [what, folder, which] = process.argv.slice(2);
if (what === 'make' && folder && SHAPES[which]) await make(folder, SHAPES[which]);
else if (what === 'look' && folder) await look(folder, which ?? null);
else {
  console.error('usage: node bench/inspect.mjs make DIR tinyllama|llama2-7b, or look DIR [GRANULARITY]');
  process.exitCode = 2;
}
