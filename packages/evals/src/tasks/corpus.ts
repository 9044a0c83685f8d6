/** @file Two tasks made from any text, so that a model can be asked at once: LAMBADA's question and HellaSwag's. */
import { counterRandom, OctavoError } from '@octavo/formats';
import type { MetricName } from '../metrics.ts';
import type { Question } from '../question.ts';
import { choicesAfter } from './task.ts';

export interface CorpusTask {
  readonly name: string;
  readonly version: number;
  readonly metrics: readonly MetricName[];
  /** `count` questions at most, spread evenly over the text; the same text gives the same ones. */
  questions(text: string, count: number): Question[];
}

/** Words that are shown, words of each continuation, and how many there are of these. */
const [SHOWN, CONTINUED, CHOICES] = [24, 8, 4];
/** A word that ends a sentence. */
const LAST = /^(\p{L}[\p{L}'’-]*)[.!?]["'”’)]*$/u;

/** The last word of a sentence, without its stop (LAMBADA's texts end without one too). */
export const corpusLastWord: CorpusTask = {
  name: 'corpus_last_word',
  version: 1,
  metrics: ['perplexity', 'acc'],
  questions(text, count) {
    const words = wordsOf(text);
    const ends = [...words.keys()].filter((i) => i >= SHOWN && LAST.test(words[i]!));
    return spread(ends, count, this.name).map((end) => ({
      kind: 'continuation',
      pair: {
        context: words.slice(end - SHOWN, end).join(' '),
        continuation: ` ${LAST.exec(words[end]!)![1]}`,
      },
    }));
  },
};

/** Which of four stretches follows: one does in the text, the others come from other places of it. */
export const corpusContinuation: CorpusTask = {
  name: 'corpus_continuation',
  version: 1,
  metrics: ['acc', 'acc_norm', 'acc_bytes'],
  questions(text, count) {
    const words = wordsOf(text);
    const length = SHOWN + CONTINUED;
    const starts = Array.from({ length: Math.floor(words.length / length) }, (_, i) => i * length);
    if (starts.length < CHOICES) return spread([], count, this.name);
    const follows = (start: number): string => words.slice(start + SHOWN, start + length).join(' ');
    return spread(starts, count, this.name).map((start, question) => {
      const others = new Set<number>();
      for (let draw = 0; others.size < CHOICES - 1; draw++) {
        const other = starts[(counterRandom(question, draw) >>> 8) % starts.length]!;
        if (other !== start) others.add(other);
      }
      const gold = (counterRandom(question, -1) >>> 8) % CHOICES;
      const choices = [...others].map(follows);
      choices.splice(gold, 0, follows(start));
      return choicesAfter(words.slice(start, start + SHOWN).join(' '), choices, gold);
    });
  },
};

const wordsOf = (text: string): string[] => text.split(/\s+/).filter((word) => word !== '');

function spread<T>(items: readonly T[], count: number, task: string): T[] {
  if (items.length === 0)
    throw new OctavoError(`[evals] ${task}: got too little text to ask about, expected some pages of it`, {
      exitCode: 2,
    });
  const made = Math.min(count, items.length);
  return Array.from({ length: made }, (_, i) => items[Math.floor((i * items.length) / made)]!);
}

export const corpusTasks: ReadonlyMap<string, CorpusTask> = new Map(
  [corpusLastWord, corpusContinuation].map((task) => [task.name, task]),
);
