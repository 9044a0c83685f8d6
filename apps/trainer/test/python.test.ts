/**
 * @file A run's files in the readers of Python, during the run and after it. Skipped where Python has none of them.
 * @module-tag slow
 */
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { tableFromIPC } from 'apache-arrow';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { babble, octavo } from './support.ts';

const python = process.env.OCTAVO_PYTHON ?? 'python3';
const script = fileURLToPath(new URL('./open-run.py', import.meta.url));
const tried = spawnSync(python, ['-c', 'import pandas, polars, pyarrow'], { encoding: 'utf8' });
const missing = tried.status === 0 ? null : (tried.stderr || String(tried.error)).trim().split('\n').at(-1);

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'octavo-python-'));
  writeFileSync(join(folder, 'text.txt'), babble(4000));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe.skipIf(missing !== null)(`in Python${missing === null ? '' : ` (skipped: ${missing})`}`, () => {
  const run = 'runs/nano-fp8-full';

  test('every reader opens every file at any moment of a run, and after it', async () => {
    writeFileSync(
      join(folder, 'octavo.json'),
      JSON.stringify({
        ...{ data: { train: 'text.txt', heldOut: 0.1 }, model: 'nano', device: 'simd', threads: 1 },
        ...{
          steps: 24,
          batch: 1,
          sequence: 32,
          sampleEvery: 1,
          evaluateEvery: 6,
          evaluateTokens: 64,
          warmup: 2,
        },
        ...{ checkpointEvery: 12, keepCheckpoints: 0 },
      }),
    );
    const reader = spawn(python, [script, run], { cwd: folder, stdio: ['pipe', 'pipe', 'pipe'] });
    let [stdout, stderr] = ['', ''];
    reader.stdout.on('data', (text) => {
      stdout += text;
    });
    reader.stderr.on('data', (text) => {
      stderr += text;
    });
    const read = once(reader, 'close');
    const trained = await octavo(['train', '--config', 'octavo.json', '--out', run], folder);
    reader.stdin.end();
    await read;
    expect([trained.stderr, trained.code, stderr]).toEqual(['', 0, '']);
    const { opened, rows, types, metadata } = JSON.parse(stdout);
    expect(opened).toBeGreaterThan(0);
    for (const [name, count] of Object.entries(rows)) {
      const path = join(folder, run, name.startsWith('step-') ? 'checkpoints' : '', name);
      expect(tableFromIPC(readFileSync(path)).numRows, name).toBe(count);
    }
    expect(Object.keys(rows).sort()).toEqual(
      [
        ...readdirSync(join(folder, run)).filter((name) => name.endsWith('.arrow')),
        ...readdirSync(join(folder, run, 'checkpoints')),
      ].sort(),
    );
    expect(rows).toMatchObject({ 'steps.arrow': 24, 'evaluations.arrow': 6 });
    expect(types).toMatchObject({ step: 'int32', layer: 'int32', abs_cosine_above: 'int32', scale: 'float' });
    expect(JSON.parse(metadata.run).name).toBe('nano-fp8-full');
    expect(JSON.parse(metadata.recipe).name).toBe('fp8-full');
    expect(JSON.parse(metadata.model).hiddenSize).toBe(128);
  });

  test("the README's snippet shows rows on the README's run", () => {
    const readme = readFileSync(new URL('../../../README.md', import.meta.url), 'utf8');
    const [, snippet] = /```python\n(.*?)```/s.exec(readme)!;
    expect(snippet).toContain(run);
    const { stdout, stderr } = spawnSync(python, ['-c', snippet!], { cwd: folder, encoding: 'utf8' });
    expect(stderr).toBe('');
    expect(stdout).toMatch(/shape: \(4, 3\)/);
    for (const site of ['attentionOut', 'down', 'gateUp', 'qkv']) expect(stdout).toContain(site);
  });

  test("the store's snippet runs on it", () => {
    const readme = readFileSync(new URL('../../../packages/store/README.md', import.meta.url), 'utf8');
    const [, snippet] = /```python\n(.*?)```/s.exec(readme)!;
    const code = `${snippet!.replaceAll('runs/NAME', run)}\nprint(len(steps), tensors.height)`;
    const { stdout, stderr } = spawnSync(python, ['-c', code], { cwd: folder, encoding: 'utf8' });
    expect(stderr).toBe('');
    expect(stdout).toMatch(/^24 \d{3,}\n$/);
  });

  test.each(['lz4', 'zstd', 'none'])(
    'a file that pyarrow wrote again (%s) is refused and stays',
    async (codec) => {
      const steps = join(run, 'steps.arrow');
      const code = [
        'import pyarrow as pa',
        `table = pa.ipc.open_file(${JSON.stringify(steps)}).read_all()`,
        `how = pa.ipc.IpcWriteOptions(compression=${codec === 'none' ? 'None' : `"${codec}"`})`,
        `writer = pa.ipc.new_file(${JSON.stringify(steps)}, table.schema, options=how)`,
        'writer.write_table(table, max_chunksize=7)',
        'writer.close()',
      ].join('\n');
      const before = readFileSync(join(folder, steps));
      expect(spawnSync(python, ['-c', code], { cwd: folder, encoding: 'utf8' }).stderr).toBe('');
      const written = readFileSync(join(folder, steps));
      const { code: status, stderr } = await octavo(
        ['train', '--resume', '--steps', '30', '--out', run],
        folder,
      );
      expect(status).toBe(2);
      expect(stderr).toMatch(/^octavo: \[store\] \S*steps.arrow, batch 0 [^\n]*another program[^\n]*\n$/);
      expect(readFileSync(join(folder, steps)).equals(written)).toBe(true);
      writeFileSync(join(folder, steps), before);
    },
  );
});
