/** @file A training session from its request to its last line: everything between the command line and the trainer. */
import { setImmediate } from 'node:timers/promises';
import { keepTokenizer, type LoaderPosition, openTrainingText, type TrainingText } from '@octavo/data';
import { keepModelFiles } from '@octavo/exchange';
import type { Device } from '@octavo/kernels';
import { countParameters } from '@octavo/llama';
import { openWorkingFolder, type PlaceLock, type WorkingFolder } from '@octavo/store';
import {
  checkHeld,
  checkMemory,
  claimFolder,
  deviceOfRun,
  type GuardAlarm,
  type LogSink,
  logSinks,
  memoryNeeded,
  type NonFinite,
  openRunFiles,
  openRunLog,
  planOf,
  run,
  type SessionDevice,
  type TrainEvent,
  textShapeOf,
  tokensPerStep,
  workOf,
} from '@octavo/trainer';
import { writeRun } from '@octavo/trainer/record';
import { catchInterrupts } from '../interrupt.ts';
import { createOutput } from '../output/create.ts';
import type { Output } from '../output/messages.ts';
import { version } from '../version.ts';
import { type Beginning, beginTraining, calibrateFirst } from './begin.ts';
import { messageOf } from './event-messages.ts';
import { stoppedError, switchedLayers } from './guard.ts';
import { nextSteps } from './next.ts';
import { closeOrigin, type Origin, type OriginRequest, openOrigin } from './origin.ts';
import { showResult } from './show-result.ts';

export interface TrainRequest extends OriginRequest {
  /** Try it though the memory seems too small. */
  readonly force: boolean;
  /** Which program the run's numbers are also written for. */
  readonly log: LogSink | null;
  readonly json: boolean;
  readonly whatNext: boolean;
}

export async function train(request: TrainRequest): Promise<void> {
  const output = createOutput(request);
  const warn = (message: string): void => output.say({ event: 'warning', message });
  const interrupt = catchInterrupts(() =>
    warn('finishing this step, then saving; interrupt again to end at once'),
  );
  const { signal } = interrupt;
  let device: Device | null = null;
  try {
    const origin = await openOrigin(request, warn);
    try {
      const { force } = request;
      const { settings, resumed } = origin;
      const { device: on } = settings.hyperparameters;
      const what = `a step of ${settings.model.name}`;
      checkMemory(workOf('train', planOf(settings)), { what, device: on, force, warn });
      const preparing = { warn, signal };
      const text = await openTrainingText(settings.data, textShapeOf(settings), resumed?.began, preparing);
      try {
        const told = request.options.device ?? request.file.device ?? null;
        const chosen = await deviceOfRun(settings, told, resumed?.record.choice ?? null);
        device = chosen.device;
        await runSession({ origin, text, ...chosen, output, signal, log: request.log }, request.whatNext);
      } finally {
        await text.close();
      }
      interrupt.checkOutput();
    } finally {
      await closeOrigin(origin);
    }
  } finally {
    output.close();
    interrupt.release();
    await device?.destroy();
  }
}

interface Session extends SessionDevice {
  readonly origin: Origin;
  readonly text: TrainingText;
  readonly output: Output;
  readonly signal: AbortSignal;
  readonly log: LogSink | null;
}

/** The run's state at its beginning, or as it was saved; then, once that is known to be possible, its folder. */
async function runSession(session: Session, whatNext: boolean): Promise<void> {
  const { settings, resumed } = session.origin;
  const beginning = await beginTraining(session.origin, session.device, session.text, (message) =>
    session.output.say({ event: 'warning', message }),
  );
  const name = `${settings.model.name}-${settings.recipe.name}`;
  const lock = resumed?.lock ?? (await claimFolder(settings.out, name));
  try {
    const working = await openWorkingFolder(lock.folder);
    try {
      await trainIn(lock, working, beginning, session, whatNext);
    } finally {
      await working.close();
    }
  } finally {
    await lock.release();
  }
}

