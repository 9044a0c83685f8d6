/**
 * @file The kill drill: `octavo train` is killed at an operation on a file, resumed (and killed again, and resumed), until
 * it has finished; then all it has left equals what an uninterrupted run has left. By itself: `pnpm drill [points|all]`.
 */
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { tableFromIPC } from 'apache-arrow';

const BIN = fileURLToPath(new URL('../bin/octavo.js', import.meta.url));
const PRELOAD = new URL('./kill-at.mjs', import.meta.url).href;
const STEPS = 6;
const TABLES = ['steps', 'tensors', 'evaluations', 'guard'];
/** They say how long a step took, or how much memory it had. */
const TIMINGS = ['tokens_per_second', 'step_time', 'peak_memory'];

const heads = { heads: 2, keyValueHeads: 1, contextLength: 16 };
const CONFIG = {
  model: { vocabularySize: 256, hiddenSize: 16, layers: 1, ffnSize: 32, ...heads },
  recipe: { extends: 'fp8-full', linear: { gradInput: { grad: { rounding: 'stochastic' } } } },
  data: { train: 'text.txt', heldOut: 0.1 },
  ...{ batch: 1, sequence: 16, steps: STEPS, checkpointEvery: 2, keepCheckpoints: 2 },
  ...{ sampleEvery: 2, evaluateEvery: 2, evaluateTokens: 64, device: 'simd', threads: 1, library: 'off' },
};

/** A folder to drill in, and what an uninterrupted run does and leaves there. */
export function openDrill() {
  const folder = mkdtempSync(join(tmpdir(), 'octavo-drill-'));
  writeFileSync(join(folder, 'text.txt'), 'an octavo is a sheet folded into eight. '.repeat(60));
  writeFileSync(join(folder, 'config.json'), JSON.stringify(CONFIG));

  /** One process; `killAt` 0: to its end. Gives its exit code, or null where it was killed. */
  function train(out, killAt, log) {
    const resume = existsSync(join(folder, out, 'run.json'));
    const args = resume ? ['--resume'] : ['--config', 'config.json'];
    const { status, stderr } = spawnSync(
      process.execPath,
      ['--import', PRELOAD, BIN, 'train', ...args, '--out', out, '--json'],
      {
        cwd: folder,
        env: { ...process.env, KILL_AT: String(killAt), ...(log && { KILL_LOG: log }) },
        encoding: 'utf8',
        stdio: ['ignore', 'ignore', 'pipe'],
      },
    );
    if (stderr !== '') throw new Error(`${out}, killed at ${killAt}: ${stderr}`);
    return status;
  }

  train('first', 0); // prepares the text, which later runs find prepared
  const log = join(folder, 'operations.json');
  if (train('whole', 0, log) !== 0) throw new Error('the uninterrupted run failed');
  const operations = JSON.parse(readFileSync(log, 'utf8'));
  const whole = contentsOf(join(folder, 'whole'));
  return {
    folder,
    /** What the uninterrupted run does to files, in order. */
    operations,
    whole,
    train,
    /** Kills at these operations, one process after another, then lets it finish; gives what is left. */
    run(kills) {
      const out = `run-${kills.join('-')}`;
      for (const at of kills) train(out, at);
      if (train(out, 0) !== 0) throw new Error(`${out} did not finish`);
      const left = contentsOf(join(folder, out));
      rmSync(join(folder, out), { recursive: true, force: true });
      return left;
    },
    close: () => rmSync(folder, { recursive: true, force: true }),
  };
}

/** Names and bytes of the checkpoints, the rows of the tables without timings, and the names of all else. */
export function contentsOf(run) {
  const checkpoints = Object.fromEntries(
    readdirSync(join(run, 'checkpoints')).map((name) => [
      name,
      createHash('sha256')
        .update(readFileSync(join(run, 'checkpoints', name)))
        .digest('hex'),
    ]),
  );
  const tables = Object.fromEntries(
    TABLES.map((name) => {
      const rows = [...tableFromIPC(readFileSync(join(run, `${name}.arrow`)))].map((row) => row.toJSON());
      const lasting = rows.map((row) =>
        Object.entries(row)
          .filter(([column]) => !TIMINGS.includes(column))
          .map(([c, v]) => `${c}=${v}`)
          .join(' '),
      );
      return [name, lasting];
    }),
  );
  return { files: readdirSync(run).sort(), checkpoints, tables };
}

/** Every kind of operation once, in its first and its last place, and `more` at even distances. */
export function pointsOf(operations, more) {
  const points = new Set();
  const kinds = operations.map((text) => text.replace(/\d+/g, 'N'));
  for (const kind of new Set(kinds)) points.add(kinds.lastIndexOf(kind) + 1);
  for (let i = 0; i < more; i++) points.add(1 + Math.floor(((i + 0.5) * operations.length) / more));
  return [...points].sort((a, b) => a - b);
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  const drill = openDrill();
  const count = process.argv[2] ?? '100';
  const all = drill.operations.map((_, i) => i + 1);
  const points = count === 'all' ? all : pointsOf(drill.operations, Number(count));
  let wrong = 0;
  for (const [i, at] of points.entries()) {
    const kills = i % 4 === 3 ? [at, 1 + ((at * 7) % drill.operations.length)] : [at];
    let same = false;
    try {
      same = JSON.stringify(drill.run(kills)) === JSON.stringify(drill.whole);
    } catch (error) {
      process.stdout.write(`${error.message}\n`);
    }
    if (!same) wrong++;
    process.stdout.write(
      `${same ? 'equal ' : 'DIFFERS'} killed at ${kills.join(', then ')}: ${drill.operations[at - 1]}\n`,
    );
  }
  drill.close();
  process.stdout.write(
    `${points.length - wrong} of ${points.length} runs, killed at one of ${all.length} operations, equal the uninterrupted one\n`,
  );
  process.exitCode = wrong === 0 ? 0 : 1;
}
