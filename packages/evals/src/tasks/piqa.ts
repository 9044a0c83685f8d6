/** @file PIQA (Bisk et al., arXiv 1911.11641): which of two ways does it. */
import { answerOf, choicesAfter, type Task, textOf } from './task.ts';

/** The harness's `piqa.yaml`. */
export const piqa: Task = {
  name: 'piqa',
  version: 1,
  metrics: ['acc', 'acc_norm', 'acc_bytes'],
  files: 'valid.jsonl with valid-labels.lst beside it, or baber/piqa: {"goal", "sol1", "sol2", "label"}',
  question(row) {
    const solutions = [textOf(row, 'sol1'), textOf(row, 'sol2')];
    const gold = answerOf(row, 'label', ['0', '1']);
    return choicesAfter(`Question: ${textOf(row, 'goal')}\nAnswer:`, solutions, gold);
  },
};
