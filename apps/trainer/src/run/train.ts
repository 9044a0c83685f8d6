/** @file A training session from its request to its last line: everything between the command line and the trainer. */
import { setImmediate } from 'node:timers/promises';
import { perplexity } from '@octavo/evals';
import type { Device } from '@octavo/kernels';
import { countParameters } from '@octavo/llama';
import type { Checkpoint } from '@octavo/store';
import {
  checkpointFolder,
  createDevice,
  createTraining,
  openRunFiles,
  restoreTraining,
  run,
  stateOf,
  type TrainEvent,
  tokensPerStep,
  type WatchAlarm,
} from '@octavo/trainer';
import type { Config } from '../config/schema.ts';
import { planOf, resolveSettings, type Settings } from '../config/settings.ts';
import { catchInterrupts } from '../interrupt.ts';
import { version } from '../options.ts';
import { createOutput } from '../output/create.ts';
import type { Message, Output } from '../output/messages.ts';
import { newestCheckpoint } from './checkpoint.ts';
import { type Began, type Corpus, openCorpus } from './corpus.ts';
import { evaluatedSteps, NOTHING_EVALUATED } from './evaluated.ts';
import { openEvaluations } from './evaluations.ts';
import { checkFree, claimFolder, folderToResume } from './folder.ts';
import { evaluationMessage } from './held-out.ts';
import { nextSteps } from './next.ts';
import { type RunRecord, readRun, writeRun } from './record.ts';
import { checkAhead, resumedSettings } from './resume.ts';
import { promptOf, sampleMessage } from './sample.ts';
import { keepTokenizer, tokenizerOf } from './tokenizer.ts';
import { stoppedError, switchedLayers, watchMessage } from './watch.ts';

export interface TrainRequest {
  readonly file: Config;
  readonly options: Config;
  readonly resume: boolean;
  readonly json: boolean;
  readonly whatNext: boolean;
}

/** What a session goes on from: settings, and of a resumed run what its folder holds. */
interface Origin {
  readonly settings: Settings;
  readonly resumed: Resumed | null;
}

interface Resumed {
  readonly folder: string;
  readonly record: RunRecord;
  /** The newest whole one; null: the run was ended before it had saved any. */
  readonly checkpoint: Checkpoint | null;
}

export async function train(request: TrainRequest): Promise<void> {
  const output = createOutput(request);
  const warn = (message: string): void => output.say({ event: 'warning', message });
  const interrupt = catchInterrupts(() =>
    warn('finishing this step, then saving; interrupt again to end at once'),
  );
  let device: Device | null = null;
  try {
    const origin = await originOf(request, warn);
    try {
      const began = origin.resumed && (await beganOf(origin.resumed, origin.settings));
      const corpus = await openCorpus(origin.settings, began, { warn, signal: interrupt.signal });
      const { knobs, threads, blas } = origin.settings;
      device = await createDevice(knobs.device, { threads, blas });
      await runSession(origin, corpus, device, output, interrupt.signal, request.whatNext);
      await corpus.close();
    } finally {
      await origin.resumed?.checkpoint?.close();
    }
  } finally {
    output.close();
    interrupt.release();
    await device?.destroy();
  }
}

async function originOf(
  { file, options, resume }: TrainRequest,
  warn: (message: string) => void,
): Promise<Origin> {
  if (!resume) {
    const settings = await resolveSettings(file, options);
    if (settings.out !== null) checkFree(settings.out); // before anything takes long
    return { settings, resumed: null };
  }
  const folder = folderToResume(options.out ?? file.out ?? null);
  const record = await readRun(folder);
  const { settings: before } = record;
  const settings = await resumedSettings(await resumedSettings(before, file, folder), options, folder);
  const checkpoint = await newestCheckpoint(checkpointFolder(folder), warn);
  return { settings, resumed: { folder, record, checkpoint } };
}

/**
 * What the run began with, once it is sure that it is to go on. The tokenizer is found by its hash, wherever it lies
 * now; the text is where the settings say, and compared.
 */
async function beganOf({ folder, record, checkpoint }: Resumed, settings: Settings): Promise<Began | null> {
  if (checkpoint) checkAhead(stateOf(checkpoint).step, settings, folder);
  const { identity } = record;
  if (identity === null) return null;
  return { folder, identity, tokenizer: await tokenizerOf(identity.tokenizer, folder, null) };
}

