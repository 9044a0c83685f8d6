import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { createPlainDevice, stepBatch, stepPlan } from '@octavo/bench';
import { createLlama, generate, initialValues, llamaConfigOf, parameterSpecs } from '@octavo/llama';
import { createPrecision, recipeOf } from '@octavo/nn';
import { createTraining, trainStep } from '@octavo/trainer';
import { afterAll, describe, expect, it } from 'vitest';
import { askedTable } from '../src/asked.ts';
import { packages } from '../src/catalog.ts';
import { type Contender, startContender } from '../src/contender.ts';
import { compareDecoding } from '../src/decode-comparison.ts';
import { compareGemm } from '../src/gemm-comparison.ts';
import { missingLine, pageOf } from '../src/page.ts';
import { ggufName, ggufOf, interleaved, q8Blocks } from '../src/peers/gguf.ts';
import { matMulModel } from '../src/peers/onnx-model.ts';
import { compareProducts } from '../src/product-comparison.ts';
import { element } from '../src/protocol.ts';
import { installPython, interpreter } from '../src/python.ts';
import { compareSteps } from '../src/step-comparison.ts';
import { readWeights, seed, writeStep } from '../src/stories.ts';

const folder = mkdtempSync(join(tmpdir(), 'octavo-bench-test-'));
afterAll(() => rmSync(folder, { recursive: true }));

/** A contender of a few lines. */
async function fake(name: string, reply: string): Promise<Contender> {
  const file = join(folder, `${name}.mjs`);
  writeFileSync(
    file,
    `console.log('a greeting');
console.log(JSON.stringify({ ready: true, name: '${name}', version: '1', threads: 2 }));
process.stdin.on('data', (data) => console.log(JSON.stringify(${reply})));\n`,
  );
  return startContender({ name, file: process.execPath, args: [file] });
}

const fail = (name: string, why: string): never => {
  throw new Error(`${name} was left out: ${why}`);
};

