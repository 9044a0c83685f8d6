/**
 * @file Every kind of picture in a real browser, with one family of fonts and no other, whatever the machine has.
 * @module-tag slow
 */
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import {
  pageOf,
  picturesOf,
  readInputs,
  renderNarrow,
  renderSvg,
  reportOf,
  writePictures,
} from '@octavo/report';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { writeLongRun, writeRun } from '../../../packages/report/test/folders.ts';
import { describeInChromium } from '../../../tooling/vitest/chromium.ts';
import { findPictures, findScrolling, type Picture } from '../../../tooling/vitest/faults-of-text.ts';
import { openPage } from '../../../tooling/vitest/open-page.ts';
import { studyCharts } from './every-chart.ts';

const { resolve } = createRequire(import.meta.url);
/** From wide to narrow: an average letter of the last is two thirds as wide as one of the first. */
const FAMILIES: Readonly<Record<string, readonly string[]>> = {
  'DejaVu Sans': ['dejavu-fonts-ttf/ttf/DejaVuSans.ttf', 'dejavu-fonts-ttf/ttf/DejaVuSans-Bold.ttf'],
  'PT Sans Narrow': [
    '@expo-google-fonts/pt-sans-narrow/400Regular/PTSansNarrow_400Regular.ttf',
    '@expo-google-fonts/pt-sans-narrow/700Bold/PTSansNarrow_700Bold.ttf',
  ],
};

describeInChromium('every picture', () => {
  let root: string;
  let names: string[];
  beforeAll(async () => {
    root = mkdtempSync(join(tmpdir(), 'octavo-pictures-'));
    await writeRun(join(root, 'bf16'), 'bf16');
    await writeRun(join(root, 'fp8'), 'fp8', { steps: 20 });
    writeLongRun(join(root, 'long'));
    const runs = await readInputs(['bf16', 'fp8', 'long'].map((run) => join(root, run)));
    const report = reportOf(runs);
    const made = { command: '', version: '', on: new Date() };
    writeFileSync(join(root, 'report.html'), await pageOf(report, made));
    const pictures: [name: string, svg: string][] = [];
    for (const path of await writePictures(join(root, 'svg'), picturesOf(report), 'svg'))
      pictures.push([`runs-${basename(path, '.svg')}`, readFileSync(path, 'utf8')]);
    for (const [name, chart] of await studyCharts()) {
      pictures.push([name, await renderSvg(chart)]);
      // As the report has it: its title is set by the page.
      pictures.push([`${name}, on a phone`, await renderNarrow({ ...chart, title: undefined })]);
    }
    names = pictures.map(([name]) => name);
    const page = pictures.map(([name, svg]) => `<div id="${name}">${svg}</div>`).join('\n');
    writeFileSync(join(root, 'page.html'), `<!doctype html><meta charset="utf-8">${page}`);
  }, 300_000);
  afterAll(() => rmSync(root, { recursive: true, force: true }));

  test.each(Object.entries(FAMILIES))(
    'with %s alone: texts are as wide as they were laid out, inside, and apart; no page scrolls sideways',
    async (family, files) => {
      const folder = join(root, family);
      mkdirSync(folder);
      for (const file of files) copyFileSync(resolve(file), join(folder, basename(file)));
      const view = { width: 1200, scale: 1, scheme: 'light' } as const;
      const [seen] = await openPage<Shown>(join(root, 'page.html'), [view], look, folder);
      const { pictures, natural } = seen!.value;
      expect(pictures.map(({ label }) => label)).toEqual(names);
      expect(pictures.filter(({ faults }) => faults.length > 0)).toEqual([]);
      for (const { label, texts } of pictures) expect(texts, label).toBeGreaterThan(4);
      widths.set(family, natural);
      for (const { value, told } of await openPage<Shown>(join(root, 'report.html'), VIEWS, look, folder)) {
        expect(value.pictures.filter(({ faults }) => faults.length > 0)).toEqual([]);
        expect(value.scrolling).toEqual([]);
        expect(told).toEqual([]);
      }
    },
    240_000,
  );

  test('the families are what they say: their own widths differ', () => {
    const [wide, narrow] = Object.keys(FAMILIES).map((family) => widths.get(family)!);
    expect(wide! / narrow!).toBeGreaterThan(1.3);
  });
});

/** The report's page, on a screen and on a phone. */
const VIEWS = [1000, 390].map((width) => ({ width, scale: 1, scheme: 'light' }) as const);

/** Of the same words, by family, as the browser sets them where nothing holds them. */
const widths = new Map<string, number>();

interface Shown {
  readonly pictures: readonly Picture[];
  readonly natural: number;
  readonly scrolling: readonly string[];
}
const look = `${findPictures}${findScrolling}
  const loose = document.createElement('span');
  loose.style.font = '100px sans-serif';
  loose.textContent = 'loss less that of bf16';
  document.body.append(loose);
  const natural = loose.getBoundingClientRect().width;
  loose.remove();
  return { pictures, natural, scrolling };
`;
