/** @file `octavo plan` as a command: what it prints, and what it refuses. */
import { tmpdir } from 'node:os';
import { expect, test } from 'vitest';
import { octavo } from './support.ts';

const plan = (...args: string[]) => octavo(['plan', ...args], tmpdir());

test('the paper’s system on 8 Gaudi 2: one row a recipe, and the assumptions', async () => {
  const { code, stdout } = await plan(
    '--model',
    'llama2-7b',
    '--recipe',
    'bf16,fp8-full',
    '--hardware',
    'gaudi2',
    '--json',
  );
  expect(code).toBe(0);
  const [said, ...rows] = stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
  expect(said.assumptions.join(' ')).toMatch(/432 TFLOP\/s.*ZeRO-1/);
  expect(rows.map(({ table, name }) => `${table}: ${name}`)).toEqual([
    'plan memory: bf16',
    'plan memory: fp8-full',
    'plan time: bf16',
    'plan time: fp8-full',
  ]);
  expect(rows[3].over_first).toBeGreaterThan(1.2);
  expect(rows[0].optimizer).toBeCloseTo(3 * rows[1].optimizer, 1); // 12 bytes and 4, an eighth of each
});

test('simulated runs: goodput falls with ranks, the same every time', async () => {
  const args = [
    '--simulate',
    '--model',
    'stories110m',
    '--recipe',
    'bf16',
    '--hardware',
    'h100',
    '--ranks',
    '64,1024',
    '--json',
  ];
  const [first, again] = [await plan(...args), await plan(...args)];
  expect(first.code).toBe(0);
  expect(again.stdout).toBe(first.stdout);
  const rows = first.stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
  expect(rows).toHaveLength(2);
  expect(rows[1].goodput).toBeLessThan(rows[0].goodput);
  expect(rows[1].best / rows[1].daly).toBeLessThan(4);
});

test('--launch: a script for Slurm, a manifest for Kubeflow, as many ranks as devices', async () => {
  const args = [
    '--model',
    'nano',
    '--recipe',
    'fp8-full',
    '--hardware',
    'host',
    '--devices',
    '6',
    '--per-node',
    '2',
  ];
  const slurm = await plan('--launch', 'slurm', ...args);
  expect(slurm.stdout).toMatch(/^#!\/bin\/bash\n/);
  expect(slurm.stdout).toContain('#SBATCH --nodes=1-3\n');
  expect(slurm.stdout).toContain('--model nano --recipe fp8-full');
  const kubeflow = await plan('--launch', 'kubeflow', ...args, '--image', 'registry/octavo:1');
  expect(kubeflow.stdout).toMatch(/kind: TrainJob[\s\S]*image: registry\/octavo:1/);
  const uneven = await plan('--launch', 'slurm', ...args.with(-1, '4'));
  expect(uneven).toMatchObject({ code: 2, stdout: '' });
  expect(uneven.stderr).toContain('got 6 at 4 a node');
});

test.each([
  [['--devices', '6', '--tensor', '4'], /impossible layout: got 6 devices, expected a multiple of tensor 4/],
  [['--hardware', 'h1000'], /unknown hardware: got "h1000", expected one of gaudi2/],
  [['--hardware', 'none.json'], /none.json/],
  [['--recipe', 'fp9'], /expected some of fp32, bf16/],
  [['--zero', '4'], /Got "4", expected one of 0, 1, 2, 3/],
  [['--model', 'llama3'], /unknown model: got "llama3"/],
])('%j: one line, exit code 2', async (args, said) => {
  const { code, stderr } = await plan(...args);
  expect(stderr).toMatch(said);
  expect(stderr.trim()).not.toContain('\n');
  expect(code).toBe(2);
});
