/** @file HellaSwag (Zellers et al., arXiv 1905.07830): how a scene goes on. */
import { capitalize, replaceStretches, strip } from '../python-text.ts';
import { answerOf, choicesAfter, type Task, textOf, textsOf } from './task.ts';

/** The harness's `preprocess`: brackets are artefacts of WikiHow. */
export const preprocess = (text: string): string =>
  replaceStretches(strip(text).replaceAll(' [title]', '. '), '[]', () => '', true).replaceAll('  ', ' ');

/** The harness's `hellaswag.yaml` and `utils.process_docs`. */
export const hellaswag: Task = {
  name: 'hellaswag',
  version: 1,
  metrics: ['acc', 'acc_norm', 'acc_bytes'],
  files: 'hellaswag_val.jsonl, or Rowan/hellaswag: {"activity_label", "ctx_a", "ctx_b", "endings", "label"}',
  question(row) {
    const scene = `${textOf(row, 'ctx_a')} ${capitalize(textOf(row, 'ctx_b'))}`;
    const query = preprocess(`${textOf(row, 'activity_label')}: ${scene}`);
    const endings = textsOf(row, 'endings').map(preprocess);
    return choicesAfter(
      query,
      endings,
      answerOf(
        row,
        'label',
        endings.map((_, i) => String(i)),
      ),
    );
  },
};
