import { appendFileSync, copyFileSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { tableFromIPC } from 'apache-arrow';
import { describe, expect, test } from 'vitest';
import { openStatistics, readStatistics, stepStatistics, tensorStatistics } from '../src/index.ts';
import { randomFrom } from './random.ts';
import { temporaryFolder } from './temporary-folder.ts';

const folder = temporaryFolder();
const steps = async (path: string): Promise<number[]> =>
  [...(await readStatistics(path))].map((row) => Number(row.step));
const range = (from: number, to: number): number[] => Array.from({ length: to - from }, (_, i) => from + i);
const eager = { flushMilliseconds: 0 };

test('rows come back with their nulls, NaNs and strings, while the file is still open', async () => {
  const path = join(folder, 'a', 'steps.arrow');
  const writer = openStatistics(path, stepStatistics, eager);
  expect(await steps(path)).toEqual([]);
  const rows = [
    { step: 1, tokens: 2 ** 40 + 1, loss: 5.5, learning_rate: 1e-3, peak_memory: 2 ** 33 },
    { step: 2, loss: Number.NaN, gradient_norm: Number.POSITIVE_INFINITY, tokens: null },
  ];
  writer.append(rows.slice(0, 1));
  writer.append(rows.slice(1));
  const table = await readStatistics(path);
  expect(table.schema.names).toEqual([
    'step',
    'tokens',
    'loss',
    'learning_rate',
    'gradient_norm',
    'update_ratio',
    'tokens_per_second',
    'step_time',
    'peak_memory',
  ]);
  const empty = Object.fromEntries(table.schema.names.map((name) => [name, null]));
  expect([...table].map((row) => row.toJSON())).toEqual(rows.map((row) => ({ ...empty, ...row })));
  expect(table.schema.fields[7].metadata.get('unit')).toBe('s');
  writer.close();
});

test('a tensor row of every kind', async () => {
  const path = join(folder, 'tensors.arrow');
  const writer = openStatistics(path, tensorStatistics, eager);
  const row = {
    step: 0,
    layer: -1,
    site: 'головa',
    operand: 'input',
    format: 'e4m3fn',
    amax: 448,
    scale: 0.5,
    cosine_above: 3,
  };
  writer.append([row, { ...row, layer: 2, site: '', overflows: 0.25 }]);
  writer.close();
  const found = [...(await readStatistics(path))].map((one) => one.toJSON());
  expect(found[0]).toMatchObject({ ...row, overflows: null, kurtosis: null });
  expect(found[1]).toMatchObject({ layer: 2, site: '', overflows: 0.25 });
});

describe('rows that do not fit are refused and leave the file alone', () => {
  test.each([
    [{ step: 1.5 }, /column step has another type: got 1.5/],
    [{ step: 2 ** 31 }, /column step/],
    [{ step: 1, loss: '3' }, /column loss .* expected float64 or nothing/],
    [{ loss: 1 }, /column step .* got undefined/],
    [{ step: 1, lose: 1 }, /unknown: got "lose", expected one of step, tokens/],
  ])('%j', async (row, message) => {
    const path = join(folder, `bad-${JSON.stringify(row).length}-${Object.keys(row).join('')}.arrow`);
    const writer = openStatistics(path, stepStatistics, eager);
    // @ts-expect-error The types refuse these rows as well.
    expect(() => writer.append([{ step: 0 }, row])).toThrow(message);
    writer.append([{ step: 7 }]);
    writer.close();
    expect(await steps(path)).toEqual([7]);
  });
});

test('gathered rows reach the file at flush and close', async () => {
  const path = join(folder, 'gathered.arrow');
  const writer = openStatistics(path, stepStatistics, { flushMilliseconds: 3_600_000 });
  for (const step of range(0, 5)) writer.append([{ step }]);
  expect(await steps(path)).toEqual([0]);
  writer.flush();
  expect(await steps(path)).toEqual(range(0, 5));
  writer.append([{ step: 5 }]);
  writer.close();
  expect(await steps(path)).toEqual(range(0, 6));
  expect(tableFromIPC(readFileSync(path)).batches).toHaveLength(3);
  expect(() => writer.append([{ step: 6 }])).toThrow(/closed/);
});

describe('resume', () => {
  test.each([0, 1, 7, 8, 12, 20, 99])('at step %i, each step once', async (resumeAtStep) => {
    const path = join(folder, `resume-${resumeAtStep}.arrow`);
    const writer = openStatistics(path, stepStatistics, eager);
    for (const from of [0, 4, 8, 16])
      writer.append(
        range(from, Math.min(from * 2 + 4, 20))
          .filter((s) => s < 20 && (from !== 4 || s < 8) && (from !== 8 || s < 16))
          .map((step) => ({ step, loss: step / 2 })),
      );
    writer.close();
    expect(await steps(path)).toEqual(range(0, 20));
    appendFileSync(path, Buffer.from([255, 255, 255, 255, 200]));
    const again = openStatistics(path, stepStatistics, { resumeAtStep, ...eager });
    expect(await steps(path)).toEqual(range(0, Math.min(resumeAtStep, 20)));
    again.append([{ step: resumeAtStep, loss: -1 }]);
    again.close();
    const table = await readStatistics(path);
    expect([...table].map((row) => row.toJSON()).map(({ step, loss }) => [step, loss])).toEqual([
      ...range(0, Math.min(resumeAtStep, 20)).map((step) => [step, step / 2]),
      [resumeAtStep, -1],
    ]);
    expect(tableFromIPC(readFileSync(path)).numRows).toBe(table.numRows);
  });

  test('a missing, an empty and a half-born file begin anew; another file is refused', async () => {
    const path = join(folder, 'born.arrow');
    openStatistics(path, stepStatistics, { resumeAtStep: 5 }).close();
    const whole = readFileSync(path);
    for (const length of [0, 5, 100, whole.length - 9]) {
      writeFileSync(path, whole.subarray(0, length));
      openStatistics(path, stepStatistics, { resumeAtStep: 5 }).close();
      expect(readFileSync(path).equals(whole)).toBe(true);
    }
    expect(() => openStatistics(path, stepStatistics)).toThrow(/already exists: give resumeAtStep/);
    expect(() => openStatistics(path, tensorStatistics, { resumeAtStep: 1 })).toThrow(
      /got columns .*tokens float64/,
    );
    writeFileSync(path, 'step,loss\n1,2\n3,4\n5,6\n');
    expect(() => openStatistics(path, stepStatistics, { resumeAtStep: 1 })).toThrow(/not an Arrow stream/);
    expect(readFileSync(path, 'utf8')).toBe('step,loss\n1,2\n3,4\n5,6\n');
  });
});

test('cut off at any byte, the whole batches before it are read, by others too', async () => {
  const path = join(folder, 'cut.arrow');
  const writer = openStatistics(path, tensorStatistics, eager);
  const ends = [statSync(path).size - 8];
  for (const step of range(0, 6)) {
    writer.append(
      range(0, 5).map((layer) => ({
        step,
        layer,
        site: `site ${layer}`,
        operand: 'x',
        format: 'bf16',
        rms: 1,
      })),
    );
    ends.push(statSync(path).size - 8);
  }
  writer.close();
  const file = readFileSync(path);
  const damaged = join(folder, 'cut-copy.arrow');
  for (let length = ends[0]; length <= file.length; length += 7) {
    writeFileSync(damaged, file.subarray(0, length));
    const whole = ends.filter((end) => end <= length).length - 1;
    expect((await readStatistics(damaged)).numRows).toBe(5 * whole);
    if (length % 5 === 0) {
      openStatistics(damaged, tensorStatistics, { resumeAtStep: 99 }).close();
      expect(tableFromIPC(readFileSync(damaged)).numRows).toBe(5 * whole);
    }
  }
});

test('random damage gives rows or one error, never a crash', async () => {
  const path = join(folder, 'cut.arrow');
  const random = randomFrom(5);
  const file = readFileSync(path);
  const damaged = join(folder, 'flipped.arrow');
  for (let trial = 0; trial < 300; trial++) {
    copyFileSync(path, damaged);
    const bytes = Uint8Array.from(file);
    const at = random(trial % 2 === 0 ? 3000 : bytes.length - 4);
    if (trial % 3 === 0) bytes[at] ^= 1 << random(8);
    else new DataView(bytes.buffer).setInt32(at, [-1, 2 ** 31 - 1, 0, random(2 ** 31)][random(4)], true);
    writeFileSync(damaged, bytes);
    for (const open of [
      async () => JSON.stringify([...(await readStatistics(damaged))].map((row) => row.toJSON())),
      async () => openStatistics(damaged, tensorStatistics, { resumeAtStep: 3 }).close(),
    ])
      await open().catch((error: unknown) =>
        expect(String(error)).toMatch(/^OctavoError: \[store\] [^\n]+$/),
      );
  }
});
