import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { createPlainDevice, stepBatch, stepPlan } from '@octavo/bench';
import { initialValues, llamaConfigOf, parameterSpecs } from '@octavo/llama';
import { createTraining, trainStep } from '@octavo/trainer';
import { afterAll, describe, expect, it } from 'vitest';
import { packages } from '../src/catalog.ts';
import { type Contender, startContender } from '../src/contender.ts';
import { compareGemm } from '../src/gemm-comparison.ts';
import { missingLine, pageOf } from '../src/page.ts';
import { matMulModel } from '../src/peers/onnx-model.ts';
import { element } from '../src/protocol.ts';
import { compareSteps } from '../src/step-comparison.ts';
import { writeStep } from '../src/stories.ts';

const folder = mkdtempSync(join(tmpdir(), 'octavo-bench-test-'));
afterAll(() => rmSync(folder, { recursive: true }));

/** A contender of a few lines. */
async function fake(name: string, reply: string): Promise<Contender> {
  const file = join(folder, `${name}.mjs`);
  writeFileSync(
    file,
    `console.log('a greeting');
console.log(JSON.stringify({ ready: true, name: '${name}', version: '1', threads: 2 }));
process.stdin.on('data', () => console.log(JSON.stringify(${reply})));\n`,
  );
  return startContender({ name, file: process.execPath, args: [file] });
}

describe('contenders', () => {
  it('answer in turns; ratios are to the first', async () => {
    const all = [
      await fake('fast', '{ ms: 1, check: [1, 2, 3] }'),
      await fake('slow', '{ ms: 4, check: [1, 2, 3] }'),
    ];
    const table = await compareGemm(all, { sizes: [100], rounds: 3, leastMs: 1 });
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
    const run = compareGemm(all, { sizes: [100], rounds: 1, leastMs: 1 });
    await expect(run).rejects.toThrow('wrong, 100³: got 1, 2, 3.1, expected 1, 2, 3');
    for (const one of all) one.stop();
  });

  it('that are not there are missing, whatever is wrong', async () => {
    const absent = await startContender({ name: 'absent', file: join(folder, 'nowhere'), args: [] });
    expect(missingLine(absent.hello)).toMatch(/^absent: not installed \(.*ENOENT/);
    const broken = await startContender({ name: 'broken', file: process.execPath, args: ['-e', 'bad('] });
    expect(missingLine(broken.hello)).toMatch(/^broken: not installed/);
  });

  it('that report an error fail the comparison', async () => {
    const one = await fake('unable', '{ error: "no" }');
    await expect(compareSteps([{ contender: one, kind: 'fp32', label: '' }], folder, 1)).rejects.toThrow(
      'unable: no',
    );
    one.stop();
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

  it('every package has a fixed version', () => {
    for (const version of Object.values(packages)) expect(version).toMatch(/^\d+\.\d+\.\d+$/);
  });
});

describe('the page', () => {
  it('says the command, the machine without its name, and what is missing', () => {
    const machine = { cpu: 'A CPU', cores: 2, memoryGiB: 8, system: 'linux x64', node: '20.20.2' };
    const text = pageOf({ machine, command: 'pnpm bench', tables: [], missing: ['jax-js'] });
    expect(text).toContain('`pnpm bench` on A CPU, 2 cores, 8 GiB, linux x64, Node 20.20.2');
    expect(text).toContain('Not installed: jax-js.');
  });
});

const script = fileURLToPath(new URL('../peers/pytorch.py', import.meta.url));
const python = existsSync('/usr/bin/python3') ? '/usr/bin/python3' : 'python3';
const pytorch = await startContender({ name: 'PyTorch', file: python, args: [script, '1'] });
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
      expect('loss' in reply && reply.loss, `step ${step}`).toBeCloseTo(loss, 5);
    }
    await device.destroy();
  });

  it('emulated FP8 changes the loss, by little', async () => {
    const exact = await pytorch.ask({ task: 'step', kind: 'fp32', model: folder });
    const reply = await pytorch.ask({ task: 'step', kind: 'fp8', model: folder });
    if (!('loss' in exact && 'loss' in reply)) throw new Error('no losses');
    expect(reply.loss).not.toBe(exact.loss);
    expect(Math.abs(reply.loss - exact.loss)).toBeLessThan(0.1);
  });
});
