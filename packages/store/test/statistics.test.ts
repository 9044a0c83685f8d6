import {
  closeSync,
  existsSync,
  fstatSync,
  openSync,
  readdirSync,
  readFileSync,
  readSync,
  renameSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { tableFromIPC, tableToIPC } from 'apache-arrow';
import { describe, expect, test } from 'vitest';
import {
  evaluationStatistics,
  guardStatistics,
  openStatistics,
  optional,
  readRows,
  readStatistics,
  required,
  rowFrom,
  runStatistics,
  type StatisticsSchema,
  stepStatistics,
  tensorStatistics,
  told,
} from '../src/index.ts';
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
  const counts = { tokens: BigInt(2 ** 40 + 1), peak_memory: BigInt(2 ** 33) };
  expect([...table].map((row) => row.toJSON())).toEqual([
    { ...empty, ...rows[0], ...counts },
    { ...empty, ...rows[1] },
  ]);
  expect(table.schema.fields[7]!.metadata.get('unit')).toBe('seconds');
  writer.close();
});

test('rows of a schema: what is absent is null, an int64 a number, other columns are passed by', async () => {
  const path = join(folder, 'rows', 'steps.arrow');
  const writer = openStatistics(path, stepStatistics, eager);
  writer.append([
    { step: 1, tokens: 2 ** 40 + 1, loss: Number.NaN },
    { step: 2 },
    { step: 3, tokens: 0, loss: 0 },
  ]);
  const { step, tokens, loss } = stepStatistics;
  const schema = { step, tokens, loss, later: optional('utf8', 'Of a version to come.') };
  expect(await readRows(path, schema)).toEqual([
    { step: 1, tokens: 2 ** 40 + 1, loss: Number.NaN, later: null },
    { step: 2, tokens: null, loss: null, later: null },
    { step: 3, tokens: 0, loss: 0, later: null },
  ]);
  for (const lost of [{ loss: required('float64', 'x') }, { later: required('utf8', 'x') }])
    await expect(readRows(path, { step, ...lost })).rejects.toThrow(
      /steps\.arrow, row [01]: \w+ is missing: expected/,
    );
  await expect(readRows(path, { step: required('utf8', 'x') })).rejects.toThrow(
    /row 0: step is missing: expected a string/,
  );
});

test('a row from richer facts, and as it is told', () => {
  const facts = { step: 3, of: 'model', loss: 2, bits_per_byte: 1.5, perplexity: 7 };
  const row = rowFrom(evaluationStatistics, facts);
  expect(row).toEqual({ step: 3, of: 'model', loss: 2, bits_per_byte: 1.5 });
  expect(told(row)).toEqual({ step: 3, of: 'model', loss: 2, bitsPerByte: 1.5 });
  const alarm = { step: 1, site: 'down', operand: 'input', rule: 'overshoot', value: 5, limit: 4 };
  const whole = rowFrom(guardStatistics, { ...alarm, recipe: 'fp8-smooth', switched: false });
  expect(Object.keys(whole)).toEqual(Object.keys(guardStatistics));
  expect(whole).toMatchObject({ ...alarm, layer: null, channel: null });
});

