/**
 * @file Trains `nano` with every recipe and seed through the real command, and writes the table of held-out losses.
 *
 *     pnpm --filter @octavo/studies recipe-table [--recipes a,b] [--seeds 1,2,3] [--jobs 2] [--out docs/recipes]
 *         [-- octavo options]
 */
import { spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

const RECIPES = [
  'bf16',
  'fp8',
  'fp8-w3-bf16',
  'fp8-smooth',
  'fp8-smooth-token',
  'fp8-full',
  'fp8-authors',
  'fp8-current',
  'fp8-block',
  'mxfp8',
];
const ROOT = fileURLToPath(new URL('../../../', import.meta.url));

interface Result {
  readonly recipe: string;
  readonly seed: string;
  readonly before: number;
  readonly after: number;
  readonly steps: number;
  readonly device: string;
}

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    recipes: { type: 'string', default: RECIPES.join(',') },
    seeds: { type: 'string', default: '1,2,3' },
    jobs: { type: 'string', default: '1' },
    out: { type: 'string', default: join(ROOT, 'docs/recipes') },
  },
});

/** One run of `octavo train`, its evaluations read from its JSON lines. */
async function train(recipe: string, seed: string, options: readonly string[]): Promise<Result> {
  const folder = mkdtempSync(join(tmpdir(), 'octavo-recipes-'));
  const args = [
    'train',
    '--json',
    '--recipe',
    recipe,
    '--seed',
    seed,
    '--out',
    join(folder, 'run'),
    ...options,
  ];
  const child = spawn(process.execPath, [join(ROOT, 'apps/trainer/bin/octavo.js'), ...args], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const losses: number[] = [];
  let steps = 0;
  let device = '';
  for await (const line of createInterface({ input: child.stdout })) {
    const event = JSON.parse(line) as Record<string, unknown>;
    if (event.event === 'evaluation') losses.push(Number(event.loss));
    if (event.event === 'step') steps = Number(event.step);
    if (event.event === 'start') device = String(event.device);
  }
  const code = await new Promise((done) =>
    child.exitCode === null ? child.on('close', done) : done(child.exitCode),
  );
  rmSync(folder, { recursive: true });
  if (code !== 0 || losses.length < 2)
    throw new Error(`octavo ${args.join(' ')}: exit code ${code}, ${losses.length} evaluations`);
  return { recipe, seed, before: losses[0]!, after: losses[losses.length - 1]!, steps, device };
}

/** Held-out loss per recipe and seed, and its distance from bf16 of the same seed. */
function table(results: readonly Result[], recipes: readonly string[], seeds: readonly string[]): string {
  const lossOf = (recipe: string, seed: string) =>
    results.find((r) => r.recipe === recipe && r.seed === seed)?.after ?? Number.NaN;
  const head = `| recipe | ${seeds.map((s) => `seed ${s}`).join(' | ')} | against bf16, same seed |`;
  const rule = `|---|${seeds.map(() => '---').join('|')}|---|`;
  const rows = recipes.map((recipe) => {
    const gaps = seeds.map((seed) => (lossOf(recipe, seed) / lossOf('bf16', seed) - 1) * 100);
    const losses = seeds.map((seed) => lossOf(recipe, seed).toFixed(4));
    return `| \`${recipe}\` | ${losses.join(' | ')} | ${gaps.map((g) => `${g >= 0 ? '+' : ''}${g.toFixed(2)} %`).join(', ')} |`;
  });
  return [head, rule, ...rows].join('\n');
}

const recipes = values.recipes.split(',');
const seeds = values.seeds.split(',');
const results: Result[] = [];
const waiting = seeds.flatMap((seed) => recipes.map((recipe) => ({ recipe, seed })));
/** One of the `--jobs` that take the next run until none is left. */
async function job(): Promise<void> {
  for (let next = waiting.shift(); next; next = waiting.shift()) {
    const result = await train(next.recipe, next.seed, positionals);
    results.push(result);
    const { recipe, seed, before, after } = result;
    process.stderr.write(`${recipe} seed ${seed}: ${before.toFixed(4)} -> ${after.toFixed(4)}\n`);
  }
}
await Promise.all(Array.from({ length: Number(values.jobs) }, job));
const out = resolve(values.out);
mkdirSync(dirname(out), { recursive: true });
writeFileSync(`${out}.json`, `${JSON.stringify(results, null, 2)}\n`);
const { steps, device } = results[0]!;
const about = `Held-out loss in nats per byte after ${steps} steps of \`nano\` on the default corpus (device: ${device}), made by
\`pnpm --filter @octavo/studies recipe-table${positionals.length ? ` -- ${positionals.join(' ')}` : ''}\`.`;
writeFileSync(`${out}.md`, `# Every recipe against bf16\n\n${about}\n\n${table(results, recipes, seeds)}\n`);
process.stdout.write(`${table(results, recipes, seeds)}\n`);
