/** @file WinoGrande (Sakaguchi et al., arXiv 1907.10641): whom a gap in a sentence means. */
import { strip } from '../python-text.ts';
import { answerOf, badRow, type Task, textOf } from './task.ts';

/**
 * The harness's `winogrande/default.yaml` and `preprocess_winogrande`, partial evaluation (Trinh and Le, arXiv
 * 1806.02847): the option stands in the context, and what follows the gap is asked for.
 */
export const winogrande: Task = {
  name: 'winogrande',
  version: 1,
  metrics: ['acc'],
  files: 'dev.jsonl of winogrande_1.1, or allenai/winogrande: {"sentence", "option1", "option2", "answer"}',
  question(row) {
    const sentence = textOf(row, 'sentence');
    const gap = sentence.indexOf('_');
    if (gap < 0) throw badRow(row, 'sentence', sentence, 'one with a gap, "_"');
    const before = sentence.slice(0, gap);
    const choices = [textOf(row, 'option1'), textOf(row, 'option2')].map((option) => before + option);
    const continuation = ` ${strip(sentence.slice(gap + 1))}`;
    return {
      kind: 'multiple-choice',
      pairs: choices.map((context) => ({ context, continuation })),
      choices,
      gold: answerOf(row, 'answer', ['1', '2']),
    };
  },
};
