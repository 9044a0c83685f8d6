/**
 * @file Octavo beside other libraries, and by itself, as tables, JSON lines or the page of the documentation.
 *
 *     pnpm bench [--only gemm,step,own] [--threads 2] [--rounds 5] [--quick] [--json] [--markdown FILE]
 *         [--python /usr/bin/python3]
 *
 * Libraries to compare with: `pnpm bench:peers`. Those that are not there are told and left out.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import {
  type BenchTable,
  benches,
  describeMachine,
  jsonRows,
  machine,
  runBenches,
  toText,
} from '@octavo/bench';
import { contenders } from './catalog.ts';
import { type Contender, startContender } from './contender.ts';
import { compareGemm } from './gemm-comparison.ts';
import { missingLine, pageOf } from './page.ts';
import { compareSteps, type Entry } from './step-comparison.ts';
import { writeStep } from './stories.ts';

const parts = ['gemm', 'step', 'own'];
const { values } = parseArgs({
  options: {
    only: { type: 'string', default: 'gemm,step' },
    threads: { type: 'string', default: '2' },
    rounds: { type: 'string', default: '5' },
    quick: { type: 'boolean', default: false },
    json: { type: 'boolean', default: false },
    markdown: { type: 'string' },
    python: { type: 'string' },
  },
});
const only = values.markdown === undefined ? values.only.split(',') : parts;
const [threads, rounds] = [Number(values.threads), values.quick ? 1 : Number(values.rounds)];
const unknown = only.find((part) => !parts.includes(part));
if (unknown || !(threads >= 1) || !(rounds >= 1)) {
  process.stderr.write(
    `bench: got --only ${values.only} --threads ${values.threads} --rounds ${values.rounds}, expected some of ${parts.join(', ')} and whole numbers from 1\n`,
  );
  process.exit(2);
}

const about = machine();
const tables: BenchTable[] = [];
const missing: string[] = [];
const show = (table: BenchTable): void => {
  tables.push(table);
  if (!values.json) process.stdout.write(`${toText(table)}\n`);
  else for (const row of jsonRows(table)) process.stdout.write(`${JSON.stringify(row)}\n`);
};
const tell = (name: string, line: string): void => {
  if (missing.includes(name)) return;
  missing.push(name);
  if (values.json) process.stdout.write(`${JSON.stringify({ event: 'missing', line })}\n`);
  else process.stdout.write(`${line}\n`);
};

if (values.json) process.stdout.write(`${JSON.stringify({ event: 'machine', ...about })}\n`);
else process.stdout.write(`${describeMachine(about)}\n\n`);

const running = new Map<string, Contender>();
const wanted = only.includes('gemm')
  ? undefined
  : only.includes('step')
    ? ['octavo', 'octavoOnednn', 'octavoBlas', 'pytorch']
    : [];
for (const [key, command] of Object.entries(contenders(threads, values.python))) {
  if (wanted && !wanted.includes(key)) continue;
  const contender = await startContender(command);
  const line = missingLine(contender.hello);
  if (line) tell(contender.hello.name, line);
  else running.set(key, contender);
}
const folder = mkdtempSync(join(tmpdir(), 'octavo-bench-'));
try {
  if (only.includes('gemm')) {
    const effort = values.quick
      ? { sizes: [128], rounds: 1, leastMs: 5 }
      : { sizes: [512, 1024, 2048], rounds: rounds + 2, leastMs: 200 };
    show(await compareGemm([...running.values()], effort));
  }
  if (only.includes('step')) {
    writeStep(folder);
    show(await compareSteps(entries(), folder, rounds));
  }
} finally {
  for (const contender of running.values()) contender.stop();
  rmSync(folder, { recursive: true, force: true });
}
if (only.includes('own')) {
  for await (const table of runBenches({ only: benches, threads, quick: values.quick })) show(table);
}
if (values.markdown !== undefined) {
  const command = `pnpm bench --markdown ${values.markdown}`;
  writeFileSync(values.markdown, pageOf({ machine: about, command, tables, missing }));
}

function entries(): Entry[] {
  const list: [key: string, kind: string, label: string][] = [
    ['octavo', 'fp32', 'float32'],
    ['pytorch', 'fp32', 'float32'],
    ['octavo', 'bf16', 'bf16'],
    ['octavo', 'fp8-full', 'fp8-full'],
    ['pytorch', 'fp8', 'FP8 emulated'],
    ['octavoOnednn', 'fp32', 'float32'],
    ['octavoOnednn', 'bf16', 'bf16'],
    ['octavoOnednn', 'fp8-full', 'fp8-full'],
    ['octavoBlas', 'fp32', 'float32'],
    ['octavoBlas', 'fp8-full', 'fp8-full'],
  ];
  return list.flatMap(([key, kind, label]) => {
    const contender = running.get(key);
    return contender ? [{ contender, kind, label }] : [];
  });
}
