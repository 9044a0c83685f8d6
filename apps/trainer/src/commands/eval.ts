/** @file `octavo eval`: how well a checkpoint predicts held-out text. */
import {
  checkVocabulary,
  describeText,
  type HeldOut,
  openHeldOut,
  openTrainingText,
  type Preparing,
  type Tokenizer,
} from '@octavo/data';
import { OctavoError } from '@octavo/formats';
import {
  checkMemory,
  chooseDevice,
  evaluationRow,
  heldOutLoss,
  loadModel,
  openCheckpointAt,
  runOf,
  stateOf,
  textShapeOf,
  workOf,
} from '@octavo/trainer';
import { integer, readRun, tokenizerOf } from '@octavo/trainer/record';
import type { Command } from 'commander';
import { addCommand, type Given } from '../command.ts';
import { resolveRecipe } from '../config/recipe.ts';
import { catchInterrupts } from '../interrupt.ts';
import { numeric, ofCheckpoint, value, values } from '../options.ts';
import { createOutput } from '../output/create.ts';
import { plural } from '../output/format.ts';
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
  ...ofCheckpoint,
};

export const addEvalCommand = (program: Command): void =>
  addCommand(program, {
    name: 'eval',
    summary: 'perplexity of a checkpoint on held-out text',
    description:
      'Perplexity and bits per byte of a checkpoint on held-out text: that of its run, or what --data names.',
    argument: ['<checkpoint>', 'a checkpoint, or a run folder: its newest whole checkpoint'],
    options,
    renamed: { '--blas': '--library' },
    examples: [
      ['octavo eval runs/nano-fp8-full', 'on the text that the run held out'],
      ['octavo eval runs/nano-fp8-full --data book.txt --json', 'on another text, for a program to read'],
    ],
    run: evaluate,
  });

/** Batches of the held-out text that delayed scales without a history learn from. */
const CALIBRATION = 4;

/** Held-out text, and for people which it is. */
type NamedText = HeldOut & { readonly text: string };

async function evaluate(request: Given<typeof options>, path: string): Promise<void> {
  const output = createOutput(request);
  const warn = (message: string): void => output.say({ event: 'warning', message });
  const interrupt = catchInterrupts();
  const checkpoint = await openCheckpointAt(path, warn);
  try {
    const { plan, step, tokenizer: identity } = stateOf(checkpoint);
    const { device: name, threads, library, force } = request;
    const recipe = request.recipe === null ? undefined : resolveRecipe(request.recipe);
    const work = workOf('evaluate', recipe ? { ...plan, recipe } : plan);
    checkMemory(work, { what: `evaluating ${checkpoint.path}`, device: name, force, warn });
    const run = runOf(checkpoint.path);
    const tokenizer = await tokenizerOf(identity, run, request.tokenizer);
    checkVocabulary(tokenizer, plan.model.vocabularySize);
    const preparing = { warn, signal: interrupt.signal };
    const { batch, sequence } = plan;
    const heldOut: NamedText = request.data
      ? {
          ...(await openHeldOut(request.data, tokenizer, {
            ...{ batch, sequence, tokens: request.tokens ?? Number.MAX_SAFE_INTEGER },
            field:
              request.textField ?? (run === null ? 'text' : (await readRun(run)).settings.data.textField),
            ...preparing,
          })),
          text: describeText(request.data),
        }
      : await heldOutOfRun(run, tokenizer, { path, ...request }, preparing);
    if (!request.json)
      process.stdout.write(
        `${checkpoint.path}, step ${step}, reads ${heldOut.text}: ${plural(heldOut.tokens, 'token')}\n`,
      );
    const { device, choice } = await chooseDevice(name, { threads, library, work });
    if (choice.said) warn(choice.said);
    try {
      const model = await loadModel(device, checkpoint, recipe, {
        calibration: { batches: heldOut.batches.slice(0, CALIBRATION), sequence: plan.sequence },
        onMissingHistory: ({ message }) => warn(message),
      });
      const { loss, tokens: counted } = await heldOutLoss(
        model,
        heldOut.batches,
        plan.sequence,
        interrupt.signal,
      );
      const message = evaluationMessage(evaluationRow(step, loss, heldOut.bytesPerToken), counted);
      output.say({ ...message, checkpoint: checkpoint.path, text: heldOut.text });
      interrupt.checkOutput();
    } finally {
      await device.destroy();
    }
  } finally {
    output.close();
    interrupt.release();
    await checkpoint.close();
  }
}

/** The windows that the run itself evaluates, or as many as asked for. */
async function heldOutOfRun(
  run: string | null,
  tokenizer: Tokenizer,
  { path, tokens }: { readonly path: string; readonly tokens: number | null },
  preparing: Preparing,
): Promise<NamedText> {
  if (run === null) {
    throw new OctavoError(
      `[run] ${path} lies in no run folder: got nothing to evaluate on, expected --data PATH`,
      { exitCode: 2 },
    );
  }
  const { settings, identity } = await readRun(run);
  const shape = textShapeOf(settings);
  const { heldOut, description, close } = await openTrainingText(
    settings.data,
    { ...shape, evaluateTokens: tokens ?? shape.evaluateTokens },
    { folder: run, identity, tokenizer },
    preparing,
  );
  await close();
  if (heldOut) return { ...heldOut, text: `what the run held out of ${description}` };
  throw new OctavoError(`[run] ${run} held no text out: got nothing to evaluate on, expected --data PATH`, {
    exitCode: 2,
  });
}
