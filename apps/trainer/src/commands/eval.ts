/** @file `octavo eval`: how well a checkpoint predicts held-out text, or what it answers to tasks. */
import { corpusTasks, tasks } from '@octavo/evals';
import { OctavoError } from '@octavo/formats';
import { evaluationRow, heldOutLoss } from '@octavo/trainer';
import { integer } from '@octavo/trainer/record';
import type { Command } from 'commander';
import { addCommand, type Given } from '../command.ts';
import { taskList } from '../config/task-list.ts';
import { catchInterrupts } from '../interrupt.ts';
import { numeric, ofCheckpoint, value, values } from '../options.ts';
import { createOutput } from '../output/create.ts';
import { plural } from '../output/format.ts';
import type { Output } from '../output/messages.ts';
import { evaluateTasks } from '../run/evaluate-tasks.ts';
import { openEvaluated } from '../run/evaluated.ts';
import { evaluationMessage } from '../run/event-messages.ts';

const options = {
  data: values('<path...>', 'text to evaluate on, all of it held out'),
  textField: value('<key>', 'the key of a JSONL line that holds its text (default: that of the run)'),
  tokens: value(
    '<n>',
    'tokens to predict at most (default: as many as the run’s own evaluations; of --data, all)',
    numeric(integer(1)),
  ),
  recipe: value('<name>', 'evaluate in another recipe than it was trained in'),
  tasks: value(
    '<list|file>',
    'ask zero-shot tasks instead: NAME or NAME=PATH, separated by commas, or a file that maps names to paths',
    taskList,
  ),
  limit: value('<n>', 'the first n questions of each task', numeric(integer(1))),
  compare: value('<checkpoint>', 'ask another checkpoint the same tasks, and say what differs'),
  ...ofCheckpoint,
};

export const addEvalCommand = (program: Command): void =>
  addCommand(program, {
    name: 'eval',
    summary: 'perplexity of a checkpoint on held-out text, or its answers to zero-shot tasks',
    description: `Perplexity and bits per byte of a checkpoint on held-out text (that of its run, or what --data names), or with --tasks what it answers, as lm-evaluation-harness asks and counts it. Tasks: ${[...corpusTasks.keys()].join(', ')}, made from that text; ${[...tasks.keys()].join(', ')}, from their published files.`,
    argument: ['<checkpoint>', 'a checkpoint, or a run folder: its newest whole checkpoint'],
    options,
    renamed: { '--blas': '--library' },
    examples: [
      ['octavo eval runs/nano-fp8-full', 'on the text that the run held out'],
      ['octavo eval runs/nano-fp8-full --data book.txt --json', 'on another text, for a program to read'],
      [
        'octavo eval runs/nano-fp8-full --data book.txt --tasks corpus_last_word,corpus_continuation --compare runs/bf16',
        'two checkpoints on questions made from a text',
      ],
      [
        'octavo eval runs/nano-fp8-full --tasks lambada_openai=lambada_test.jsonl --limit 100',
        'a published task',
      ],
    ],
    run: evaluate,
  });

export type EvalRequest = Given<typeof options>;

async function evaluate(request: EvalRequest, path: string): Promise<void> {
  if (request.tasks === null && (request.compare !== null || request.limit !== null))
    throw new OctavoError(
      `[run] ${request.compare === null ? '--limit' : '--compare'}: got no --tasks, expected some to ask: --tasks ${[...corpusTasks.keys()].join(',')}`,
      { exitCode: 2 },
    );
  const output = createOutput(request);
  const interrupt = catchInterrupts();
  const { signal } = interrupt;
  try {
    if (request.tasks === null) await evaluateText(request, path, { output, signal });
    else await evaluateTasks(await request.tasks, request, path, { output, signal });
    interrupt.checkOutput();
  } finally {
    output.close();
    interrupt.release();
  }
}

async function evaluateText(
  request: EvalRequest,
  path: string,
  { output, signal }: { readonly output: Output; readonly signal: AbortSignal },
): Promise<void> {
  const warn = (message: string): void => output.say({ event: 'warning', message });
  const evaluated = await openEvaluated(path, request, { warn, signal, text: { needed: true } });
  try {
    const { checkpoint, step, heldOut, sequence } = evaluated;
    if (!request.json)
      process.stdout.write(
        `${checkpoint}, step ${step}, reads ${heldOut!.text}: ${plural(heldOut!.tokens, 'token')}\n`,
      );
    const model = await evaluated.load();
    const { loss, tokens: counted } = await heldOutLoss(model, heldOut!.batches, sequence, signal);
    const message = evaluationMessage(evaluationRow(step, loss, heldOut!.bytesPerToken), counted);
    output.say({ ...message, checkpoint, text: heldOut!.text });
  } finally {
    await evaluated.close();
  }
}
