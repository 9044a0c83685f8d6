// @module-tag slow
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, truncateSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readStatistics } from '@octavo/store';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { columnOf, copyRun } from '../../../packages/report/test/folders.ts';
import { colourCounts, pngPixels } from '../../../tooling/vitest/png-pixels.ts';
import { expectSealed, shows } from '../../../tooling/vitest/sealed-page.ts';
import { prepare, train, writeStudy } from './report-support.ts';
import { lines, octavo } from './support.ts';

let root: string;
beforeAll(async () => {
  root = mkdtempSync(join(tmpdir(), 'octavo-report-'));
  prepare(root);
  await train(root, 'bf16', 'bf16');
  await train(root, 'fp8', 'fp8');
  await writeStudy(join(root, 'study'));
});
afterAll(() => rmSync(root, { recursive: true, force: true }));

const report = (...args: string[]) => octavo(['report', ...args], root);
const read = (path: string): string => readFileSync(join(root, path), 'utf8');
const column = (run: string, file: string, name: string) => columnOf(join(root, run), file, name);
const copyOf = (run: string, name: string): string => copyRun(root, run, name);

describe('of one run', () => {
  test('goes into its folder, loads nothing, and has the figures of the Arrow files', async () => {
    const { code, stdout, stderr } = await report('fp8', '--json');
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    const [said] = lines(stdout);
    expect(said).toMatchObject({ event: 'end', path: join('fp8', 'report.html'), figures: 7, pictures: [] });
    const page = read('fp8/report.html');
    expect(said!.bytes).toBe(Buffer.byteLength(page));
    expectSealed(page);

    const losses = await column('fp8', 'steps.arrow', 'loss');
    const end = losses.slice(-5).reduce((a, b) => a + b) / 5;
    shows(page, `<td class="number" data-label="loss">${end.toPrecision(4)}</td>`);
    const evaluations = await readStatistics(join(root, 'fp8/evaluations.arrow'));
    const rows = [...evaluations].map((row) => ({ ...row }) as { step: number; of: string; loss: number });
    expect(rows.map(({ step, of }) => [step, of])).toEqual([
      [0, 'model'],
      [10, 'model'],
      [20, 'model'],
      [30, 'model'],
      [30, 'order-2 bytes'],
    ]);
    shows(page, `<td class="number" data-label="held out">${rows[3]!.loss.toPrecision(4)}</td>`);
    shows(page, `order-2 byte model, held out, ${Number(rows[4]!.loss.toPrecision(3))}`);

    const tensors = [...(await readStatistics(join(root, 'fp8/tensors.arrow')))].map(
      (row) => ({ ...row }) as { underflows: number | null; step: number },
    );
    const most = tensors.reduce((a, b) => ((b.underflows ?? 0) > (a.underflows ?? 0) ? b : a));
    const heading =
      /<p class="quiet">Never more than ([\d.e−]+) % flushed to zero in a sampled step \([^<]*, step (\d+)\)\.</.exec(
        page,
      )!;
    expect(Number(heading[1]!.replace('−', '-')) / 100).toBeCloseTo(most.underflows!, 4);
    expect(Number(heading[2])).toBe(most.step);
    shows(page, /The most aligned channel is [^<]*: cos\(gate, up\) went from/);
  });

  test('its pictures are files too: SVG whose texts are held, and one that sums the run up', async () => {
    const { code, stdout } = await report('fp8', '--out', 'fp8.html', '--svg', '--json');
    expect(code).toBe(0);
    const { figures, pictures } = lines(stdout)[0] as { figures: number; pictures: string[] };
    expect(pictures.length).toBe(figures + 1);
    expect(pictures[0]).toBe(join('fp8-svg', 'overview.svg'));
    for (const path of pictures) {
      expect(path).toMatch(/^fp8-svg.[\w-]+\.svg$/);
      const svg = read(path);
      expect(svg.match(/<text /g)!.length).toBe(svg.match(/ lengthAdjust="spacingAndGlyphs"/g)!.length);
    }
    for (const words of ['The loss ends at', 'Largest growth']) expect(read(pictures[0]!)).toContain(words);
  });

  test('may be made anew, but no other file is overwritten', async () => {
    expect((await report('fp8')).code).toBe(0);
    const before = read('fp8/run.json');
    const { code, stderr } = await report('fp8', '--out', 'fp8/run.json');
    expect(code).toBe(2);
    expect(stderr).toMatch(
      /^octavo: \[report\] --out fp8\/run.json: got a file that octavo report did not write.*\n$/,
    );
    expect(read('fp8/run.json')).toBe(before);
    expect((await report('fp8', '--out', 'study')).code).toBe(2);
  });

  test('killed in the middle of a write: what is whole is reported', async () => {
    const folder = copyOf('fp8', 'killed');
    for (const file of ['steps.arrow', 'tensors.arrow']) {
      const path = join(folder, file);
      truncateSync(path, Math.floor(statSync(path).size * 0.6));
    }
    const newest = join(folder, 'checkpoints/step-00000030.arrow');
    truncateSync(newest, 1000);
    const { code, stdout, stderr } = await report('killed');
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout).toMatch(/^left out: .*step-00000030.arrow/m);
    const page = read('killed/report.html');
    expectSealed(page);
    shows(page, /\d+ of 30 steps/);
    shows(page, /Left out: [^<]*step-00000030.arrow/);
    shows(page, 'step 20');
  });
});

