/** @file BoolQ (Clark et al., arXiv 1905.10044): yes or no, from a passage. */
import { answerOf, choicesAfter, fieldOf, type Row, type Task, textOf } from './task.ts';

/** The harness's `super_glue/boolq/default.yaml`. */
export const boolq: Task = {
  name: 'boolq',
  version: 2,
  metrics: ['acc'],
  files:
    'val.jsonl of SuperGLUE’s BoolQ, dev.jsonl of Google’s, or aps/super_glue, boolq: {"passage", "question", "label" or "answer"}',
  question(row) {
    const context = `${textOf(row, 'passage')}\nQuestion: ${textOf(row, 'question')}?\nAnswer:`;
    return choicesAfter(context, ['no', 'yes'], goldOf(row));
  },
};

/** A truth value, or 0 and 1. */
function goldOf(row: Row): number {
  const name = fieldOf(row, 'label') === undefined ? 'answer' : 'label';
  const truth = fieldOf(row, name);
  return typeof truth === 'boolean' ? Number(truth) : answerOf(row, name, ['0', '1']);
}