test('a tensor row of every kind', async () => {
  const path = join(folder, 'tensors.arrow');
  const writer = openStatistics(path, tensorStatistics, eager);
  const row = {
    step: 0,
    layer: null,
    site: 'головa',
    operand: 'input',
    format: 'e4m3fn',
    amax: 448,
    scale: 0.5,
    abs_cosine_above: 3,
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
    [{ step: 1, tokens: 1.5 }, /column tokens has another type: got 1.5 .* expected int64 or nothing/],
    [{ step: 1, tokens: 2 ** 53 }, /column tokens/],
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

test('every column says what it is: numbers their unit, all one sentence; the schema says whose it is', async () => {
  for (const [name, schema] of Object.entries<StatisticsSchema>(runStatistics)) {
    const path = join(folder, 'described', name);
    openStatistics(path, schema, { metadata: { run: '{"name":"a"}', recipe: '{}', model: '{}' } }).close();
    const { schema: found } = tableFromIPC(readFileSync(path));
    expect([...found.metadata]).toEqual(
      expect.arrayContaining([
        ['run', '{"name":"a"}'],
        ['recipe', '{}'],
        ['model', '{}'],
      ]),
    );
    for (const { name: column, type, metadata } of found.fields) {
      expect(metadata.get('meaning'), `${name} ${column}`).toMatch(/^[^\n]{10,}\.$/);
      if (!['Utf8', 'Bool'].includes(String(type))) expect(metadata.get('unit'), column).toMatch(/./);
    }
  }
  expect(() =>
    openStatistics(join(folder, 'reserved.arrow'), stepStatistics, { metadata: { 'octavo.x': '' } }),
  ).toThrow(/reserved/);
});

/** Files as they are between all writes, by the way in which a file may be looked at. */
test('whoever opens it at any moment finds a whole file, and keeps the one that is open', () => {
  const path = join(folder, 'moments.arrow');
  const writer = openStatistics(path, stepStatistics, eager);
  const early = openSync(path, 'r');
  for (const step of range(0, 30)) {
    writer.append([{ step }]);
    expect(tableFromIPC(readFileSync(path)).numRows).toBe(step + 1);
  }
  const bytes = Buffer.alloc(fstatSync(early).size);
  readSync(early, bytes, 0, bytes.length, 0);
  closeSync(early);
  expect(tableFromIPC(bytes).numRows).toBe(0);
  writer.close();
  expect(readdirSync(folder).filter((name) => name.includes('octavo-tmp'))).toEqual([]);
});

describe('a file that another has under his hands', () => {
  test('is not written over: changed, moved away', () => {
    const inner = join(folder, 'inner');
    const path = join(inner, 'steps.arrow');
    const [one, two] = [1, 2].map(() => openStatistics(path, stepStatistics, { ...eager, resumeAtStep: 0 }));
    two!.append([{ step: 0 }]);
    expect(() => one!.append([{ step: 0 }])).toThrow(
      /steps.arrow was changed by another program: got \d+ bytes/,
    );
    expect(tableFromIPC(readFileSync(path)).numRows).toBe(1);
    renameSync(inner, join(folder, 'moved'));
    expect(() => two!.append([{ step: 1 }])).toThrow(/steps.arrow is gone: its folder was moved/);
    expect(existsSync(inner)).toBe(false);
  });
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
    truncateSync(path, statSync(path).size - 12);
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
    for (const length of [0, 5, 12, 100, 1000, whole.length - 9]) {
      writeFileSync(path, whole.subarray(0, length));
      openStatistics(path, stepStatistics, { resumeAtStep: 5 }).close();
      expect(readFileSync(path).equals(whole)).toBe(true);
    }
    expect(() => openStatistics(path, stepStatistics)).toThrow(/already exists: give resumeAtStep/);
    expect(() => openStatistics(path, tensorStatistics, { resumeAtStep: 1 })).toThrow(
      /got columns .*tokens int64/,
    );
    writeFileSync(path, 'step,loss\n1,2\n3,4\n5,6\n');
    expect(() => openStatistics(path, stepStatistics, { resumeAtStep: 1 })).toThrow(/not an Arrow file/);
    expect(readFileSync(path, 'utf8')).toBe('step,loss\n1,2\n3,4\n5,6\n');
  });
});

/** Six batches of five rows; gives where its batches begin, and where the last one ends. */
function sixBatches(path: string): number[] {
  const writer = openStatistics(path, tensorStatistics, { ...eager, resumeAtStep: 0 });
  const ends = [endOfBatches(path)];
  for (const step of range(0, 6)) {
    const row = { step, site: 'down', operand: 'input', format: 'bf16', rms: 1 + step };
    writer.append(range(0, 5).map((layer) => ({ ...row, layer })));
    ends.push(endOfBatches(path));
  }
  writer.close();
  return ends;
}

/** From the footer's length at the file's end: its footer begins behind the end-of-stream mark. */
function endOfBatches(path: string): number {
  const file = readFileSync(path);
  return file.length - 10 - file.readInt32LE(file.length - 10) - 8;
}

test('cut off at any byte, the whole batches before it are read and kept, and a footer put behind them', async () => {
  const path = join(folder, 'cut.arrow');
  const ends = sixBatches(path);
  const file = readFileSync(path);
  const damaged = join(folder, 'cut-copy.arrow');
  for (let length = ends[0]!; length < file.length; length += 37) {
    writeFileSync(damaged, file.subarray(0, length));
    const whole = ends.filter((end) => end <= length).length - 1;
    const leftOut: string[] = [];
    expect((await readStatistics(damaged, { leftOut: (what) => leftOut.push(what) })).numRows).toBe(
      5 * whole,
    );
    const clean = ends.includes(length) || length >= ends.at(-1)! + 8;
    expect(leftOut).toEqual(
      clean ? [] : [expect.stringContaining(`is cut off behind row ${5 * whole}: what`)],
    );
    if (length % 3 === 0 || whole === 6) {
      openStatistics(damaged, tensorStatistics, { resumeAtStep: 99 }).close();
      expect(tableFromIPC(readFileSync(damaged)).numRows).toBe(5 * whole);
      if (whole === 6) expect(readFileSync(damaged).equals(file)).toBe(true);
    }
  }
  // As after a power cut: the length is there, the content is not.
  for (const from of [ends[3]! + 100, ends[5]!, ends[6]!]) {
    writeFileSync(damaged, Buffer.from(file).fill(0, from));
    const whole = ends.filter((end) => end <= from).length - 1;
    openStatistics(damaged, tensorStatistics, { resumeAtStep: 99 }).close();
    expect(tableFromIPC(readFileSync(damaged)).numRows).toBe(5 * whole);
  }
});

test('a whole file with nothing to drop is not touched', () => {
  const path = join(folder, 'cut.arrow');
  const before = statSync(path, { bigint: true });
  openStatistics(path, tensorStatistics, { resumeAtStep: 6 }).close();
  const after = statSync(path, { bigint: true });
  expect([after.ino, after.mtimeNs]).toEqual([before.ino, before.mtimeNs]);
});

test('one bit, in any byte of an early batch and of the schema: named or without effect, and no row goes', {
  tags: 'slow',
}, async () => {
  const path = join(folder, 'cut.arrow');
  const [first, second, third] = sixBatches(join(folder, 'again.arrow'));
  const file = readFileSync(path);
  const rows = async (name: string) => [...(await readStatistics(name))].map((row) => JSON.stringify(row));
  const all = await rows(path);
  const damaged = join(folder, 'flipped.arrow');
  const refused = { schema: 0, first: 0, second: 0 };
  for (let at = 0; at < third!; at++) {
    const bytes = Buffer.from(file);
    bytes[at]! ^= 1 << (at % 8);
    writeFileSync(damaged, bytes);
    const error = await rows(damaged).then(
      (found) => {
        expect(found, `byte ${at}`).toEqual(all);
        return null;
      },
      (reason: unknown) => String(reason),
    );
    const where = at < first! ? 'schema' : at < second! ? 'first' : 'second';
    const resume = () => openStatistics(damaged, tensorStatistics, { resumeAtStep: 6 }).close();
    if (error === null) {
      if (at % 16 === 0) {
        resume();
        expect(await rows(damaged)).toEqual(all);
      }
      continue;
    }
    refused[where] += 1;
    expect(error).toMatch(
      where === 'schema'
        ? /^OctavoError: \[store\] [^\n]*flipped.arrow[^\n]+$/
        : new RegExp(
            `^OctavoError: \\[store\\] [^\\n]*flipped.arrow, batch ${where === 'first' ? '0 \\(from row 0' : '1 \\(from row 5'}\\) is damaged: [^\\n]+$`,
          ),
    );
    expect(resume).toThrow(/^\[store\] [^\n]+$/);
    expect(readFileSync(damaged).equals(bytes), `byte ${at}`).toBe(true);
  }
  // Padding and what other readers alone look at may change; the numbers may not.
  expect(refused.first / (second! - first!)).toBeGreaterThan(0.6);
  expect(refused.second).toBeGreaterThan(300);
  expect(refused.schema / first!).toBeGreaterThan(0.6);
});

test('what is damaged in the middle is told and left out where that is asked for', async () => {
  const path = join(folder, 'middle.arrow');
  const ends = sixBatches(path);
  const bytes = readFileSync(path);
  bytes[ends[3]! - 20]! ^= 4;
  writeFileSync(path, bytes);
  const leftOut: string[] = [];
  const table = await readStatistics(path, { leftOut: (what) => leftOut.push(what) });
  expect(table.numRows).toBe(25);
  expect(leftOut).toEqual([
    expect.stringMatching(/middle.arrow, batch 2 \(from row 10\) is damaged: got CRC-32/),
  ]);
  // A second fault at the end does not make a torn tail of the first.
  truncateSync(path, ends[6]! - 1);
  await expect(readStatistics(path)).rejects.toThrow(/batch 2/);
});

test('batches that changed places, one that stands twice, one that is missing', async () => {
  const path = join(folder, 'places.arrow');
  const ends = sixBatches(path);
  const file = readFileSync(path);
  const part = (i: number) => file.subarray(ends[i], ends[i + 1]);
  const parts = (order: readonly number[]) =>
    Buffer.concat([file.subarray(0, ends[0]), ...order.map(part), file.subarray(ends[6])]);
  for (const order of [
    [0, 2, 1, 3, 4, 5],
    [0, 1, 1, 2, 3, 4, 5],
    [0, 1, 3, 4, 5],
  ]) {
    writeFileSync(path, parts(order));
    await expect(readStatistics(path)).rejects.toThrow(/batch \d .*is damaged: got batch \d, expected \d/);
    expect(() => openStatistics(path, tensorStatistics, { resumeAtStep: 9 })).toThrow(/is damaged/);
    expect(readFileSync(path).equals(parts(order))).toBe(true);
  }
  writeFileSync(path, Buffer.concat([file, file]));
  await expect(readStatistics(path)).rejects.toThrow(/goes on behind its end/);
});

test('a file that another program wrote again is refused by name and stays', async () => {
  const path = join(folder, 'foreign.arrow');
  sixBatches(path);
  writeFileSync(path, tableToIPC(tableFromIPC(readFileSync(path)), 'file'));
  const before = readFileSync(path);
  await expect(readStatistics(path)).rejects.toThrow(/foreign.arrow[^\n]*another program/);
  expect(() => openStatistics(path, tensorStatistics, { resumeAtStep: 3 })).toThrow(/another program/);
  expect(readFileSync(path).equals(before)).toBe(true);
});

test('a stream of an earlier Octavo is named as what it is', async () => {
  const path = join(folder, 'stream.arrow');
  sixBatches(join(folder, 'file.arrow'));
  writeFileSync(path, tableToIPC(tableFromIPC(readFileSync(join(folder, 'file.arrow'))), 'stream'));
  await expect(readStatistics(path)).rejects.toThrow(/is an Arrow stream, as Octavo wrote before/);
});
