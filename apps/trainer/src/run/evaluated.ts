/** @file A checkpoint to evaluate: its tokenizer, text that it has not seen, and its model. */
import { describeText, type HeldOut, openHeldOut, openTrainingText, type Tokenizer } from '@octavo/data';
import { OctavoError } from '@octavo/formats';
import type { Llama } from '@octavo/llama';
import { checkMemory, chooseDevice, loadModel, runOf, stateOf, textShapeOf, workOf } from '@octavo/trainer';
import { readRun } from '@octavo/trainer/record';
import { resolveRecipe } from '../config/recipe.ts';
import type { ofCheckpoint, Values } from '../options.ts';
import { openTrained } from './open-trained.ts';

/** Batches of the held-out text that delayed scales without a history learn from. */
const CALIBRATION = 4;

export interface EvaluatedRequest extends Values<typeof ofCheckpoint> {
  readonly data: readonly string[] | null;
  readonly textField: string | null;
  readonly tokens: number | null;
  readonly recipe: string | null;
}

/** Held-out text, and for people which it is. */
export type NamedText = HeldOut & { readonly text: string };

export interface Evaluated {
  /** Path of the checkpoint. */
  readonly checkpoint: string;
  readonly step: number;
  readonly tokenizer: Tokenizer;
  /** Null where it is not needed and there is none. */
  readonly heldOut: NamedText | null;
  /** Of the run: rows of a batch, and tokens of a row. */
  readonly batch: number;
  readonly sequence: number;
  load(): Promise<Llama>;
  close(): Promise<void>;
}

/** How it talks to its surroundings. */
interface Surroundings {
  warn(message: string): void;
  readonly signal: AbortSignal;
}

interface Opening extends Surroundings {
  /** Text is opened where it is there; `needed`: refuse where it is not. `opening`: see `HeldOutOptions`. */
  readonly text: { readonly needed: boolean; readonly opening?: number };
}

/** Opens it and refuses what this machine has no room for. The model is loaded when it is asked for. */
export async function openEvaluated(
  path: string,
  request: EvaluatedRequest,
  { warn, signal, text }: Opening,
): Promise<Evaluated> {
  const { checkpoint, tokenizer } = await openTrained(path, request.tokenizer, warn);
  let closeDevice = async (): Promise<void> => {};
  const close = async (): Promise<void> => {
    await closeDevice();
    await checkpoint.close();
  };
  try {
    const { plan, step } = stateOf(checkpoint);
    const { device: name, threads, library, force } = request;
    const recipe = request.recipe === null ? undefined : resolveRecipe(request.recipe);
    const work = workOf('evaluate', recipe ? { ...plan, recipe } : plan);
    checkMemory(work, { what: `evaluating ${checkpoint.path}`, device: name, force, warn });
    const run = await runOf(checkpoint.path);
    const { batch, sequence } = plan;
    const found = { run, path, batch, sequence, tokenizer, opening: text.opening };
    const heldOut = await heldOutOf(found, request, { warn, signal });
    if (text.needed && heldOut === null)
      throw new OctavoError(
        run === null
          ? `[run] ${path} lies in no run folder: got nothing to evaluate on, expected --data PATH`
          : `[run] ${run} held no text out: got nothing to evaluate on, expected --data PATH`,
        { exitCode: 2 },
      );
    return {
      ...{ checkpoint: checkpoint.path, step, tokenizer, heldOut, batch, sequence, close },
      async load() {
        const { device, choice } = await chooseDevice(name, { threads, library, work });
        closeDevice = async () => void (await device.destroy());
        if (choice.said) warn(choice.said);
        return loadModel(device, checkpoint, recipe, {
          calibration: { batches: heldOut?.batches.slice(0, CALIBRATION) ?? [], sequence },
          onMissingHistory: ({ message }) => warn(message),
        });
      },
    };
  } catch (error) {
    await close();
    throw error;
  }
}

interface Found {
  readonly run: string | null;
  readonly path: string;
  readonly batch: number;
  readonly sequence: number;
  readonly tokenizer: Tokenizer;
  readonly opening: number | undefined;
}

/** What `--data` names, or else the windows that the run itself evaluates, or as many as asked for. */
async function heldOutOf(
  { run, batch, sequence, tokenizer, opening }: Found,
  { data, textField, tokens }: EvaluatedRequest,
  preparing: Surroundings,
): Promise<NamedText | null> {
  if (data !== null) {
    const field = textField ?? (run === null ? 'text' : (await readRun(run)).settings.data.textField);
    const options = { batch, sequence, tokens: tokens ?? Number.MAX_SAFE_INTEGER, opening, field };
    return {
      ...(await openHeldOut(data, tokenizer, { ...options, ...preparing })),
      text: describeText(data),
    };
  }
  if (run === null) return null;
  const { settings, identity } = await readRun(run);
  const shape = textShapeOf(settings);
  const { heldOut, description, close } = await openTrainingText(
    settings.data,
    { ...shape, evaluateTokens: tokens ?? shape.evaluateTokens, opening },
    { folder: run, identity, tokenizer },
    preparing,
  );
  await close();
  return heldOut && { ...heldOut, text: `what the run held out of ${description}` };
}
