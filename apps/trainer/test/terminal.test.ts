// @module-tag slow
import { spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { lines, octavo } from './support.ts';

const BIN = fileURLToPath(new URL('../bin/octavo.js', import.meta.url));
const hasScript = process.platform === 'linux' && spawnSync('script', ['--version']).status === 0;
const ESCAPE = String.fromCharCode(27);

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'octavo-terminal-'));
  writeFileSync(join(folder, 'text.txt'), 'all work and no play makes a dull text. '.repeat(200));
  const model = {
    vocabularySize: 256,
    hiddenSize: 16,
    layers: 1,
    heads: 2,
    keyValueHeads: 2,
    ffnSize: 32,
    contextLength: 16,
  };
  const config = {
    model,
    data: { train: 'text.txt' },
    batch: 1,
    sequence: 16,
    evaluateTokens: 64,
    device: 'simd',
    threads: 1,
  };
  writeFileSync(join(folder, 'config.json'), JSON.stringify(config));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const plain = ['train', '--config', 'config.json'];

test('without a terminal: a header, plain lines, the figures before and after, the folder', async () => {
  const { code, stdout, stderr } = await octavo([...plain, '--steps', '5'], folder);
  expect(stderr).toBe('');
  expect(code).toBe(0);
  expect(stdout).not.toContain(ESCAPE);
  expect(stdout).toMatch(
    /^model {4}custom, [\d,]+ parameters\nrecipe {3}fp8-full: .+\ndevice {3}.+\ncorpus {3}text\.txt: .+\nmemory {3}about .+\nsteps {4}5 of 16 tokens\nfolder {3}runs\/custom-fp8-full\n/,
  );
  expect(stdout).toMatch(/held-out perplexity before training: \d+/);
  expect(stdout).toMatch(/^step 5\/5 {2}loss \d\.\d{3} {2}lr \S+ {2}\|g\| \S+ {2}\S+ tok\/s {2}eta 0s$/m);
  expect(stdout).toMatch(/held-out perplexity after step 5: \d+/);
  expect(stdout).toMatch(/order-2 byte model of the same text: +\d/);
  expect(stdout).toMatch(/a sample:\n/);
  expect(stdout).toMatch(/finished after step 5\/5 in \d+s; the run is in runs\/custom-fp8-full\n$/);
});

test('a second run of the same name gets a folder of its own; --resume without --out takes the newest', async () => {
  const second = await octavo([...plain, '--steps', '4', '--json'], folder);
  expect(lines(second.stdout).at(-1)).toMatchObject({
    event: 'end',
    folder: join('runs', 'custom-fp8-full-2'),
  });
  const resumed = await octavo(['train', '--resume', '--steps', '6', '--json'], folder);
  expect(lines(resumed.stdout)[0]).toMatchObject({
    event: 'start',
    folder: join('runs', 'custom-fp8-full-2'),
    resumedFrom: 4,
    steps: 6,
  });
  expect(lines(resumed.stdout).at(-1)).toMatchObject({ event: 'end', step: 6 });
});

test.runIf(hasScript).each([120, 60])(
  'on a terminal of %i columns: one line that is drawn again',
  async (columns) => {
    const command = `stty cols ${columns}; '${process.execPath}' '${BIN}' ${plain.join(' ')} --steps 30 --out live-${columns}`;
    const { status, stdout } = spawnSync('script', ['-qec', command, '/dev/null'], {
      cwd: folder,
      encoding: 'utf8',
      env: { ...process.env, TERM: 'xterm' },
    });
    expect(status).toBe(0);
    expect(stdout).toContain(ESCAPE);
    expect(stdout).toMatch(/step 30\/30 {2}loss \d\.\d{3}/);
    const rows = stdout.split('\n').filter((row) => row.includes('tok/s'));
    expect(rows.length).toBeLessThanOrEqual(2); // drawn over itself, not scrolled
    expect(stdout).toMatch(/tok\/s {2}eta \d+s/);
    expect(stdout).toContain(`${ESCAPE}[?25h`); // the cursor is back
    expect(stdout).toMatch(/finished after step 30\/30/);
  },
);