describe('of several runs', () => {
  test('holds those of one plan against bf16, and writes every picture as PNG at twice its size', async () => {
    const { code, stdout } = await report('bf16', 'fp8', '--out', 'both.html', '--png', '--json');
    expect(code).toBe(0);
    const { pictures } = lines(stdout)[0] as { pictures: string[] };
    const page = read('both.html');
    expectSealed(page);
    const [bf16, fp8] = [
      await column('bf16', 'steps.arrow', 'loss'),
      await column('fp8', 'steps.arrow', 'loss'),
    ];
    const gaps = fp8.map((loss, i) => loss - bf16[i]!).slice(-8); // the last quarter of 30 steps
    const mean = gaps.reduce((a, b) => a + b) / gaps.length;
    const words = `${mean < 0 ? '−' : '+'}${Math.abs(mean).toFixed(4)}`;
    shows(page, `Mean gap to bf16 over the last 8 steps: fp8 ${words}`);

    const sizes = [...page.matchAll(/<svg role="img"[^>]* width="([\d.]+)"/g)].map(([, width]) =>
      Number(width),
    );
    expect(2 * pictures.length).toBe(sizes.length); // each for a screen and for a phone
    for (const path of pictures) {
      const pixels = pngPixels(readFileSync(join(root, path)));
      expect(pixels.width).toBeGreaterThan(800);
      const colours = colourCounts(pixels);
      expect(colours[0]![0], path).toBe('#ffffff');
      expect(colours[0]![1], path).toBeLessThan(0.97 * pixels.width * pixels.height);
      // Text is drawn, whatever fonts the machine has: black, and nearly so at its edges.
      expect(colours.find(([colour]) => colour === '#000000')![1], path).toBeGreaterThan(300);
    }
  });
});

describe('of a study', () => {
  test('its claims, pictures, summary and tables', async () => {
    expect((await report('study')).code).toBe(0);
    const page = read('study/report.html');
    expectSealed(page);
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
});

test('what cannot be reported is said in one line', async () => {
  const { code, stderr } = await report('nowhere');
  expect(code).toBe(2);
  expect(stderr).toMatch(/^octavo: \[report\] nowhere: got nothing there, expected a folder [^\n]*\n$/);
  expect((await report()).code).toBe(2);
  expect(existsSync(join(root, 'report.html'))).toBe(false);
});
