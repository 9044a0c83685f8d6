/** @file The page of folders that lack something, are damaged, or do not belong together. */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { expectSealed, shows } from '../../../tooling/vitest/sealed-page.ts';
import { pageOf, readInputs, reportOf } from '../src/index.ts';
import { chart, columnOf, copyRun, writeRun, writeStudy } from './folders.ts';

let root: string;
beforeAll(async () => {
  root = mkdtempSync(join(tmpdir(), 'octavo-report-'));
  await writeRun(join(root, 'bf16'), 'bf16');
  await writeRun(join(root, 'fp8'), 'fp8');
  writeStudy(join(root, 'study'));
});
afterAll(() => rmSync(root, { recursive: true, force: true }));

const inputsOf = (...folders: string[]) => readInputs(folders.map((folder) => join(root, folder)));
async function pageIn(...folders: string[]): Promise<string> {
  const report = reportOf(await inputsOf(...folders));
  const page = await pageOf(report, { command: 'a test', version: '0.0.0', on: new Date(0) });
  expectSealed(page.replaceAll('&lt;img src=x onerror=alert(1)&gt;', ''));
  return page;
}
const column = (run: string, file: string, name: string) => columnOf(join(root, run), file, name);
const copyOf = (run: string, name: string): string => copyRun(root, run, name);

describe('of one run', () => {
  test('with damaged statistics: what can be read is shown, and what was left out is named', async () => {
    const folder = copyOf('fp8', 'hurt');
    const path = join(folder, 'steps.arrow');
    truncateSync(path, 20);
    const tensors = readFileSync(join(folder, 'tensors.arrow'));
    tensors[Math.floor(tensors.length / 2)]! ^= 4;
    writeFileSync(join(folder, 'tensors.arrow'), tensors);
    const leftOut = (await inputsOf('hurt')).flatMap((input) => (input.kind === 'run' ? input.notes : []));
    expect(leftOut.map((what) => /[a-z]+\.arrow/.exec(what)?.[0])).toEqual(['steps.arrow', 'tensors.arrow']);
    const page = await pageIn('hurt');
    for (const what of leftOut) shows(page, `Left out: ${what}`.slice(0, 60));
    shows(page, 'No step has been recorded yet.');
    shows(page, 'Largest growth');
  });

  test('without samples, without checkpoints, and before its first step', async () => {
    const folder = copyOf('fp8', 'bare');
    for (const name of ['tensors.arrow', 'guard.arrow', 'evaluations.arrow', 'checkpoints'])
      rmSync(join(folder, name), { recursive: true });
    shows(await pageIn('bare'), 'No tensor has been sampled yet.');
    rmSync(join(folder, 'steps.arrow'));
    shows(await pageIn('bare'), 'No step has been recorded yet.');
  });
});

describe('of several runs', { tags: 'slow' }, () => {
  test('of unequal length are held against each other at equal tokens', async () => {
    const schedule = { kind: 'cosine', peak: 3e-3, warmup: 2, steps: 20, floor: 0.1 };
    await writeRun(join(root, 'shorter'), 'fp8', { steps: 20, schedule });
    const page = await pageIn('bf16', 'shorter');
    const [long, short] = [
      await column('bf16', 'steps.arrow', 'loss'),
      await column('shorter', 'steps.arrow', 'loss'),
    ];
    const end = (losses: number[]): string =>
      (losses.slice(15, 20).reduce((a, b) => a + b) / 5).toPrecision(4);
    for (const losses of [long, short])
      shows(page, `<td class="number" data-label="at 640 tokens">${end(losses)}</td>`);
    shows(page, 'After 640 tokens, where shorter ends, the losses lie between');
    shows(page, 'over the 5 steps up to step 20');
    shows(page, 'their learning rates differ');
  });

  test('of another plan are shown, but not held against each other', async () => {
    const schedule = { kind: 'cosine', peak: 1e-2, warmup: 3, steps: 30, floor: 0.1 };
    await writeRun(join(root, 'faster'), 'fp8', { schedule });
    expect(await pageIn('bf16', 'faster')).not.toContain('Mean gap');
    shows(await pageIn('bf16', 'fp8'), 'Mean gap to bf16 over the last 8 steps: fp8 ');
  });
});

describe('of a study', () => {
  test('its claims, pictures, summary and tables', async () => {
    const page = await pageIn('study');
    shows(page, '1 of 2 claims hold.');
    shows(
      page,
      '<td data-label="the paper">diverges</td><td class="whole" data-label="measured here, a seed each">0.250 / infinite</td><td data-label=""><span class="holds">holds</span></td>',
    );
    shows(page, '<span class="fails">does not hold</span>');
    shows(page, '<h3>It falls</h3>');
    shows(page, '<h3>All</h3>');
    shows(page, '25 rows, the first 10 of them');
    shows(page, '<th>steps</th><td>96</td>');
  });

  test('that was stopped says how far it has come', async () => {
    mkdirSync(join(root, 'stopped/parts'), { recursive: true });
    writeFileSync(join(root, 'stopped/study.json'), readFileSync(join(root, 'study/study.json')));
    writeFileSync(join(root, 'stopped/parts/seed-1.json'), '{}');
    shows(await pageIn('stopped'), '1 of its parts are done');
  });

  test('what its files say is text, not markup', async () => {
    const hostile = '<script>alert(1)</script><img src=x onerror=alert(1)>';
    writeStudy(join(root, 'hostile'), {
      charts: { 'x"onload=y': chart(hostile, { values: [{ step: 1, loss: 2 }] }) },
      claims: [{ text: hostile, paper: hostile, values: [1], holds: true }],
      markdown: `${hostile}\n\n[a](javascript:alert(1)) ![b](http://example.org/b.png) <style>*{}</style>`,
    });
    const page = await pageIn('hostile');
    expect(page).not.toContain('example.org');
  });

  test('a chart that would load something is refused', async () => {
    writeStudy(join(root, 'loading'), { charts: { x: chart('x', { url: 'http://example.org/data.json' }) } });
    await expect(pageIn('loading')).rejects.toMatchObject({
      message: '[report] chart x cannot be drawn: it may not load anything: got http://example.org/data.json',
    });
  });
});

describe('what cannot be reported is said in one line', () => {
  const refused = async (exitCode: number, message: RegExp, ...folders: string[]) => {
    const reading = inputsOf(...folders);
    await expect(reading).rejects.toMatchObject({ exitCode, message: expect.stringMatching(message) });
    await expect(reading).rejects.toMatchObject({ message: expect.not.stringContaining('\n') });
  };

  test('no folder, another folder, a file, the same folder twice', async () => {
    await refused(2, /nowhere: got nothing there, expected a folder/, 'nowhere');
    mkdirSync(join(root, 'other'));
    await refused(2, /other: got a folder with neither/, 'other');
    await refused(2, /run.json: got a file/, 'fp8/run.json');
    await refused(2, /fp8\/? is given twice/, 'bf16', 'fp8', 'fp8/');
  });

  test('damaged files', async () => {
    const run = copyOf('fp8', 'damaged');
    writeFileSync(join(run, 'run.json'), '{');
    await refused(2, /run.json cannot be read/, 'damaged');
    const study = copyOf('study', 'damaged-study');
    truncateSync(join(study, 'losses.arrow'), 300);
    await refused(1, /losses.arrow is not an Arrow file or is damaged/, 'damaged-study');
    rmSync(join(study, 'losses.arrow'));
    writeFileSync(join(study, 'summary.json'), '[{"text": 1}]');
    await refused(1, /summary.json is not what octavo study writes: 0.text/, 'damaged-study');
  });
});