// Windows has no signals, and no pipe that ends as one of bash does.
describe.skipIf(process.platform === 'win32')('interrupts', () => {
  const interrupt = (
    out: string,
    delays: readonly number[],
  ): Promise<{ code: number | null; stdout: string }> =>
    new Promise((resolve) => {
      const child = spawn(process.execPath, [BIN, ...plain, '--steps', '1000000', '--out', out, '--json'], {
        cwd: folder,
      });
      let stdout = '';
      let begun = false;
      child.stdout.setEncoding('utf8').on('data', (text: string) => {
        stdout += text;
        if (begun || !stdout.includes('"event":"step"')) return;
        begun = true;
        for (const delay of delays) setTimeout(() => child.kill('SIGINT'), delay);
      });
      child.on('close', (code) => resolve({ code, stdout }));
    });

  test('two interrupts within half a second are one press, as npm passes them on', async () => {
    const { code, stdout } = await interrupt('twice', [0, 20]);
    expect(code).toBe(0);
    expect(lines(stdout).at(-1)).toMatchObject({ event: 'end', reason: 'interrupted' });
    expect(readdirSync(join(folder, 'twice', 'checkpoints')).length).toBeGreaterThan(0);
  });

  test('a reader that goes away ends the run as an interrupt does', () => {
    const command = `'${process.execPath}' '${BIN}' ${plain.join(' ')} --steps 1000000 --out gone --json | head -n 5; echo "\${PIPESTATUS[0]}"`;
    const { stdout, stderr } = spawnSync('bash', ['-c', command], { cwd: folder, encoding: 'utf8' });
    expect(stderr).toBe('');
    expect(stdout.trimEnd().split('\n').at(-1)).toBe('0');
    expect(readdirSync(join(folder, 'gone', 'checkpoints')).length).toBeGreaterThan(0);
  });
});

test('text prepared once: train and eval read the folder', async () => {
  const prepared = await octavo(
    ['data', 'prepare', 'text.txt', '--out', 'prepared', '--held-out', '0.1'],
    folder,
  );
  expect(prepared).toMatchObject({ code: 0, stderr: '' });
  expect(prepared.stdout).toMatch(
    /^prepared: [\d,]+ tokens of 1 document to train on, [\d,]+ tokens held out\n$/,
  );
  const again = await octavo(['data', 'prepare', 'text.txt', '--out', 'prepared'], folder);
  expect(again.stderr).toMatch(/^octavo: [^\n]+\n$/);
  expect(again.code).not.toBe(0);
  const trained = await octavo(
    [...plain, '--data', 'prepared', '--steps', '3', '--out', 'from-prepared', '--json'],
    folder,
  );
  expect(trained).toMatchObject({ code: 0, stderr: '' });
  const after = lines(trained.stdout)
    .filter((l) => l.event === 'evaluation')
    .at(-1);
  const evaluated = await octavo(
    ['eval', 'from-prepared', '--json', '--device', 'simd', '--threads', '1'],
    folder,
  );
  expect(lines(evaluated.stdout)[0]).toMatchObject({ event: 'evaluation', step: 3, loss: after!.loss });
});

test('looking for a GPU says nothing on standard error, whatever its driver has to say', async () => {
  const { code, stdout, stderr } = await octavo(
    [...plain, '--device', 'auto', '--steps', '1', '--out', 'auto', '--json'],
    folder,
  );
  expect(stderr).toBe('');
  expect(code).toBe(0);
  expect(lines(stdout)[0]!.device).toMatch(/WebAssembly|GPU|gpu/i);
});

test('a tokenizer larger than the model’s vocabulary is refused', async () => {
  const { code, stderr } = await octavo(
    [...plain, '--tokenizer', 'llama2', '--steps', '1', '--out', 'large'],
    folder,
  );
  expect(stderr).toMatch(
    /^octavo: .*tokenizer llama2 does not fit the model: got 32000 tokens, expected at most its vocabularySize, 256[^\n]*\n$/,
  );
  expect(code).toBe(2);
  expect(readdirSync(folder)).not.toContain('large');
});