async function runSession(
  { settings, resumed }: Origin,
  corpus: Corpus,
  device: Device,
  output: Output,
  signal: AbortSignal,
  whatNext: boolean,
): Promise<void> {
  const plan = planOf(settings);
  const checkpoint = resumed?.checkpoint ?? null;
  const training = checkpoint
    ? await restoreTraining(device, plan, checkpoint)
    : createTraining(device, plan);
  if (checkpoint) corpus.source.seek(stateOf(checkpoint).loader);
  const folder =
    resumed?.folder ?? (await claimFolder(settings.out, `${settings.model.name}-${settings.recipe.name}`));
  const before = resumed?.record.device;
  if (before && withoutThreads(before) !== withoutThreads(device.description))
    output.say({
      event: 'warning',
      message: `the run goes on with ${device.description}, it was made with ${before}: its last bits may differ from an uninterrupted run's`,
    });
  const parameters = countParameters(plan.model);
  const { description, trainTokens, heldOut, tokenizer } = corpus;
  const heldOutTokens = heldOut?.tokens ?? 0;
  await keepTokenizer(folder, tokenizer);
  await writeRun(folder, settings, corpus.identity, {
    octavo: version(),
    node: process.version,
    started: new Date().toISOString(),
    device: device.description,
    parameters,
    corpus: { description, trainTokens, heldOutTokens },
  });
  output.say({
    event: 'start',
    model: settings.model.name,
    parameters,
    recipe: plan.recipe.name,
    recipeSummary: plan.recipe.summary,
    switchedLayers: switchedLayers(training),
    device: device.description,
    corpus: description,
    trainTokens,
    heldOutTokens,
    tokensPerStep: tokensPerStep(plan),
    steps: plan.steps,
    folder,
    resumedFrom: training.step,
  });

  const began = performance.now();
  const identity = { name: tokenizer.name, hash: tokenizer.hash };
  const files = await openRunFiles(folder, {
    plan,
    tokenizer: identity,
    ...(resumed ? { resumeFrom: training.step } : {}),
  });
  const done = resumed ? await evaluatedSteps(folder, training.step) : NOTHING_EVALUATED;
  const evaluations = openEvaluations(folder, plan, resumed ? training.step : null);
  let end: (TrainEvent & { kind: 'end' }) | null = null;
  let alarms: WatchAlarm[] = [];
  try {
    for await (const event of run({
      training,
      source: corpus.source,
      heldOut: heldOut?.batches ?? [],
      files,
      signal,
      evaluatedAt: done.model,
    })) {
      if (event.kind === 'step') alarms = [];
      if (event.kind === 'watch') alarms.push(event.alarm);
      if (event.kind === 'end') end = event;
      else {
        const message = messageOf(event, plan.steps, corpus);
        if (message.event === 'evaluation') {
          evaluations.model(message);
        }
        output.say(message);
      }
      // Host devices compute on this thread: without a turn of the event loop no signal would ever be heard.
      await setImmediate();
    }
  } finally {
    files.close();
  }
  const seconds = (performance.now() - began) / 1000;
  const { reason, step } = end!;
  if (reason === 'finished' && !signal.aborted) {
    if (corpus.baseline && done.baseline < step) {
      const loss = await corpus.baseline();
      evaluations.baseline(step, loss);
      output.say({ event: 'baseline', name: 'order-2 bytes', loss, perplexity: perplexity(loss) });
    }
    if (heldOut)
      output.say(await sampleMessage(training.model, tokenizer, promptOf(heldOut, tokenizer), plan.seed));
  }
  evaluations.close();
  output.say({ event: 'end', reason, step, steps: plan.steps, folder, seconds });
  if (reason === 'stopped') throw stoppedError(alarms, folder);
  if (whatNext && reason === 'finished')
    for (const message of nextSteps(folder, plan.recipe.name)) output.say(message);
}

function messageOf(event: Exclude<TrainEvent, { kind: 'end' }>, steps: number, corpus: Corpus): Message {
  switch (event.kind) {
    case 'step': {
      const { tokens, tokensPerSecond, stepTime, peakMemory } = event;
      const { step, loss, learningRate, gradientNorm, updateRatio } = event.result;
      return {
        event: 'step',
        step,
        steps,
        loss,
        learningRate,
        gradientNorm,
        updateRatio,
        tokens,
        tokensPerSecond,
        stepTime,
        peakMemory,
      };
    }
    case 'evaluation':
      return evaluationMessage(event.step, event.loss, event.tokens, corpus.heldOut!.bytesPerToken);
    case 'non-finite': {
      const { step, loss, gradientNorm, where, updated } = event;
      return { event: 'non-finite', step, loss, gradientNorm, where, updated };
    }
    case 'watch':
      return watchMessage(event.alarm);
    case 'checkpoint':
      return { event: 'checkpoint', step: event.step, path: event.path };
  }
}

/** Threads do not change bits; everything else that a device says of itself may. */
const withoutThreads = (description: string): string => description.replace(/, \d+ threads?/, '');
