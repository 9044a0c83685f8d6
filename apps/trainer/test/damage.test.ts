/**
 * @file A bad disk: a bit flipped in, or an end cut off, every file that a run has; a disk that is full from some moment on.
 * What is said is one line that names the file; the run that is resumed equals the uninterrupted one.
 * @module-tag slow
 */
import { cpSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { contentsOf, openDrill } from './kill-drill.mjs';
import { lines, octavo } from './support.ts';

const drill = openDrill();
afterAll(() => drill.close());
const { folder, operations, whole } = drill;
const PRELOAD = new URL('./kill-at.mjs', import.meta.url).href;

const filesIn = (path: string): string[] =>
  readdirSync(path).flatMap((name) =>
    statSync(join(path, name)).isDirectory() ? filesIn(join(path, name)) : [join(path, name)],
  );

// Killed before the last checkpoint has its name: two earlier ones, a lock, and statistics that reach beyond them.
const last =
  operations.findLastIndex(
    (operation: string) => operation.startsWith('rename') && operation.includes('step-'),
  ) + 1;
drill.train('begun', last);
const begun = filesIn(join(folder, 'begun')).filter((path) => !/octavo-tmp$|step-00000002/.test(path));
const shards = filesIn(join(folder, '.octavo')).filter(
  (path) => path.endsWith('.arrow') || path.endsWith('.json'),
);

test('there is one of every kind to damage', () => {
  const names = [...begun, ...shards].map((path) => path.slice(folder.length));
  for (const kind of [
    /run\.json$/,
    /lock$/,
    /steps\.arrow$/,
    /tensors\.arrow$/,
    /evaluations\.arrow$/,
    /guard\.arrow$/,
    /step-\d+\.arrow$/,
    /train-\d+\.arrow$/,
  ])
    expect(
      names.filter((name) => kind.test(name)),
      String(kind),
    ).not.toEqual([]);
});

const damages: readonly (readonly [string, (bytes: Buffer) => Buffer])[] = [
  [
    'a bit flipped',
    (bytes) => {
      const altered = Buffer.from(bytes);
      altered[Math.floor(bytes.length * 0.55)]! ^= 4;
      return altered;
    },
  ],
  ['half of it cut off', (bytes) => bytes.subarray(0, bytes.length >> 1)],
];

let number = 0;
test.each(
  [...begun, ...shards].flatMap((path) =>
    damages.map(([what, damage]) => ({ name: path.slice(folder.length + 1), what, path, damage })),
  ),
)('$name: $what', { timeout: 120_000 }, async ({ name, what, path, damage }) => {
  const out = `damaged-${number++}`;
  cpSync(join(folder, 'begun'), join(folder, out), { recursive: true });
  const ofRun = name.startsWith('begun');
  const at = ofRun ? path.replace(join(folder, 'begun'), join(folder, out)) : path;
  const bytes = readFileSync(at);
  writeFileSync(at, damage(bytes));
  const resume = () => octavo(['train', '--resume', '--out', out, '--json'], folder);
  const { code, stdout, stderr } = await resume();
  if (code !== 0) {
    expect(stderr).toMatch(/^octavo: [^\n]{20,}\n$/);
    expect(stderr).toContain(name.split('/').at(-1)!);
    expect([1, 2]).toContain(code);
    writeFileSync(at, bytes);
    expect(await resume()).toMatchObject({ code: 0, stderr: '' });
  } else if (name.endsWith('step-00000004.arrow')) {
    // A bit of the padding between two rows means nothing; where one was noticed, the checkpoint before is said to be used.
    const [first] = lines(stdout);
    if (first!.event === 'warning')
      expect(first!.message).toMatch(/step-00000004\.arrow.*earlier checkpoint/);
    else expect([what, first!.resumedFrom]).toEqual(['a bit flipped', 4]);
  }
  if (!ofRun) writeFileSync(path, bytes); // it is others' too
  const left = contentsOf(join(folder, out));
  // What was cut off a table before the checkpoint is lost, and said to be.
  const lost = lines(stdout).find(({ message }) => /has lost its end/.test(String(message)));
  if (lost === undefined) expect(left.tables).toEqual(whole.tables);
  else {
    expect(lost.message).toContain(name.split('/').at(-1)!);
    for (const [table, rows] of Object.entries(whole.tables as Record<string, unknown[]>))
      if (!name.endsWith(`${table}.arrow`)) expect(left.tables[table]).toEqual(rows);
  }
  for (const [checkpoint, hash] of Object.entries(whole.checkpoints))
    expect((left.checkpoints as Record<string, string>)[checkpoint], checkpoint).toBe(hash);
});

/** Kinds of operations that need room, each where it is done first. */
const kinds = new Map<string, number>();
for (const [i, operation] of operations.entries()) {
  const kind = operation.replace(/\d+/g, 'N');
  if (/^(openSync|open|writeSync|write)\b/.test(kind) && !kinds.has(kind)) kinds.set(kind, i + 1);
}
test.each([...kinds])('the disk is full from %s on', { timeout: 120_000 }, async (_, at) => {
  const out = `full-${at}`;
  const full = await octavo(
    ['train', '--config', 'config.json', '--out', out, '--json'],
    folder,
    undefined,
    undefined,
    {
      env: { KILL_AT: String(at), KILL_HOW: 'full', NODE_OPTIONS: `--import ${PRELOAD}` },
    },
  );
  expect(full.code).toBe(1);
  expect(full.stderr).toMatch(/^octavo: [^\n]*ENOSPC[^\n]*\n$/);
  expect(full.stderr).toMatch(/free some/);
  const begunAgain = readdirSync(join(folder, out)).includes('run.json')
    ? ['--resume']
    : ['--config', 'config.json'];
  expect(await octavo(['train', ...begunAgain, '--out', out, '--json'], folder)).toMatchObject({
    code: 0,
    stderr: '',
  });
  expect(contentsOf(join(folder, out))).toEqual(whole);
});
