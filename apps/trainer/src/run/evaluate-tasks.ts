/** @file Tasks put to a checkpoint, or to two of them. */
import { type Asked, ask, comparisonsOf, resultsOf } from '@octavo/evals';
import { isMadeFromText, type NamedTask, type OpenTask, openTask, scorerOf } from '@octavo/trainer';
import type { Output } from '../output/messages.ts';
import { type Evaluated, type EvaluatedRequest, openEvaluated } from './evaluated.ts';

/** Tokens of held-out text that questions are made from, at most. */
const TEXT = 2 ** 18;

interface TasksRequest extends EvaluatedRequest {
  readonly limit: number | null;
  readonly compare: string | null;
}

/** Both checkpoints are asked the same questions: those made from text come from the first one's. */
export async function evaluateTasks(
  tasks: readonly NamedTask[],
  request: TasksRequest,
  path: string,
  { output, signal }: { readonly output: Output; readonly signal: AbortSignal },
): Promise<void> {
  const warn = (message: string): void => output.say({ event: 'warning', message });
  const needed = tasks.filter(isMadeFromText).length > 0;
  const open = (which: string, text: { needed: boolean; opening?: number }) =>
    openEvaluated(which, request, { warn, signal, text });
  const first = await open(path, { needed, opening: TEXT });
  let asked: Asked[];
  try {
    const text = (): string => first.tokenizer.decode(first.heldOut!.opening);
    const opened: OpenTask[] = [];
    for (const task of tasks) opened.push(await openTask(task, request.limit, text));
    asked = await askAll(first, opened, signal);
  } finally {
    await first.close();
  }
  output.say({ event: 'results', checkpoint: first.checkpoint, step: first.step, ...resultsOf(asked) });
  if (request.compare === null) return;
  const other = await open(request.compare, { needed: false });
  try {
    const metrics = comparisonsOf(asked, await askAll(other, asked, signal));
    output.say({ event: 'comparison', checkpoint: first.checkpoint, other: other.checkpoint, metrics });
  } finally {
    await other.close();
  }
}

async function askAll(
  { tokenizer, batch, sequence, load }: Evaluated,
  tasks: readonly OpenTask[],
  signal: AbortSignal,
): Promise<Asked[]> {
  const scorer = scorerOf(await load(), { tokens: batch * sequence, signal });
  const asked: Asked[] = [];
  for (const task of tasks) asked.push({ ...task, ...(await ask(task.questions, tokenizer, scorer)) });
  return asked;
}
