/** @file A training session from its request to its last line: everything between the command line and the trainer. */
import { setImmediate } from 'node:timers/promises';
import { type LoaderPosition, openTrainingText } from '@octavo/data';
import type { Device } from '@octavo/kernels';
import { type Communicator, openCommunicator } from '@octavo/mpi';
import type { PlaceLock, WorkingFolder } from '@octavo/store';
import {
  checkHeld,
  checkMemory,
  claimFolder,
  cutForRanks,
  deviceOfRun,
  type GuardAlarm,
  type LogSink,
  logSinks,
  type NonFinite,
  openRunFiles,
  openRunLog,
  planOf,
  run,
  stateOf,
  type TrainEvent,
  textShapeOf,
  workOf,
} from '@octavo/trainer';
import { catchInterrupts } from '../interrupt.ts';
import { createOutput } from '../output/create.ts';
import { announce } from './announce.ts';
import { type Beginning, beginTraining, calibrateFirst } from './begin.ts';
import { messageOf } from './event-messages.ts';
import { stoppedError } from './guard.ts';
import { nextSteps } from './next.ts';
import { closeOrigin, type OriginRequest, openOrigin } from './origin.ts';
import {
  deviceOfAll,
  endAll,
  firstThenOthers,
  folderOfAll,
  originOfAll,
  silence,
  threadsOf,
  workingFolderOfAll,
} from './ranks.ts';
import type { Session } from './session.ts';
import { showResult } from './show-result.ts';

export interface TrainRequest extends OriginRequest {
  /** Try it though the memory seems too small. */
  readonly force: boolean;
  /** Which program the run's numbers are also written for. */
  readonly log: LogSink | null;
  readonly json: boolean;
  readonly whatNext: boolean;
  /** Seconds that a rank waits for the others. */
  readonly patience: number | null;
  readonly debug: boolean;
}

/** One run, by this process alone or by all that `mpirun` has started. */
export async function train(request: TrainRequest): Promise<void> {
  const { patience, debug } = request;
  const group = openCommunicator(patience === null ? {} : { patience });
  try {
    await trainAs(group, request);
    await group.barrier(Number.POSITIVE_INFINITY); // the first may still have something to show
    await group.close();
  } catch (error) {
    if (group.size === 1) throw error;
    await endAll(group, error, debug);
  }
}

async function trainAs(group: Communicator, request: TrainRequest): Promise<void> {
  const isFirst = group.rank === 0;
  const output = isFirst ? createOutput(request, group.size) : silence;
  const warn = (message: string): void => output.say({ event: 'warning', message });
  const interrupt = catchInterrupts(() =>
    warn('finishing this step, then saving; interrupt again to end at once'),
  );
  const { signal } = interrupt;
  let device: Device | null = null;
  try {
    const origin = await originOfAll(group, () => openOrigin(request, warn));
    try {
      const { force } = request;
      const { resumed } = origin;
      const began = resumed?.checkpoint ? stateOf(resumed.checkpoint).plan : null;
      const threads = origin.settings.threads ?? threadsOf(group);
      const settings = { ...cutForRanks(origin.settings, group.size, began), threads };
      const { device: on } = settings.hyperparameters;
      const what = `a step of ${settings.model.name}`;
      checkMemory(workOf('train', planOf(settings)), { what, device: on, force, warn });
      const preparing = { warn, signal };
      const text = await firstThenOthers(group, () =>
        openTrainingText(settings.data, textShapeOf(settings), resumed?.began, preparing),
      );
      try {
        const told = request.options.device ?? request.file.device ?? null;
        const chosen = await deviceOfAll(group, (choice) =>
          deviceOfRun(settings, choice ? null : told, choice ?? resumed?.record.choice ?? null),
        );
        device = chosen.device;
        const log = isFirst ? request.log : null;
        const plan = planOf(settings);
        await runSession({ group, plan, origin, text, ...chosen, output, signal, log }, request.whatNext);
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

/** The run's state at its beginning, or as it was saved; then, once that is known to be possible, its folder. */
async function runSession(session: Session, whatNext: boolean): Promise<void> {
  const { group } = session;
  const { settings, resumed } = session.origin;
  const beginning = await beginTraining(session, (message) =>
    session.output.say({ event: 'warning', message }),
  );
  const name = `${settings.model.name}-${settings.recipe.name}`;
  const lock = await folderOfAll(group, () => resumed?.lock ?? claimFolder(settings.out, name));
  try {
    const working = await workingFolderOfAll(group, lock.folder);
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
  beginning: Beginning,
  session: Session,
  whatNext: boolean,
): Promise<void> {
  const { origin, text, output, signal, group, log: sink } = session;
  const { training } = beginning;
  const { plan } = training;
  const { resumed } = origin;
  const { heldOut, tokenizer, loader } = text;
  const { place: folder, local } = working;
  await announce(working, beginning, session);
  if (beginning.files) await calibrateFirst(training, text);
  const began = performance.now();
  const identity = { name: tokenizer.name, hash: tokenizer.hash };
  const files = await openRunFiles(working, {
    plan,
    tokenizer: identity,
    group,
    warn: (message) => output.say({ event: 'warning', message }),
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
        if (event.reason === 'finished' && !signal.aborted && group.rank === 0)
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
