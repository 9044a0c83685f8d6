/**
 * @file Octavo beside other libraries, and by itself, as tables, JSON lines or the page of the documentation.
 *
 *     pnpm bench [--only gemm,products,step,decode,own,cost] [--threads 2] [--rounds 5] [--quick] [--json]
 *         [--markdown FILE] [--python /usr/bin/python3] [--before CHECKOUT]
 *
 * Libraries to compare with: `pnpm bench:peers`. Those that are not there are told and left out. A page has all parts, and
 * is written when all of them are there. `--before` names another built checkout, e.g. a worktree of the last release.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import {
  type BenchTable,
  describeMachine,
  jsonRows,
  machine,
  runBenches,
  toText,
  usualBenches,
} from '@octavo/bench';
import { askedTable } from './asked.ts';
import { contenders, withoutProducts } from './catalog.ts';
import { type Contender, startContender } from './contender.ts';
import { compareDecoding } from './decode-comparison.ts';
import { compareGemm } from './gemm-comparison.ts';
import { missingLine, pageOf, titleOf } from './page.ts';
import { compareProducts } from './product-comparison.ts';
import { compareSteps } from './step-comparison.ts';
import { writeStep } from './stories.ts';
import { present, subjects } from './subjects.ts';

const comparisons = ['products', 'step', 'decode'] as const;
const parts = ['gemm', ...comparisons, 'own', 'cost'];
const { values } = parseArgs({
  options: {
    only: { type: 'string', default: 'gemm,step' },
    threads: { type: 'string', default: '2' },
    rounds: { type: 'string', default: '5' },
    quick: { type: 'boolean', default: false },
    json: { type: 'boolean', default: false },
    markdown: { type: 'string' },
    python: { type: 'string' },
    before: { type: 'string' },
  },
});
const only = values.markdown === undefined ? values.only.split(',') : parts;
const { quick } = values;
const [threads, rounds] = [Number(values.threads), quick ? 1 : Number(values.rounds)];
const unknown = only.find((part) => !parts.includes(part));
if (unknown || !(threads >= 1) || !(rounds >= 1)) {
  process.stderr.write(
    `bench: got --only ${values.only} --threads ${values.threads} --rounds ${values.rounds}, expected some of ${parts.join(', ')} and whole numbers from 1\n`,
  );
  process.exit(2);
}

const about = machine();
const tables: BenchTable[] = [];
const missing = new Set<string>();
const started = performance.now();
const progress = (what: string): void =>
  void process.stderr.write(`bench: ${what}, after ${Math.round((performance.now() - started) / 1000)} s\n`);
const show = (table: BenchTable): void => {
  tables.push(table);
  if (!values.json) process.stdout.write(`${toText(table)}\n`);
  else for (const row of jsonRows(table)) process.stdout.write(`${JSON.stringify(row)}\n`);
};
const tell = (line: string): void => {
  if (missing.has(line)) return;
  missing.add(line);
  process.stdout.write(values.json ? `${JSON.stringify({ event: 'missing', line })}\n` : `${line}\n`);
};
const leaveOut = (name: string, why: string): void => tell(`${name}: left out (${why})`);

if (values.json) process.stdout.write(`${JSON.stringify({ event: 'machine', ...about })}\n`);
else process.stdout.write(`${describeMachine(about)}\n\n`);

const folder = mkdtempSync(join(tmpdir(), 'octavo-bench-'));
const running = new Map<string, Contender>();
const wanted = comparisons.filter((part) => only.includes(part)).flatMap((part) => subjects[part]);
for (const [key, command] of Object.entries(contenders({ ...values, threads, scratch: folder }))) {
  if (!only.includes('gemm') && !wanted.some(({ from }) => from === key)) continue;
  const contender = await startContender(command);
  const line = missingLine(contender.hello);
  if (line) tell(line);
  else running.set(key, contender);
}
const compare: Readonly<Record<(typeof comparisons)[number], () => Promise<BenchTable>>> = {
  products: () => compareProducts(present(subjects.products, running), rounds, quick ? 5 : 100, leaveOut),
  step: () => compareSteps(present(subjects.step, running), folder, rounds, leaveOut),
  decode: () =>
    compareDecoding(present(subjects.decode, running), folder, quick ? 20 : 200, rounds, leaveOut),
};
try {
  writeStep(folder);
  if (only.includes('gemm')) {
    progress('products beside other libraries');
    const effort = quick
      ? { sizes: [128], rounds: 1, leastMs: 5 }
      : { sizes: [512, 1024, 2048], rounds: rounds + 2, leastMs: 200 };
    const all = [...running].filter(([key]) => !withoutProducts.includes(key));
    show(
      await compareGemm(
        all.map(([, contender]) => contender),
        effort,
        leaveOut,
      ),
    );
  }
  for (const part of comparisons) {
    if (!only.includes(part)) continue;
    progress(part);
    show(await compare[part]());
  }
} finally {
  for (const contender of running.values()) contender.stop();
  rmSync(folder, { recursive: true, force: true });
}
const cost = only.includes('cost') ? (['cost'] as const) : [];
for (const bench of [...(only.includes('own') ? usualBenches : []), ...cost]) {
  const onNext = (what: string): void => progress(`${bench}, ${what}`);
  progress(bench);
  for await (const table of runBenches({ only: [bench], threads, quick, onNext })) show(table);
}
if (comparisons.some((part) => only.includes(part))) {
  show(askedTable(tables));
  tables.unshift(tables.pop()!); // the page begins with it
}
if (values.markdown !== undefined) {
  const command = `pnpm bench --markdown ${values.markdown}${values.before === undefined ? '' : ' --before CHECKOUT'}`;
  const present = [...running.values()].map(({ hello }) => titleOf(hello));
  writeFileSync(
    values.markdown,
    pageOf({ machine: about, command, tables, contenders: present, missing: [...missing] }),
  );
}
progress('done');
