import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readInputs } from '@octavo/report';
import { readStatistics } from '@octavo/store';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { colourCounts, pngPixels } from '../../../tooling/vitest/png-pixels.ts';
import { chart, prepare, train, writeStudy } from './report-support.ts';
import { lines, octavo } from './support.ts';

let root: string;
beforeAll(async () => {
  root = mkdtempSync(join(tmpdir(), 'octavo-report-'));
  prepare(root);
  await train(root, 'bf16', 'bf16');
  await train(root, 'fp8', 'fp8');
  await writeStudy(join(root, 'study'), {});
});
afterAll(() => rmSync(root, { recursive: true, force: true }));

const report = (...args: string[]) => octavo(['report', ...args], root);
const read = (path: string): string => readFileSync(join(root, path), 'utf8');
const column = async (run: string, file: string, name: string): Promise<number[]> =>
  Array.from((await readStatistics(join(root, run, file))).getChild(name)!, Number);
/** A copy of a run to do something to. */
function copyOf(run: string, name: string): string {
  cpSync(join(root, run), join(root, name), { recursive: true });
  return join(root, name);
}

/** A failure names the text, not the whole page. */
const shows = (page: string, text: string | RegExp): void =>
  expect(typeof text === 'string' ? page.includes(text) : text.test(page), String(text)).toBe(true);

