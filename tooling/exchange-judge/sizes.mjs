/**
 * @file Published shapes with random weights, converted: how much memory that takes, whatever the model.
 *
 *     npm run build
 *     node tooling/exchange-judge/sizes.mjs SHAPE FOLDER [CONVERT-OPTIONS…]
 *
 * Makes FOLDER/SHAPE once (shards of 2 GB, a tensor at a time), then runs `octavo convert` on it and prints time and the peak of
 * resident memory. What it converts to is deleted.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

const root = fileURLToPath(new URL('../..', import.meta.url));
const from = createRequire(join(root, 'packages/exchange/package.json'));
const load = (name) => import(pathToFileURL(from.resolve(name)));
const [{ configToHuggingFace, huggingFaceTensors }, { encodeSafetensors, writeSafetensorsFolder }] =
  await Promise.all(['@octavo/llama', '@octavo/store'].map(load));

const llama = { normEpsilon: 1e-5, tiedHead: false, ropeTheta: 10_000, vocabularySize: 32_000 };
const shapes = {
  'smollm2-135m': {
    ...llama,
    ...{ vocabularySize: 49_152, hiddenSize: 576, layers: 30, heads: 9, keyValueHeads: 3, ffnSize: 1536 },
    ...{ contextLength: 8192, ropeTheta: 100_000, tiedHead: true },
  },
  'tinyllama-1.1b': {
    ...llama,
    ...{ hiddenSize: 2048, layers: 22, heads: 32, keyValueHeads: 4, ffnSize: 5632, contextLength: 2048 },
  },
  'llama2-7b': {
    ...llama,
    ...{ hiddenSize: 4096, layers: 32, heads: 32, keyValueHeads: 32, ffnSize: 11_008, contextLength: 4096 },
  },
};

const [name, folder, ...options] = process.argv.slice(2);
const config = shapes[name];
if (!config || !folder) {
  console.error(`usage: sizes.mjs ${Object.keys(shapes).join('|')} FOLDER [CONVERT-OPTIONS…]`);
  process.exit(2);
}

/** Normal numbers in BF16, 2 bytes each, over and over from another place. */
const SOME = 2 ** 20;
const pool = encodeSafetensors(
  'BF16',
  Float32Array.from(
    { length: SOME },
    () => 0.02 * Math.sqrt(-2 * Math.log(1 - Math.random())) * Math.cos(2 * Math.PI * Math.random()),
  ),
);

function randomTensor(length) {
  const bytes = Buffer.alloc(2 * length);
  for (let at = 0; at < bytes.length; ) {
    const start = 2 * Math.floor(Math.random() * (SOME / 2));
    at += Buffer.from(pool.buffer).copy(bytes, at, start, start + SOME);
  }
  return bytes;
}

const model = join(folder, name);
if (!existsSync(join(model, 'config.json'))) {
  const records = huggingFaceTensors(config).map((tensor) => {
    const length = tensor.shape.reduce((a, b) => a * b, 1);
    const ones = () => encodeSafetensors('BF16', new Float32Array(length).fill(1));
    return { ...tensor, dtype: 'BF16', data: tensor.shape.length === 1 ? ones : () => randomTensor(length) };
  });
  await writeSafetensorsFolder(model, records, { shardBytes: 2e9, metadata: { format: 'pt' } });
  const json = configToHuggingFace(config, { dtype: 'bfloat16', bos: 1, eos: 2 });
  writeFileSync(join(model, 'config.json'), JSON.stringify(json, null, 2));
}

const out = join(folder, `${name}-converted`);
const octavo = join(root, 'apps/trainer/bin/octavo.js');
const atExit = 'process.on("exit",()=>console.error("peak",process.resourceUsage().maxRSS))';
const began = performance.now();
const { stderr, status } = spawnSync(
  process.execPath,
  ['--import', `data:text/javascript,${atExit}`, octavo, 'convert', model, out, '--overwrite', ...options],
  { encoding: 'utf8', stdio: ['ignore', 'inherit', 'pipe'] },
);
const peak = Number(/^peak (\d+)$/m.exec(stderr)?.[1]) * 1024;
process.stderr.write(stderr.replace(/^peak.*\n/gm, ''));
console.log(
  `${name} ${options.join(' ')}: ${Math.round((performance.now() - began) / 1000)} s, peak ${(peak / 1e6).toFixed(0)} MB`,
);
rmSync(out, { recursive: true, force: true });
process.exitCode = status ?? 1;
