/**
 * @file The report in a real browser, opened from disk: no request but the file's own, and pictures that can be read.
 * @module-tag slow
 */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { describeInChromium } from '../../../tooling/vitest/chromium.ts';
import { findPictures, findScrolling, type Picture } from '../../../tooling/vitest/faults-of-text.ts';
import { openPage, type Seen, type View } from '../../../tooling/vitest/open-page.ts';
import { colourCounts, pngPixels } from '../../../tooling/vitest/png-pixels.ts';
import { pageOf, readInputs, reportOf } from '../src/index.ts';
import { writeLongRun, writeRun, writeStudy } from './folders.ts';

interface Page {
  readonly pictures: readonly Picture[];
  readonly width: number;
  readonly ground: string;
  /** Elements whose content is wider than they are. */
  readonly scrolling: readonly string[];
  /** Sizes of the letters of pictures, in pixels of the page. */
  readonly letters: readonly number[];
}

/** Runs in the page. */
const look = `${findPictures}${findScrolling}
  const letters = [...document.querySelectorAll('svg text')]
    .filter((text) => text.getClientRects().length > 0)
    .map((text) => parseFloat(text.getAttribute('font-size')) * Math.hypot(text.getScreenCTM().a, text.getScreenCTM().b));
  const ground = getComputedStyle(document.body).backgroundColor;
  return { pictures, width: document.documentElement.scrollWidth, ground, scrolling, letters };
`;

const VIEWS: readonly View[] = [
  { width: 1000, scale: 1, scheme: 'light' },
  { width: 1000, scale: 2, scheme: 'light' },
  { width: 1000, scale: 1, scheme: 'dark' },
  { width: 390, scale: 2, scheme: 'light' },
];

describeInChromium('a report opened from disk', () => {
  let root: string;
  let path: string;
  let seen: Seen<Page>[];
  beforeAll(async () => {
    root = mkdtempSync(join(tmpdir(), 'octavo-report-browser-'));
    await writeRun(join(root, 'bf16'), 'bf16');
    await writeRun(join(root, 'fp8'), 'fp8');
    writeStudy(join(root, 'study'));
    writeLongRun(join(root, 'long'));
    const inputs = await readInputs(['bf16', 'fp8', 'long', 'study'].map((folder) => join(root, folder)));
    const page = await pageOf(reportOf(inputs), { command: 'a test', version: '0.0.0', on: new Date(0) });
    path = join(root, 'all.html');
    writeFileSync(path, page);
    seen = await openPage<Page>(path, VIEWS, look);
  }, 300_000);
  afterAll(() => rmSync(root, { recursive: true, force: true }));

  test('asks for itself alone, and breaks no rule of its own policy', () => {
    for (const { requests, told } of seen) {
      expect(requests).toEqual([pathToFileURL(path).href]);
      expect(told).toEqual([]);
    }
  });

  test.each(VIEWS.map((view, i) => [`${view.width} wide, ${view.scale}×, ${view.scheme}`, i] as const))(
    '%s: every picture has its texts inside, none on another',
    (_, i) => {
      const { pictures } = seen[i]!.value;
      // Half of them are for the other kind of screen.
      expect(2 * pictures.length).toBe((readFileSync(path, 'utf8').match(/<svg /g) ?? []).length);
      expect(pictures.length).toBeGreaterThan(12);
      for (const { label, faults, texts } of pictures) {
        expect(faults, label).toEqual([]);
        expect(texts, label).toBeGreaterThan(5);
      }
    },
  );

  test('a long run makes no large file', () => {
    expect(readFileSync(path).length).toBeLessThan(2e6);
  });

  test('pictures are drawn at both scales, twice as fine at the second', () => {
    const [one, two] = [pngPixels(seen[0]!.screenshot), pngPixels(seen[1]!.screenshot)];
    expect([two.width, two.height]).toEqual([2 * one.width, 2 * one.height]);
    for (const [pixels, scale] of [
      [one, 1],
      [two, 2],
    ] as const)
      for (const { label, box } of seen[0]!.value.pictures) {
        const drawn = colourCounts(crop(pixels, box, scale));
        expect(
          drawn.slice(0, 3).map(([colour]) => colour),
          label,
        ).toContain('#ffffff');
        expect(drawn.length, label).toBeGreaterThan(20);
      }
  });

  test('is dark where the reader wants it dark, its pictures too', () => {
    const { value, screenshot } = seen[2]!;
    expect(value.ground).toBe('rgb(13, 17, 23)');
    const pixels = pngPixels(screenshot);
    for (const { label, box } of value.pictures) {
      const drawn = colourCounts(crop(pixels, box, 1));
      const white = drawn.find(([colour]) => colour === '#ffffff')?.[1] ?? 0;
      expect(white, label).toBeLessThan(0.01 * box.width * box.height);
    }
  });

  test('fits a phone: nothing scrolls sideways', () => {
    const { width, scrolling } = seen[3]!.value;
    expect(width).toBeLessThanOrEqual(390);
    expect(scrolling).toEqual([]);
  });

  test('on a phone letters of pictures stay as large as they are', () => {
    const sizes = seen[3]!.value.letters;
    expect(Math.min(...sizes)).toBeGreaterThan(8);
  });
});

function crop(
  { width, channels, data }: ReturnType<typeof pngPixels>,
  box: Picture['box'],
  scale: number,
): ReturnType<typeof pngPixels> {
  const [x, y, w, h] = [box.x, box.y, box.width, box.height].map((side) => Math.floor(side * scale)) as [
    number,
    number,
    number,
    number,
  ];
  const rows = Array.from({ length: h }, (_, row) => {
    const from = ((y + row) * width + x) * channels;
    return data.subarray(from, from + w * channels);
  });
  return { width: w, height: h, channels, data: Uint8Array.from(Buffer.concat(rows)) };
}
