/**
 * @file Octavo beside PyTorch, where it is installed: a float32 product of 1024³, and the training step of stories15m.
 * They take turns; medians count.
 *
 *     pnpm bench [--threads 2] [--rounds 3] [--python /usr/bin/python3] [--json]
 */
import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { describeMachine, gemmSpeed, machine, median, stepSpeed } from '@octavo/trainer/bench';

const BATCH = 8;
const SEQUENCE = 256;
const { values } = parseArgs({
  options: {
    threads: { type: 'string', default: '2' },
    rounds: { type: 'string', default: '3' },
    python: { type: 'string', default: 'python3' },
    json: { type: 'boolean', default: false },
  },
});
const threads = Number(values.threads);

interface PyTorch {
  readonly version: string;
  /** GFLOP/s, then tokens a second. */
  readonly gemm: number;
  readonly fp32: number;
  readonly fp8: number;
}

/** One turn of PyTorch in a process of its own; null where it is not installed. */
function pytorch(): PyTorch | null {
  const script = fileURLToPath(new URL('../peers/pytorch.py', import.meta.url));
  try {
    const args = [script, threads, BATCH, SEQUENCE].map(String);
    return JSON.parse(
      execFileSync(values.python, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }),
    );
  } catch {
    return null;
  }
}

const turns: { ours: Record<string, number>; theirs: PyTorch | null }[] = [];
for (let round = 0; round < Number(values.rounds); round++) {
  const ours: Record<string, number> = { gemm: await gemmSpeed(threads) };
  for (const recipe of ['fp32', 'bf16', 'fp8-full']) {
    ours[recipe] = await stepSpeed(threads, recipe, { batch: BATCH, sequence: SEQUENCE });
  }
  turns.push({ ours, theirs: pytorch() });
}
const ours = (key: string) => median(turns.map((turn) => turn.ours[key]!));
const theirs = (key: 'gemm' | 'fp32' | 'fp8') => {
  const found = turns.flatMap((turn) => (turn.theirs ? [turn.theirs[key]] : []));
  return found.length > 0 ? median(found) : Number.NaN;
};
const rows = [
  ['product 1024³, float32, GFLOP/s', ours('gemm'), theirs('gemm')],
  ['step, float32, tokens/s', ours('fp32'), theirs('fp32')],
  ['step, fp8-full (PyTorch: emulated FP8), tokens/s', ours('fp8-full'), theirs('fp8')],
  ['step, bf16 (PyTorch: float32), tokens/s', ours('bf16'), theirs('fp32')],
] as const;
if (values.json) {
  for (const [name, a, b] of rows)
    process.stdout.write(`${JSON.stringify({ name, octavo: a, pytorch: b, ratio: a / b })}\n`);
} else {
  const version = turns[0]?.theirs?.version ?? 'not installed';
  process.stdout.write(
    `# Beside PyTorch\n\n${describeMachine(machine())}; ${threads} threads; PyTorch ${version}. Medians of ${turns.length} turns.\n\n`,
  );
  process.stdout.write('|  | Octavo, WebAssembly | PyTorch | ratio |\n|---|---:|---:|---:|\n');
  for (const [name, a, b] of rows)
    process.stdout.write(`| ${name} | ${a.toFixed(0)} | ${b.toFixed(0)} | ${(a / b).toFixed(2)} |\n`);
}