describe('contenders', () => {
  it('answer in turns; ratios are to the first', async () => {
    const all = [
      await fake('fast', '{ ms: 1, check: [1, 2, 3] }'),
      await fake('slow', '{ ms: 4, check: [1, 2, 3] }'),
    ];
    const table = await compareGemm(all, { sizes: [100], rounds: 3, leastMs: 1 }, fail);
    for (const one of all) one.stop();
    expect(table.rows.map(({ values }) => values)).toEqual([
      { gflops_100: 2, ours_100: 1 },
      { gflops_100: 0.5, ours_100: 4 },
    ]);
  });

  it('that compute another product are told apart', async () => {
    const all = [
      await fake('right', '{ ms: 1, check: [1, 2, 3] }'),
      await fake('wrong', '{ ms: 1, check: [1, 2, 3.1] }'),
    ];
    const run = compareGemm(all, { sizes: [100], rounds: 1, leastMs: 1 }, fail);
    await expect(run).rejects.toThrow('wrong, 100³: got 1, 2, 3.1, expected 1, 2, 3');
    for (const one of all) one.stop();
  });

  it('that are not there are missing, whatever is wrong', async () => {
    const absent = await startContender({ name: 'absent', file: join(folder, 'nowhere'), args: [] });
    expect(missingLine(absent.hello)).toMatch(/^absent: not installed \(.*ENOENT/);
    const broken = await startContender({ name: 'broken', file: process.execPath, args: ['-e', 'bad('] });
    expect(missingLine(broken.hello)).toMatch(/^broken: not installed/);
  });

  it('that do not answer in time are ended', async () => {
    const file = join(folder, 'silent.mjs');
    const hello = JSON.stringify({ ready: true, name: 'silent', version: '1', threads: 1 });
    writeFileSync(file, `console.log('${hello}'); process.stdin.resume();`);
    const one = await startContender({ name: 'silent', file: process.execPath, args: [file] }, 50);
    const answer = one.ask({ task: 'gemm', size: 1, leastMs: 1 });
    await expect(answer).rejects.toThrow('no answer within 0.05 s');
    await expect(one.ask({ task: 'gemm', size: 1, leastMs: 1 })).rejects.toThrow('no answer');
  });

  it('PyTorch is left out in one line where Python is not found', () => {
    const { PATH } = process.env;
    process.env.PATH = folder;
    try {
      expect(installPython()).toBe('PyTorch is left out: no Python (python3) was found');
    } finally {
      process.env.PATH = PATH;
    }
  });

  it('that report an error are left out by name; where Octavo does, the comparison fails', async () => {
    const one = await fake('unable', '{ error: "no" }');
    const other = await fake('able', '{ ms: 2, loss: 3 }');
    const left: string[] = [];
    const entries = [one, other].map((contender) => ({ contender, kind: 'fp32', label: 'float32' }));
    const table = await compareSteps(entries, folder, 1, (name, why) => left.push(`${name}: ${why}`));
    expect(left).toEqual(['unable: float32: unable: no']);
    expect(table.rows.map(({ name }) => name)).toEqual(['able (1, 2 threads): float32']);
    const ours = await fake('Octavo', '{ error: "no" }');
    const run = compareSteps([{ contender: ours, kind: 'fp32', label: '' }], folder, 1, fail);
    await expect(run).rejects.toThrow('Octavo: no');
    for (const contender of [one, other, ours]) contender.stop();
  });
});

describe('tables', () => {
  const entry = async (name: string, kind: string, reply: string) => ({
    contender: await fake(name, reply),
    kind,
    label: kind,
    key: kind,
  });

  it('steps are of each of PyTorch’s, where it is there', async () => {
    const entries = [
      await entry('Octavo', 'bf16', '{ ms: 10, loss: 2 }'),
      await entry('PyTorch', 'bf16', '{ ms: 20, loss: 2 }'),
      await entry('PyTorch', 'bf16 compiled', '{ ms: 8, loss: 2 }'),
    ];
    const table = await compareSteps(entries, folder, 3, fail);
    for (const { contender } of entries) contender.stop();
    expect(table.rows[0]!.values).toEqual({
      tokens_per_second: (8 * 256 * 1000) / 10,
      of_eager_fp32: null,
      of_eager_bf16: 2,
      of_compiled_bf16: 0.8,
      first_loss: 2,
      last_loss: 2,
    });
  });

  it('the products of a step count as often as it has them', async () => {
    const entries = [
      await entry('PyTorch', 'alone', '{ ms: 1 }'),
      // half as fast where the result is 4 wide
      await entry('Octavo', 'fp8', '{ ms: JSON.parse(data).n === 4 ? 2 : 1 }'),
    ];
    const product = { m: 2, k: 5, kind: 'forward' } as const;
    const products = [
      { ...product, name: 'wide', n: 4, calls: 3 },
      { ...product, name: 'narrow', n: 2, calls: 1 },
    ];
    const { rows } = await compareProducts(entries, 1, 0, fail, products);
    for (const { contender } of entries) contender.stop();
    expect(rows.map(({ name, values }) => [name, values.of_alone_fp8])).toEqual([
      ['wide, 3 ×', 0.5],
      ['narrow, 1 ×', 1],
      ['all', 4 / 7],
    ]);
    expect(rows[2]!.values.gflops_fp8).toBeCloseTo((3 * 80 + 40) / 7 / 1e6, 12);
  });

  it('decoders are held to the tokens of the first in float32', async () => {
    const entries = [
      await entry('Octavo', 'fp32', '{ ms: 4, tokens: [5, 6, 7] }'),
      await entry('llama.cpp', 'fp32', '{ ms: 2, tokens: [5, 6, 8] }'),
    ];
    const { rows } = await compareDecoding(entries, folder, 3, 1, fail);
    for (const { contender } of entries) contender.stop();
    expect(rows.map(({ values }) => values)).toEqual([
      { tokens_per_second: 750, of_llama_cpp: 0.5, same_tokens: 3 },
      { tokens_per_second: 1500, of_llama_cpp: 1, same_tokens: 2 },
    ]);
  });

  it('what is asked is looked up in them; what was not measured has no figure', () => {
    const row = (name: string, tokens_per_second: number, of_compiled_bf16: number) => ({
      name: `Octavo + oneDNN (x): ${name}`,
      values: { tokens_per_second, of_compiled_bf16 },
    });
    const steps = {
      id: 'peers step',
      title: '',
      note: '',
      columns: [],
      rows: [row('float32', 100, 1), row('bf16', 200, 1.25), row('fp8-full', 180, 1.1)],
    };
    const { rows } = askedTable([steps]);
    const of = (name: string) => rows.find((one) => one.name.startsWith(name))!.values;
    expect(of('fp8-full, tokens/s, of our own')).toEqual({ asked: 1.5, seen: 1.8, holds: 1 });
    expect(of('fp8-full of bf16')).toEqual({ asked: 0.97, seen: 0.9, holds: 0 });
    expect(of('bf16 of PyTorch compiled')).toEqual({ asked: 1.2, seen: 1.25, holds: 1 });
    expect(of('decoding, FP8, of BF16')).toEqual({ asked: 1.3, seen: null, holds: null });
  });
});

describe('what contenders are given', () => {
  it('elements are those of a linear congruence, exactly', () => {
    // by hand: 12345 / 2^31 - 1/2, (1103515245 + 12345) / 2^31 - 1/2
    expect(element(0)).toBe(12345 / 2147483648 - 0.5);
    expect(element(1)).toBe(1103527590 / 2147483648 - 0.5);
    expect(element(2 ** 22)).toBe(Number((1103515245n * 4194304n + 12345n) % 2147483648n) / 2147483648 - 0.5);
  });

  it('the ONNX model is the protobuf that onnx.proto says', () => {
    const text = Buffer.from(matMulModel(300)).toString('latin1');
    expect(text.startsWith('\x08\x09\x3a')).toBe(true); // ir_version 9, then the graph
    expect(text).toContain('\x0a\x01a\x0a\x01b\x12\x01c\x22\x06MatMul'); // inputs a, b; output c
    expect(text.split('\x08\xac\x02')).toHaveLength(7); // six sides of 300
    expect(text.endsWith('\x42\x04\x0a\x00\x10\x11')).toBe(true); // opset 17
  });

  it('a GGUF file has the header and blocks that ggml’s documents say', () => {
    const config = {
      ...llamaConfigOf('nano'),
      layers: 1,
      hiddenSize: 32,
      heads: 2,
      keyValueHeads: 2,
      ffnSize: 32,
    };
    const values = new Map(parameterSpecs(config).map((spec, i) => [spec.name, initialValues(spec, i, 1)]));
    const file = ggufOf(config, (name) => values.get(name)!, 'fp32');
    expect(file.subarray(0, 8).toString('latin1')).toBe('GGUF\x03\0\0\0');
    expect(file.readBigUInt64LE(8)).toBe(11n); // two gains and seven matrices of the block, the table, the last gain
    const floats = 2 * 256 * 32 - 256 * 32 + 7 * 32 * 32 + 3 * 32; // the head is the table
    expect(file.length % 32).toBe(0);
    const table = values.get('embedding')!;
    expect(file.readFloatLE(file.length - 4 * floats)).toBe(table[0]); // offsets begin with the data, the table first

    // amax 127: a scale of one, 0x3c00 in FP16
    const block = q8Blocks(Float32Array.from({ length: 32 }, (_, i) => (i === 3 ? -127 : i / 4)));
    expect([block.readUInt16LE(0), block.readInt8(2 + 3), block.readInt8(2 + 31)]).toEqual([0x3c00, -127, 8]);
    expect([...interleaved(Float32Array.of(0, 1, 2, 3, 4, 5, 6, 7), 1, 4)]).toEqual([0, 2, 1, 3, 4, 6, 5, 7]);
    expect(ggufName('model.layers.12.self_attn.k_proj.weight')).toBe('blk.12.attn_k.weight');
  });

  it('weights are read as they were written', () => {
    const model = { ...llamaConfigOf('nano'), layers: 1 };
    writeStep(folder, { name: '', model, batch: 1, sequence: 4 });
    const { config, values } = readWeights(folder);
    expect(config).toMatchObject({ layers: 1, hiddenSize: 128 });
    const specs = parameterSpecs(model);
    expect(values.get('norm')).toEqual(initialValues(specs.at(-1)!, specs.length - 1, 1));
  });

  it('every package has a fixed version', () => {
    for (const version of Object.values(packages)) expect(version).toMatch(/^\d+\.\d+\.\d+$/);
  });
});

describe('the page', () => {
  it('says the command, the machine without its name, and what is missing', () => {
    const machine = { cpu: 'A CPU', cores: 2, memoryGiB: 8, system: 'linux x64', node: '20.20.2' };
    const text = pageOf({
      machine,
      command: 'pnpm bench',
      tables: [],
      contenders: ['Octavo (2)'],
      missing: ['jax-js: not installed'],
    });
    expect(text).toContain('`pnpm bench` on A CPU, 2 cores, 8 GiB, linux x64, Node 20.20.2');
    expect(text).toContain('Compared:\n\n- Octavo (2)\n\nLeft out:\n\n- jax-js: not installed\n');
  });
});

const script = fileURLToPath(new URL('../peers/pytorch.py', import.meta.url));
const pytorch = await startContender({ name: 'PyTorch', file: interpreter(), args: [script, '1'] });
afterAll(() => pytorch.stop());

describe.runIf(pytorch.hello.ready)('PyTorch, where it is installed', () => {
  const one = {
    name: 'small',
    model: {
      ...llamaConfigOf('nano'),
      vocabularySize: 32,
      layers: 2,
      hiddenSize: 16,
      heads: 4,
      keyValueHeads: 2,
      ffnSize: 24,
    },
    batch: 2,
    sequence: 12,
  };

  it('takes the same steps as Octavo: losses agree through three updates', async () => {
    writeStep(folder, one);
    expect(readFileSync(join(folder, 'weights.f32')).length).toBe(
      4 * parameterSpecs(one.model).reduce((n, spec, i) => n + initialValues(spec, i, 1).length, 0),
    );
    const device = await createPlainDevice(1);
    const training = createTraining(device, stepPlan(one, 'fp32'));
    for (let step = 0; step < 4; step++) {
      const { loss } = await trainStep(training, [stepBatch(one)]);
      const reply = await pytorch.ask({ task: 'step', kind: 'fp32', model: folder });
      expect(reply.loss, `step ${step}`).toBeCloseTo(loss, 5);
    }
    await device.destroy();
  });

  it('decodes the tokens that Octavo does', async () => {
    const device = await createPlainDevice(1);
    const model = createLlama(one.model, createPrecision(device, recipeOf('fp32')), { seed });
    const tokens: number[] = [];
    for await (const token of generate(model, [1], { count: 10, temperature: 0, seed })) tokens.push(token);
    const reply = await pytorch.ask({ task: 'decode', kind: 'fp32', model: folder, tokens: 10 });
    expect(reply.tokens).toEqual(tokens);
    await device.destroy();
  });
});
