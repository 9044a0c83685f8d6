/**
 * @file How wide text is in a chart: Vega measures by a canvas, and without one takes 0.8 em a sign, which cuts labels
 * that have room and leaves holes above charts. What is measured here is also how wide the text is drawn, in whatever
 * font (`hold-text.ts`).
 */
import { bold, regular } from './arimo.ts';

const bySign = (widths: Readonly<Record<number, string>>): ReadonlyMap<string, number> =>
  new Map(
    Object.entries(widths).flatMap(([width, signs]) => Array.from(signs, (sign) => [sign, Number(width)])),
  );
const [REGULAR, BOLD] = [bySign(regular), bySign(bold)];

/** In pixels. */
export function textWidth(text: string, fontSize: number, fontWeight?: string | number): number {
  const widths = fontWeight === 'bold' || Number(fontWeight) >= 600 ? BOLD : REGULAR;
  let sum = 0;
  for (const sign of text) sum += widths.get(sign) ?? unknownWidth(sign);
  return (sum / 1000) * fontSize;
}

/** Marks that stand on the letter before them take no room, signs of East Asia and emoji an em, other letters about as a capital. */
function unknownWidth(sign: string): number {
  if (/\p{M}|\p{Cf}/u.test(sign)) return 0;
  return sign.codePointAt(0)! >= 0x1100 ? 1000 : 667;
}
