/** @file A checkpoint's loss on held-out text. */
import { isPrepared, openPrepared, prepareCached, readDocuments, type Tokenizer } from '@octavo/data';
import { OctavoError } from '@octavo/formats';
import { chooseDevice, heldOutLoss, loadModel, stateOf, type TrainPlan } from '@octavo/trainer';
import { resolveRecipe } from '../config/recipe.ts';
import { catchInterrupts } from '../interrupt.ts';
import { createOutput } from '../output/create.ts';
import { plural } from '../output/format.ts';
import { cacheFolder } from './cache.ts';
import { openCheckpointAt, runOf } from './checkpoint.ts';
import { checkVocabulary, describePaths, openCorpus, type Preparing } from './corpus.ts';
import { workOf } from './device.ts';
import { evaluationMessage, type HeldOut, heldOutOf } from './held-out.ts';
import { checkMemory } from './memory.ts';
import { readRun } from './record.ts';
import { tokenizerOf } from './tokenizer.ts';

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
  readonly blas: string;
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
    const { device: name, threads, blas, force } = request;
    const recipe = request.recipe === null ? undefined : resolveRecipe(request.recipe);
    const work = workOf('evaluate', recipe ? { ...plan, recipe } : plan);
    checkMemory(work, { what: `evaluating ${checkpoint.path}`, device: name, force, warn });
    const run = runOf(checkpoint.path);
    const tokenizer = await tokenizerOf(identity, run, request.tokenizer);
    checkVocabulary(tokenizer, plan.model.vocabularySize);
    const preparing = { warn, signal: interrupt.signal };
    const heldOut = request.data
      ? await heldOutFrom(request.data, tokenizer, plan, {
          tokens: request.tokens ?? Number.MAX_SAFE_INTEGER,
          field: request.textField ?? (run === null ? 'text' : (await readRun(run)).settings.data.textField),
          preparing,
        })
      : await heldOutOfRun(run, tokenizer, request, preparing);
    if (!request.json)
      process.stdout.write(
        `${checkpoint.path}, step ${step}, reads ${heldOut.text}: ${plural(heldOut.tokens, 'token')}\n`,
      );
    const { device, choice } = await chooseDevice(name, { threads, blas, work });
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
      const message = evaluationMessage(step, loss, counted, heldOut.bytesPerToken);
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
  const corpus = await openCorpus(
    tokens === null
      ? settings
      : { ...settings, hyperparameters: { ...settings.hyperparameters, evaluateTokens: tokens } },
    { folder: run, identity, tokenizer },
    preparing,
  );
  await corpus.close();
  if (corpus.heldOut) return { ...corpus.heldOut, text: `what the run held out of ${corpus.description}` };
  throw new OctavoError(`[run] ${run} held no text out: got nothing to evaluate on, expected --data PATH`, {
    exitCode: 2,
  });
}

/** All the text in these paths; of a prepared folder its held-out part, if it has one. */
async function heldOutFrom(
  paths: readonly string[],
  tokenizer: Tokenizer,
  plan: TrainPlan,
  { tokens, field, preparing: { warn, signal } }: { tokens: number; field: string; preparing: Preparing },
): Promise<NamedText> {
  const [path] = paths;
  const prepared =
    paths.length === 1 && (await isPrepared(path!))
      ? await openPrepared(path!)
      : await prepareCached(readDocuments(paths, { field, warn }), tokenizer, cacheFolder(), {
          heldOutFraction: 0,
          signal,
        });
  try {
    const { name, hash } = prepared.index.tokenizer;
    if (hash !== tokenizer.hash) {
      throw new OctavoError(
        `[run] ${path} was prepared with another tokenizer: got ${name}, expected ${tokenizer.name} with hash ${tokenizer.hash.slice(0, 12)}`,
        { exitCode: 2 },
      );
    }
    const { heldOut, train, index } = prepared;
    const options = { batch: plan.batch, sequence: plan.sequence, tokens };
    const read = await heldOutOf(heldOut ?? train, index.splits.validation ?? index.splits.train, options);
    return { ...read, text: describePaths(paths) };
  } finally {
    await prepared.close();
  }
}
