/**
 * @file How wide text is, for a chart's layout: Vega measures by a canvas, and without one takes 0.8 em a character,
 * which truncates labels that have room and leaves holes above charts. These are Arial's advance widths; Helvetica,
 * Liberation Sans and Arimo share them.
 */

/** Characters by their width in thousandths of an em; all others count 556, as digits do. */
const WIDTHS: Readonly<Record<number, string>> = {
  191: "'",
  222: 'ijl’',
  260: '|',
  278: ' !,./:;I[\\]ft',
  333: '()-`r²³⁰⁴⁵⁶⁷⁸⁹⁻“”·',
  355: '"',
  500: 'Jcksvxyz',
  584: '+<=>~−×',
  611: 'FTZ',
  667: '&ABEKPSVXY',
  722: 'CDHNRUw',
  778: 'GOQ',
  833: 'Mm',
  889: '%',
  944: 'W',
  1015: '@→…',
};
const widthOf = new Map(
  Object.entries(WIDTHS).flatMap(([width, signs]) => Array.from(signs, (sign) => [sign, Number(width)])),
);

/** Room for bold letters, and for fonts that are a little wider. */
const [BOLD, MARGIN] = [1.07, 1.04];

/** In pixels. */
export function textWidth(text: string, fontSize: number, fontWeight?: string | number): number {
  let sum = 0;
  for (const sign of text) sum += widthOf.get(sign) ?? 556;
  const bold = fontWeight === 'bold' || Number(fontWeight) >= 600;
  return (sum / 1000) * fontSize * (bold ? BOLD : 1) * MARGIN;
}
