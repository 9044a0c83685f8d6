/** @file WikiText-2 (Merity et al., arXiv 1609.07843): whole articles. */
import { countBytes, countWords, replaceStretches, strip } from '../python-text.ts';
import { badRow, fieldOf, type Row, type Task, textOf } from './task.ts';

type Step = (text: string) => string;
const all =
  (from: string | RegExp, to: string): Step =>
  (text) =>
    text.replaceAll(from, to);
/** No space inside brackets or quotation marks. */
const tight =
  (marks: string): Step =>
  (text) =>
    replaceStretches(text, marks, (between) => `${marks[0]}${strip(between)}${marks[1]}`);

/** In this order, each on what the ones before have left. */
const STEPS: readonly Step[] = [
  all("s '", "s'"),
  all(/\/' [0-9]\//g, "/'[0-9]/"), // as it stands there, slashes and all
  all(' @-@ ', '-'),
  all(' @,@ ', ','),
  all(' @.@ ', '.'),
  ...[':', ';', '.', '!', '?', ','].map((mark) => all(` ${mark} `, `${mark} `)),
  ...['()', '[]', '{}', '""', "''"].map(tight),
  all('= = = =', '===='),
  all('= = =', '==='),
  all('= =', '=='),
  all(' \u00b0 ', '\u00b0'),
  all(' \n', '\n'),
  all('\n ', '\n'),
  all(' N ', ' 1 '),
  all(" 's", "'s"),
];

/** The harness's `wikitext_detokenizer`: text as it was before its words were taken apart. */
export const detokenize = (page: string): string => STEPS.reduce((text, step) => step(text), page);

/**
 * Pages as they are; of lines (Salesforce/wikitext: `{"text"}`, a line break at its end, empty for a blank one) the articles,
 * cut before each title ` = … = ` as EleutherAI/wikitext_document_level is made.
 */
async function* articlesOf(rows: AsyncIterable<Row>): AsyncGenerator<Row> {
  let [lines, first]: [string[], string] = [[], ''];
  const article = (): Row => ({ where: first, value: { page: lines.join('\n') } });
  for await (const row of rows) {
    if (fieldOf(row, 'page') !== undefined || fieldOf(row, 'text') === undefined) {
      yield row;
      continue;
    }
    const line = textOf(row, 'text').replace(/\n$/, '') || ' ';
    const heading = strip(line.replaceAll('= = =', '===').replaceAll('= =', '=='));
    if (heading.startsWith('= ') && heading.endsWith(' =')) {
      if (lines.some((before) => strip(before) !== '')) yield article();
      lines = [];
    }
    if (lines.length === 0) first = row.where;
    lines.push(line);
  }
  if (lines.length === 0) return;
  lines.push(''); // behind the last line break
  yield article();
}

/** The harness's `wikitext.yaml` and `preprocess_wikitext`: words and bytes are counted in the page as it stands. */
export const wikitext: Task = {
  name: 'wikitext',
  version: 2,
  metrics: ['word_perplexity', 'byte_perplexity', 'bits_per_byte'],
  files:
    'EleutherAI/wikitext_document_level, wikitext-2-raw-v1: {"page"}, or Salesforce/wikitext, wikitext-2-raw-v1: {"text"}',
  rows: articlesOf,
  question(row) {
    const page = textOf(row, 'page');
    const text = detokenize(page);
    if (text === '') throw badRow(row, 'page', page, 'a text');
    return { kind: 'text', text, words: countWords(page), bytes: countBytes(page) };
  },
};
