/** @file Text of charts: how wide it is laid out, and that it is as wide where it is shown. */
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { initWasm, Resvg } from '@resvg/resvg-wasm';
import { beforeAll, describe, expect, it, test } from 'vitest';
import { holdText } from '../src/draw/hold-text.ts';
import { renderSvg } from '../src/draw/render-chart.ts';
import { textWidth } from '../src/draw/text-width.ts';

const { resolve } = createRequire(import.meta.url);
const ARIMO = ['400Regular/Arimo_400Regular.ttf', '700Bold/Arimo_700Bold.ttf'].map(
  (file) => `@expo-google-fonts/arimo/${file}`,
);
const DEJAVU = ['dejavu-fonts-ttf/ttf/DejaVuSans.ttf'];

beforeAll(() => initWasm(readFileSync(resolve('@resvg/resvg-wasm/index_bg.wasm'))));

/** Width of the ink of a text as resvg draws it, in pixels. */
function drawn(text: string, family: string, fonts: readonly string[]): number {
  const svg = `<svg xmlns="http://www.w3.org/2000/svg" width="20000" height="2000">${text}</svg>`;
  const fontBuffers = fonts.map((font) => readFileSync(resolve(font)));
  const picture = new Resvg(svg, {
    font: { fontBuffers, defaultFontFamily: family, sansSerifFamily: family },
  });
  const { width } = picture.getBBox()!;
  picture.free();
  return width;
}

describe('the width of text', () => {
  test('is the sum of the font’s advances, regular and bold', () => {
    expect(textWidth('Mi', 100)).toBeCloseTo(83.3 + 22.2, 6);
    expect(textWidth('10', 10, 'bold')).toBeCloseTo(11.12, 6);
    expect(textWidth('e\u0301', 10)).toBe(textWidth('e', 10)); // an accent of its own takes no room
    expect(textWidth('漢字', 10)).toBe(20);
  });

  test.each([400, 700])('is that of the letters that resvg draws: weight %s', (weight) => {
    const line = (signs: string): string =>
      `<text x="100" y="1500" font-family="Arimo" font-size="1000" font-weight="${weight}" font-kerning="none">${signs.replace('&', '&amp;').replace('<', '&lt;')}</text>`;
    const inkOf = (signs: string): number => drawn(line(signs), 'Arimo', ARIMO);
    const range = (from: number, to: number): string[] =>
      Array.from({ length: to - from + 1 }, (_, i) => String.fromCodePoint(from + i));
    const signs = [
      ...range(0x21, 0x7e),
      ...range(0xa1, 0xff),
      ...range(0x391, 0x3c9),
      ...range(0x430, 0x44f),
    ];
    // A sign's advance: what it takes between two others.
    const alone = inkOf('HH');
    for (const sign of [...signs, ...'–—‘’“”„†•…‰′″⁰⁴⁻ⁿ₀₁₂←↑→↓↔∂∆∏∑−√∞∫≈≠≤≥'])
      if (/[\p{L}\p{N}\p{P}\p{S}]/u.test(sign))
        expect(Math.abs(inkOf(`H${sign}H`) - alone - textWidth(sign, 1000, weight)), sign).toBeLessThan(2);
  });
});

describe('text is held to its width', () => {
  const held = (text: string): string[] =>
    [...holdText(text).matchAll(/<text.*?<\/text>/g)].map(([all]) => all);

  it('a line by its own attributes', () => {
    expect(
      held('<text text-anchor="end" transform="translate(3,4)" font-size="10px" fill="#000">a &lt; b</text>'),
    ).toEqual([
      `<text text-anchor="end" transform="translate(3,4)" font-size="10px" fill="#000" textLength="${Number(textWidth('a < b', 10).toFixed(2))}" lengthAdjust="spacingAndGlyphs">a &lt; b</text>`,
    ]);
    expect(held('<text font-size="10px" font-weight="bold">M</text>')[0]).toContain('textLength="8.33"');
    expect(held('<text font-size="10px" aria-label="a > b">1</text>')[0]).toContain('textLength="5.56"');
  });

  it('lines become texts below one another, in the turned frame', () => {
    expect(
      held(
        '<text transform="translate(3,4) rotate(-90)" font-size="10px"><tspan>one</tspan><tspan x="0" dy="12">two</tspan><tspan x="0" dy="12">3</tspan></text>',
      ).map((text) => text.replace(/ textLength.*?>/, '>')),
    ).toEqual([
      '<text transform="translate(3,4) rotate(-90)" font-size="10px">one</text>',
      '<text transform="translate(3,4) rotate(-90) translate(0,12)" font-size="10px">two</text>',
      '<text transform="translate(3,4) rotate(-90) translate(0,24)" font-size="10px">3</text>',
    ]);
  });

  it('a text of nothing is left out', () => expect(held('<text font-size="10px"> </text>')).toEqual([]));

  it('every text of a chart is', async () => {
    const svg = await renderSvg({
      title: { text: ['One', 'two'], subtitle: 'three' },
      data: { values: [{ x: 'a & b', y: 1 }] },
      mark: 'bar',
      encoding: {
        x: { field: 'x', type: 'nominal' },
        y: { field: 'y', type: 'quantitative', title: ['y', 'z'] },
      },
    });
    const texts = [...svg.matchAll(/<text[^>]*>/g)].map(([tag]) => tag);
    expect(texts.length).toBeGreaterThan(8);
    for (const tag of texts) expect(tag).toMatch(/ textLength="[\d.]+" lengthAdjust="spacingAndGlyphs"/);
    expect(svg).not.toContain('<tspan');
  });

  it.each(['start', 'middle', 'end'])('resvg heeds it in a wider font: anchor %s', (anchor) => {
    const words = 'held-out loss less that of bf16';
    const [text] = held(
      `<text x="5000" y="900" text-anchor="${anchor}" font-family="sans-serif" font-size="100px">${words}</text>`,
    );
    const loose = text!.replace(/ textLength.*?>/, '>');
    const [own, wide, kept] = [
      drawn(loose, 'Arimo', ARIMO),
      drawn(loose, 'DejaVu Sans', DEJAVU),
      drawn(text!, 'DejaVu Sans', DEJAVU),
    ];
    expect(wide / own).toBeGreaterThan(1.08);
    expect(Math.abs(kept / own - 1)).toBeLessThan(0.01);
  });
});
