/** @file ARC (Clark et al., arXiv 1803.05457): questions from school exams. */
import { answerOf, badRow, choicesAfter, fieldOf, type Row, type Task, textOf, textsOf } from './task.ts';

/** The harness's `arc_easy.yaml` and `arc_challenge.yaml`. */
const arc = (name: string, files: string): Task => ({
  name,
  version: 1,
  metrics: ['acc', 'acc_norm', 'acc_bytes'],
  files: `${files}: {"question", "choices", "answerKey"}`,
  question(row) {
    const { question, texts, labels } = partsOf(row);
    return choicesAfter(`Question: ${question}\nAnswer:`, texts, answerOf(row, 'answerKey', labels));
  },
});

/** AI2's files keep the choices inside the question, a list of objects; Hugging Face's beside it, an object of two lists. */
function partsOf(row: Row): { question: string; texts: string[]; labels: string[] } {
  const question = fieldOf(row, 'question');
  if (typeof question === 'string') {
    const choices = fieldOf(row, 'choices');
    const [texts, labels] = [textsOf(row, 'text', choices), textsOf(row, 'label', choices)];
    if (texts.length !== labels.length) throw badRow(row, 'choices', choices, 'a label for each text');
    return { question, texts, labels };
  }
  const choices = fieldOf(row, 'choices', question);
  if (!Array.isArray(choices) || choices.length < 2)
    throw badRow(row, 'question.choices', choices, 'a list of two choices or more');
  return {
    question: textOf(row, 'stem', question),
    texts: choices.map((choice) => textOf(row, 'text', choice)),
    labels: choices.map((choice) => textOf(row, 'label', choice)),
  };
}

export const arcEasy = arc('arc_easy', 'ARC-Easy-Test.jsonl, or allenai/ai2_arc, ARC-Easy');
export const arcChallenge = arc(
  'arc_challenge',
  'ARC-Challenge-Test.jsonl, or allenai/ai2_arc, ARC-Challenge',
);
