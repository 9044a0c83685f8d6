/** @file A checkpoint's loss on held-out text. */
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
import { readRun, tokenizerOf } from '@octavo/trainer/record';
import { resolveRecipe } from '../config/recipe.ts';
import { catchInterrupts } from '../interrupt.ts';
import { createOutput } from '../output/create.ts';
import { plural } from '../output/format.ts';
import { evaluationMessage } from './event-messages.ts';

/** Batches of the held-out text that delayed scales without a history learn from. */
const CALIBRATION = 4;

export interface EvaluateRequest {
  readonly path: string;
  /** Null: what the checkpoint's run held out. */
  readonly data: readonly string[] | null;
  /** Null: the one that the checkpoint was trained in. */
  readonly recipe: string | null;
  readonly tokens: number | null;
  /** The key of a JSONL line that holds its text; null: that of the checkpoint's run, else `text`. */
  readonly textField: string | null;
  readonly device: string;
  readonly threads: number | null;
  readonly library: string;
  readonly tokenizer: string | null;
  /** Try it though the memory seems too small. */
  readonly force: boolean;
  readonly json: boolean;
}

/** Held-out text, and for people which it is. */
type NamedText = HeldOut & { readonly text: string };

export async function evaluate(request: EvaluateRequest): Promise<void> {
  const output = createOutput(request);
  const warn = (message: string): void => output.say({ event: 'warning', message });
  const interrupt = catchInterrupts();
  const checkpoint = await openCheckpointAt(request.path, warn);
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
      : await heldOutOfRun(run, tokenizer, request, preparing);
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
  { path, tokens }: EvaluateRequest,
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
