/**
 * @file `pnpm --filter @octavo/mutation mutate [TARGET…] [--sample N] [--seed N] [--jobs N]`: how many of the faults
 * planted in the core some test sees, and which none does, as Markdown.
 */
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Command } from 'commander';
import { mutantsOf } from './mutants.mjs';
import { isSeen } from './run.mjs';
import { pick } from './sample.mjs';
import { targets } from './targets.mjs';

const root = fileURLToPath(new URL('../../..', import.meta.url));

/** @param {string} path @returns {string[]} */
const filesOf = (path) =>
  statSync(join(root, path)).isDirectory()
    ? readdirSync(join(root, path)).flatMap((name) => filesOf(join(path, name)))
    : path.endsWith('.ts') && !path.endsWith('index.ts')
      ? [path]
      : [];

const options = new Command()
  .argument('[targets...]', `of ${targets.map(({ name }) => name).join(', ')}; all unless said`)
  .option('--sample <n>', 'faults of each target, drawn evenly; 0: all', Number, 60)
  .option('--seed <n>', 'of the draw', Number, 1)
  .option('--jobs <n>', 'test runs at a time', Number, availableParallelism())
  .parse();
const { sample, seed, jobs } = options.opts();
const chosen = targets.filter(({ name }) => options.args.length === 0 || options.args.includes(name));

const drawn = sample === 0 ? 'all of them' : `${sample} a target, drawn with seed ${seed}`;
const asked = ['mutate', ...options.args, `--sample ${sample} --seed ${seed}`].join(' ');
console.log(`# Faults planted, and seen

One-line slips of the pen (an operator, a literal, a condition, a statement) planted one at a time in the numerical core, and
whether any test of the target fails then. Planted: ${drawn}. Among those not seen are some that change nothing that
could be seen. Made by

    pnpm --filter @octavo/mutation ${asked}

| target | faults there are | planted | seen | score |
| --- | ---: | ---: | ---: | ---: |`);
const unseen = [];
for (const { name, files, tests } of chosen) {
  if (await isSeen(null, tests)) throw new Error(`the tests of ${name} fail as the code stands`);
  const all = files
    .flatMap(filesOf)
    .flatMap((file) => mutantsOf(file, readFileSync(join(root, file), 'utf8')));
  const planted = sample === 0 ? all : pick(all, sample, seed);
  const queue = [...planted];
  let seen = 0;
  await Promise.all(
    Array.from({ length: jobs }, async () => {
      for (let mutant = queue.shift(); mutant; mutant = queue.shift()) {
        if (await isSeen(mutant, tests)) seen++;
        else unseen.push(mutant);
      }
    }),
  );
  const score = ((100 * seen) / planted.length).toFixed(0);
  console.log(`| ${name} | ${all.length} | ${planted.length} | ${seen} | ${score} % |`);
}
console.log(`\nNot seen by any test:\n`);
for (const { file, line, was, becomes } of unseen)
  console.log(`- ${file}:${line} \`${oneLine(was)}\` as \`${oneLine(becomes)}\``);

/** @param {string} code */
function oneLine(code) {
  return code.replaceAll(/\s+/g, ' ').slice(0, 100);
}
