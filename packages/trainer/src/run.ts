/** @file The training loop: steps, evaluations, statistics and checkpoints, told as events. */

import { OctavoError } from '@octavo/formats';
import { fromFirst, soloCommunicator } from '@octavo/mpi';
import { evaluated } from '@octavo/store';
import { heldOutLoss } from './evaluate.ts';
import type { TrainEvent } from './events.ts';
import { type NonFinite, NonFiniteError } from './non-finite.ts';
import type { TrainPlan } from './plan.ts';
import type { Ranks } from './ranks/ranks.ts';
import { endedBy, rescue } from './rescue.ts';
import { evaluationRow, stepRow } from './rows.ts';
import type { RunFiles } from './run-files.ts';
import { type StepResult, trainStep } from './step.ts';
import type { Training } from './training.ts';
import type { TokenBatch } from './transfer.ts';

/** Batches in an order that depends on a seed only, from a position that a checkpoint keeps. */
export interface BatchSource {
  next(): Promise<TokenBatch> | TokenBatch;
  /** Moves on by a batch that nobody here needs; absent: by `next`. */
  skip?(): void;
  position(): unknown;
  seek(position: unknown): void;
}

export interface RunInputs {
  readonly training: Training;
  readonly source: BatchSource;
  /** Held-out windows, or none. */
  readonly heldOut: readonly TokenBatch[];
  /** Where statistics and checkpoints go, or null for a run that leaves nothing. */
  readonly files: RunFiles | null;
  /** Aborting it ends the run after the step in progress, with a checkpoint. */
  readonly signal?: AbortSignal;
  /** Bytes that a token of the held-out text stands for, on average. Default 1: tokens are bytes. */
  readonly bytesPerToken?: number;
}

/**
 * Trains until the plan's last step, an interrupt, or an alarm of the guard under policy `stop`. The last event is `end`, after
 * the last checkpoint. A value that is not finite ends it, where its policy says so, with a `NonFiniteError`, after the last
 * good state was saved.
 * A resumed run (`restoreTraining`, then `seek`) equals an uninterrupted one bit for bit on the same device.
 */
export async function* run({
  training,
  source,
  heldOut,
  files,
  signal,
  bytesPerToken = 1,
}: RunInputs): AsyncGenerator<TrainEvent> {
  const { plan, ranks } = training;
  const group = ranks?.group ?? soloCommunicator();
  /** Whether any rank has been interrupted: all end together. */
  const interrupted = async (): Promise<boolean> => {
    const word = Int32Array.of(Number(signal?.aborted ?? false));
    await group.allReduce(word, 'max');
    return word[0] !== 0;
  };
  /** One event, or none where an interrupt broke it off: then a resumed run makes up for it. */
  const evaluate = async (): Promise<readonly TrainEvent[]> => {
    const { step } = training;
    try {
      const { loss, tokens } = await heldOutLoss(training.model, heldOut, plan.sequence, signal, group);
      const row = evaluationRow(step, loss, bytesPerToken);
      files?.recordEvaluation(row);
      evaluatedAt = step;
      return [{ kind: 'evaluation', row, tokens }];
    } catch (error) {
      if (OctavoError.is(error) && error.exitCode === 0) return [];
      throw error;
    }
  };
  /** Of a resumed run: what is on record is not made again. */
  let evaluatedAt = await fromFirst(group, () => files?.evaluatedAt(evaluated.model) ?? -1);
  let savedAt = training.step > 0 ? training.step : -1;
  const due = (step: number): boolean =>
    heldOut.length > 0 && (step === 0 || (plan.evaluateEvery > 0 && step % plan.evaluateEvery === 0));
  // A new run's first, or that of a checkpoint after which the run was killed.
  if (due(training.step) && evaluatedAt < training.step) yield* await evaluate();
  let stopped = false;
  training.safety.holds = files !== null;
  /** Of the loader, by the steps that a run may come back to. */
  const positions = new Map<number, unknown>([[training.step, source.position()]]);
  const steps = async function* (): AsyncGenerator<TrainEvent> {
    while (training.step < plan.steps && !stopped && !(await interrupted())) {
      const began = performance.now();
      const batches = await nextBatches(source, plan, ranks);
      const result = await trainStep(training, batches);
      positions.set(training.step, source.position());
      const oldest = training.safety.held?.step ?? training.step;
      for (const step of positions.keys()) if (step < oldest) positions.delete(step);
      const row = stepRow(training, result, (performance.now() - began) / 1000);
      files?.recordStep(training, row, result);
      yield { kind: 'step', row, result };
      if (result.nonFinite) yield nonFiniteEvent(result, result.nonFinite, result.updated);
      for (const alarm of result.alarms) yield { kind: 'guard', alarm };
      stopped = plan.guard?.policy === 'stop' && result.alarms.length > 0;
      const { step } = training;
      if (files && plan.checkpointEvery > 0 && step % plan.checkpointEvery === 0) {
        yield { kind: 'checkpoint', step, path: await files.save(training, source.position()) };
        savedAt = step;
      }
      if (due(step)) yield* await evaluate();
    }
    if (files && savedAt !== training.step) {
      yield { kind: 'checkpoint', step: training.step, path: await files.save(training, source.position()) };
    }
  };
  try {
    yield* steps();
  } catch (error) {
    if (!(error instanceof NonFiniteError)) throw error;
    yield nonFiniteEvent(error.report, error.report.nonFinite, false);
    if (!files) throw error;
    files.recordFault(training, error.report);
    const saved = await rescue(training, error, files, positions);
    if (saved) yield { kind: 'checkpoint', ...saved };
    throw endedBy(error, saved);
  }
  const trained = training.step >= plan.steps;
  if (trained && heldOut.length > 0 && evaluatedAt !== training.step) yield* await evaluate();
  const finished = trained && (heldOut.length === 0 || evaluatedAt === training.step);
  const reason = finished ? 'finished' : stopped ? 'stopped' : 'interrupted';
  yield { kind: 'end', reason, step: training.step };
}

/** The batches of a step that are this process's; the others are passed over. */
async function nextBatches(
  source: BatchSource,
  { accumulation }: TrainPlan,
  ranks: Ranks | null,
): Promise<TokenBatch[]> {
  const { from, to } = ranks?.microBatches ?? { from: 0, to: accumulation };
  const batches: TokenBatch[] = [];
  for (let i = 0; i < accumulation; i++) {
    if (i >= from && i < to) batches.push(await source.next());
    else if (source.skip) source.skip();
    else await source.next();
  }
  return batches;
}

const nonFiniteEvent = (
  { step, loss, gradientNorm }: Pick<StepResult, 'step' | 'loss' | 'gradientNorm'>,
  { layer, name: site, operand, value, count, where }: NonFinite,
  updated: boolean,
): TrainEvent => ({
  kind: 'non-finite',
  step,
  loss,
  gradientNorm,
  where,
  layer,
  site,
  operand,
  value,
  count,
  updated,
});
