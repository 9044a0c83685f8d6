/**
 * @file How wide text is in a chart: Vega measures by a canvas, and without one takes 0.8 em a sign, which cuts labels
 * that have room and leaves holes above charts. Here it is the sum of Arimo's advances, which Arial, Helvetica and Liberation
 * Sans share; and so wide the text is drawn, in whatever font (`hold-text.ts`).
 */
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';

/** The files of a font of ours, regular and bold. */
export const fontFiles = ['400Regular/Arimo_400Regular.ttf', '700Bold/Arimo_700Bold.ttf'].map((file) =>
  createRequire(import.meta.url).resolve(`@expo-google-fonts/arimo/${file}`),
);

type Advances = (codePoint: number) => number | undefined;
let fonts: readonly Advances[] | null = null;

/** In pixels. */
export function textWidth(text: string, fontSize: number, fontWeight?: string | number): number {
  fonts ??= fontFiles.map((file) => advancesOf(readFileSync(file)));
  const advances = fonts[fontWeight === 'bold' || Number(fontWeight) >= 600 ? 1 : 0]!;
  let sum = 0;
  for (const sign of text)
    sum += takesNoRoom(sign) ? 0 : (advances(sign.codePointAt(0)!) ?? unknownWidth(sign));
  return (sum / 1000) * fontSize;
}

/** Marks that stand on the letter before them. */
const takesNoRoom = (sign: string): boolean => /\p{M}|\p{Cf}/u.test(sign);

/** Signs of East Asia and emoji take an em, other letters about as much as a capital. */
const unknownWidth = (sign: string): number => (sign.codePointAt(0)! >= 0x1100 ? 1000 : 667);

/** Advances in thousandths of an em, by the tables `cmap` (format 4) and `hmtx` of a TrueType font (OpenType 1.9). */
function advancesOf({ buffer, byteOffset, byteLength }: Buffer): Advances {
  const font = new DataView(buffer, byteOffset, byteLength);
  const u16 = (at: number): number => font.getUint16(at);
  const tables = new Map<number, number>();
  for (let at = 12; at < 12 + 16 * u16(4); at += 16) tables.set(font.getUint32(at), font.getUint32(at + 8));
  const table = (tag: string): number => tables.get(Buffer.from(tag).readUInt32BE())!;
  const [cmap, unitsPerEm, count] = [table('cmap'), u16(table('head') + 18), u16(table('hhea') + 34)];
  const encodings = Array.from({ length: u16(cmap + 2) }, (_, i) => cmap + font.getUint32(cmap + 8 + 8 * i));
  const map = encodings.find((at) => u16(at) === 4)!;
  const segments = u16(map + 6) / 2;
  /** Of a segment: where its end, start, delta and offset stand. */
  const field = (segment: number, which: number): number =>
    map + 14 + 2 * segment + which * 2 * segments + (which > 0 ? 2 : 0);
  const glyphOf = (code: number): number => {
    let segment = 0;
    while (u16(field(segment, 0)) < code) segment++;
    const [start, delta, at] = [u16(field(segment, 1)), u16(field(segment, 2)), field(segment, 3)];
    if (code < start) return 0;
    const glyph = u16(at) === 0 ? code : u16(at + u16(at) + 2 * (code - start));
    return glyph === 0 ? 0 : (glyph + delta) & 0xffff;
  };
  return (code) => {
    const glyph = code > 0xffff ? 0 : glyphOf(code);
    if (glyph === 0) return undefined;
    return Math.round((1000 * u16(table('hmtx') + 4 * Math.min(glyph, count - 1))) / unitsPerEm);
  };
}