/** Nothing that a browser would load, and every element closed in order. */
function expectSealed(page: string): void {
  const lacks = (pattern: RegExp): void => expect(pattern.exec(page)?.[0]).toBeUndefined();
  lacks(/<(script|link|img|image|iframe|object|embed|use|foreignObject|form|meta http-equiv="refresh")\b/i);
  lacks(/\s(src|srcset|xlink:href|data|poster|action|background|on\w+)\s*=/i);
  lacks(/url\((?!#)|@import|javascript:/i);
  for (const [, name] of page.matchAll(/<(\w+)[^>]* href="/g)) expect(name).toBe('a');
  const open: string[] = [];
  const empty = new Set(['meta', 'br', 'hr', '!doctype']);
  for (const [, close, name, self] of page
    .replace(/<style>.*?<\/style>|<!--.*?-->/gs, '')
    .matchAll(/<(\/?)([\w!]+)[^>]*?(\/?)>/g)) {
    if (close) expect(name).toBe(open.pop());
    else if (!self && !empty.has(name!)) open.push(name!);
  }
  expect(open).toEqual([]);
  const ids = [...page.matchAll(/ id="([^"]+)"/g)].map(([, id]) => id);
  expect(new Set(ids).size).toBe(ids.length);
  for (const [, id] of page.matchAll(/url\(#([^)]+)\)/g)) expect(ids).toContain(id);
}

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
    const { code, stderr } = await report('killed');
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    const page = read('killed/report.html');
    expectSealed(page);
    shows(page, /\d+ of 30 steps/);
    shows(page, /Left out: [^<]*step-00000030.arrow/);
    shows(page, 'step 20');
  });

  test('with damaged statistics: what can be read is shown, and what was left out is named', async () => {
    const folder = copyOf('fp8', 'hurt');
    const path = join(folder, 'steps.arrow');
    truncateSync(path, 20);
    const tensors = readFileSync(join(folder, 'tensors.arrow'));
    tensors[Math.floor(tensors.length / 2)]! ^= 4;
    writeFileSync(join(folder, 'tensors.arrow'), tensors);
    const { code, stdout, stderr } = await report('hurt', '--json');
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    const { leftOut } = lines(stdout)[0] as { leftOut: string[] };
    expect(leftOut.map((what) => /[a-z]+\.arrow/.exec(what)?.[0])).toEqual(['steps.arrow', 'tensors.arrow']);
    const page = read('hurt/report.html');
    expectSealed(page);
    for (const what of leftOut) shows(page, `Left out: ${what}`.slice(0, 60));
    shows(page, 'No step has been recorded yet.');
    shows(page, 'Largest growth');
    expect((await report('hurt')).stdout).toContain(`left out: ${leftOut[0]}\n`);
  });

  test('without samples, without checkpoints, and before its first step', async () => {
    const folder = copyOf('fp8', 'bare');
    for (const name of ['tensors.arrow', 'guard.arrow', 'evaluations.arrow', 'checkpoints'])
      rmSync(join(folder, name), { recursive: true });
    expect((await report('bare')).code).toBe(0);
    shows(read('bare/report.html'), 'No tensor has been sampled yet.');
    expectSealed(read('bare/report.html'));
    rmSync(join(folder, 'steps.arrow'));
    expect((await report('bare')).code).toBe(0);
    shows(read('bare/report.html'), 'No step has been recorded yet.');
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

  test('of unequal length are held against each other at equal tokens', async () => {
    await train(root, 'shorter', 'fp8', ['--steps', '20']);
    expect((await report('bf16', 'shorter', '--out', 'unequal.html')).code).toBe(0);
    const page = read('unequal.html');
    expectSealed(page);
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
    await train(root, 'faster', 'fp8', ['--learning-rate', '0.01']);
    expect((await report('bf16', 'faster', '--out', 'unlike.html')).code).toBe(0);
    expect(read('unlike.html')).not.toContain('Mean gap');
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

  test('that was stopped says how far it has come', async () => {
    mkdirSync(join(root, 'stopped/parts'), { recursive: true });
    writeFileSync(join(root, 'stopped/study.json'), read('study/study.json'));
    writeFileSync(join(root, 'stopped/parts/seed-1.json'), '{}');
    expect((await report('stopped')).code).toBe(0);
    shows(read('stopped/report.html'), '1 of its parts are done');
  });

  test('what its files say is text, not markup', async () => {
    const hostile = '<script>alert(1)</script><img src=x onerror=alert(1)>';
    await writeStudy(join(root, 'hostile'), {
      charts: { 'x"onload=y': chart(hostile, { values: [{ step: 1, loss: 2 }] }) },
      summary: {
        claims: [{ text: hostile, paper: hostile, values: [1], holds: true }],
        markdown: `${hostile}\n\n[a](javascript:alert(1)) ![b](http://example.org/b.png) <style>*{}</style>`,
      },
    });
    expect((await report('hostile')).code).toBe(0);
    const page = read('hostile/report.html');
    expectSealed(page.replaceAll('&lt;img src=x onerror=alert(1)&gt;', ''));
    expect(page).not.toContain('example.org');
  });

  test('a chart that would load something is refused', async () => {
    await writeStudy(join(root, 'loading'), { charts: {} });
    writeFileSync(
      join(root, 'loading/x.vl.json'),
      JSON.stringify(chart('x', { url: 'http://example.org/data.json' })),
    );
    const { code, stderr } = await report('loading');
    expect(code).toBe(1);
    expect(stderr).toMatch(
      /^octavo: \[report\] chart x cannot be drawn: it may not load anything: got http:\/\/example.org\/data.json\n$/,
    );
  });
});

describe('what cannot be reported is said in one line', () => {
  const refused = async (exitCode: number, message: RegExp, ...folders: string[]) => {
    const reading = readInputs(folders.map((folder) => join(root, folder)));
    await expect(reading).rejects.toMatchObject({ exitCode, message: expect.stringMatching(message) });
    await expect(reading).rejects.toMatchObject({ message: expect.not.stringContaining('\n') });
  };

  test('no folder, another folder, a file, the same folder twice', async () => {
    const { code, stderr } = await report('nowhere');
    expect(code).toBe(2);
    expect(stderr).toMatch(/^octavo: \[report\] nowhere: got nothing there, expected a folder [^\n]*\n$/);
    expect((await report()).code).toBe(2);
    mkdirSync(join(root, 'other'));
    await refused(2, /other: got a folder with neither/, 'other');
    await refused(2, /text.txt: got a file/, 'text.txt');
    await refused(2, /fp8\/? is given twice/, 'bf16', 'fp8', 'fp8/');
    expect(existsSync(join(root, 'report.html'))).toBe(false);
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