async function trainIn(
  lock: PlaceLock,
  working: WorkingFolder,
  { training, weights, files: modelFiles }: Beginning,
  { origin: { settings, resumed }, text, device, choice, said, output, signal, log: sink }: Session,
  whatNext: boolean,
): Promise<void> {
  const { plan } = training;
  const { place: folder, local } = working;
  const before = resumed?.record.device;
  if (before && withoutThreads(before) !== withoutThreads(device.description))
    output.say({
      event: 'warning',
      message: `the run goes on with ${device.description}, it was made with ${before}: its last bits may differ from an uninterrupted run's`,
    });
  const parameters = countParameters(plan.model);
  const { description, train, heldOut, tokenizer, loader } = text;
  const trainTokens = train.length;
  const heldOutTokens = heldOut?.tokens ?? 0;
  await writeRun(local, settings, text.identity, weights, {
    octavo: version(),
    node: process.version,
    started: new Date().toISOString(),
    device: device.description,
    choice,
    parameters,
    corpus: { description, trainTokens, heldOutTokens },
  });
  await keepTokenizer(local, tokenizer);
  if (modelFiles) await keepModelFiles(local, modelFiles);
  await working.publish();
  output.say({
    event: 'start',
    model: settings.model.name,
    parameters,
    init: settings.init,
    memory: memoryNeeded(workOf('train', plan)),
    recipe: plan.recipe.name,
    recipeSummary: plan.recipe.summary,
    switchedLayers: switchedLayers(training),
    device: device.description,
    deviceChoice: said,
    corpus: description,
    trainTokens,
    heldOutTokens,
    tokensPerStep: tokensPerStep(plan),
    steps: plan.steps,
    folder,
    resumedFrom: training.step,
  });
  if (modelFiles) await calibrateFirst(training, text);

  const began = performance.now();
  const identity = { name: tokenizer.name, hash: tokenizer.hash };
  const files = await openRunFiles(working, {
    plan,
    tokenizer: identity,
    checkHeld: () => checkHeld(lock, true),
    ...(resumed ? { resumeFrom: training.step } : {}),
  });
  const log = sink && (await openRunLog(local, training.step));
  let end: (TrainEvent & { kind: 'end'; seconds: number }) | null = null;
  let alarms: GuardAlarm[] = [];
  let fault: NonFinite | null = null; // of the last step
  try {
    for await (const event of run({
      training,
      source: { ...loader, seek: (position) => loader.seek(position as LoaderPosition) },
      heldOut: heldOut?.batches ?? [],
      ...(heldOut && { bytesPerToken: heldOut.bytesPerToken }),
      files,
      signal,
    })) {
      log?.write(event);
      if (event.kind === 'step') {
        alarms = [];
        fault = event.result.nonFinite;
      }
      if (event.kind === 'guard') alarms.push(event.alarm);
      if (event.kind === 'end') {
        end = { ...event, seconds: (performance.now() - began) / 1000 };
        if (event.reason === 'finished' && !signal.aborted)
          await showResult(training, files, fault, { text, output });
      } else output.say(messageOf(event, plan.steps));
      // Host devices compute on this thread: without a turn of the event loop no signal would ever be heard.
      await setImmediate();
      await checkHeld(lock); // the last thing before a checkpoint is written
    }
    files.close();
    await working.publish();
  } catch (error) {
    try {
      files.close();
    } catch {
      // What went wrong first says more.
    }
    await checkHeld(lock); // why writing failed, if that is why
    throw error;
  } finally {
    log?.close();
  }
  const { reason, step, seconds } = end!;
  output.say({ event: 'end', reason, step, steps: plan.steps, folder, seconds });
  if (reason === 'stopped') throw stoppedError(alarms, folder);
  if (log && sink)
    output.say({ event: 'next', command: logSinks[sink](log.folder), why: 'the run’s numbers elsewhere' });
  if (whatNext && reason === 'finished')
    for (const message of nextSteps(folder, plan.recipe.name)) output.say(message);
}

/** Threads do not change bits; everything else that a device says of itself may. */
const withoutThreads = (description: string): string => description.replace(/, \d+ threads?/, '');
