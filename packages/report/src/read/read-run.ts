/** @file A run's folder as a report needs it, at any moment: while it is written, after a kill, without samples. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { OctavoError } from '@octavo/formats';
import { evaluated, readStatistics } from '@octavo/store';
import type { Table } from 'apache-arrow';
import type { GateUp } from '../charts/gate-up.ts';
import type { AlarmPoint, ReportRun, StepPoint, TensorPoint } from '../charts/rows.ts';
import { readGateUp } from './read-gate-up.ts';
import { numbersOf, textsOf } from './read-table.ts';
import { type RunRecord, readRunRecord } from './run-record.ts';

/** A run as its folder has it. */
export interface RunInput {
  readonly kind: 'run';
  readonly folder: string;
  readonly run: ReportRun;
  readonly record: RunRecord;
  /** All of `run.json`. */
  readonly text: string;
  /** The most aligned channel, early and late; empty without checkpoints. */
  readonly gateUp: readonly GateUp[];
  /** What could not be read, for people. */
  readonly notes: readonly string[];
}

/**
 * Throws an `OctavoError` in one line where `run.json` is not what `octavo train` writes. Of statistics and checkpoints
 * all is read that is whole; `notes` name the rest.
 */
export async function readRunFolder(folder: string, name: string): Promise<RunInput> {
  const { record, text } = await readRunRecord(folder);
  const { plan } = record;
  const notes: string[] = [];
  const statistics = (file: string) => readIfThere(join(folder, file), notes);
  const { evaluations, baseline } = evaluationsOf(await statistics('evaluations.arrow'));
  const gateUp = await readGateUp(folder, plan.model);
  return {
    kind: 'run',
    folder,
    record,
    text,
    gateUp: gateUp.moments,
    run: {
      name,
      recipe: plan.recipe.name,
      seed: plan.seed,
      tokensPerStep: plan.batch * plan.accumulation * plan.sequence,
      steps: stepsOf(await statistics('steps.arrow')),
      tensors: tensorsOf(await statistics('tensors.arrow')),
      alarms: alarmsOf(await statistics('guard.arrow')),
      evaluations,
      baseline,
    },
    notes: [...notes, ...gateUp.notes],
  };
}

/** What is whole of a statistics file; null where it is missing, or nothing of it can be read. */
async function readIfThere(path: string, notes: string[]): Promise<Table | null> {
  if (!existsSync(path)) return null;
  const leftOut = (what: string): void => {
    notes.push(what.replace(/^\[\w+\] /, ''));
  };
  try {
    return await readStatistics(path, { leftOut });
  } catch (error) {
    if (!OctavoError.is(error)) throw error;
    leftOut(error.message);
    return null;
  }
}

const rowsOf = <T>(table: Table | null, row: (table: Table) => (i: number) => T): T[] => {
  if (!table) return [];
  const at = row(table);
  return Array.from({ length: table.numRows }, (_, i) => at(i));
};

const stepsOf = (table: Table | null): StepPoint[] =>
  rowsOf(table, (from) => {
    const [step, loss, rate] = [
      numbersOf(from, 'step'),
      numbersOf(from, 'loss'),
      numbersOf(from, 'learning_rate'),
    ];
    const [norm, speed] = [numbersOf(from, 'gradient_norm'), numbersOf(from, 'tokens_per_second')];
    const memory = numbersOf(from, 'peak_memory');
    return (i) => ({
      step: step(i) ?? 0,
      loss: loss(i),
      learningRate: rate(i),
      gradientNorm: norm(i),
      tokensPerSecond: speed(i),
      peakMemory: memory(i),
    });
  });

const tensorsOf = (table: Table | null): TensorPoint[] =>
  rowsOf(table, (from) => {
    const [step, layer] = [numbersOf(from, 'step'), numbersOf(from, 'layer')];
    const [site, operand, format] = [
      textsOf(from, 'site'),
      textsOf(from, 'operand'),
      textsOf(from, 'format'),
    ];
    const [amax, kurtosis] = [numbersOf(from, 'amax'), numbersOf(from, 'kurtosis')];
    const [overflows, underflows] = [numbersOf(from, 'overflows'), numbersOf(from, 'underflows')];
    const [cosineMax, cosineMean] = [numbersOf(from, 'abs_cosine_max'), numbersOf(from, 'abs_cosine_mean')];
    const cosineAbove = numbersOf(from, 'abs_cosine_above');
    return (i) => ({
      step: step(i) ?? 0,
      layer: layer(i) ?? -1,
      site: site(i),
      operand: operand(i),
      format: format(i),
      amax: amax(i),
      overflows: overflows(i),
      underflows: underflows(i),
      kurtosis: kurtosis(i),
      cosineMax: cosineMax(i),
      cosineMean: cosineMean(i),
      cosineAbove: cosineAbove(i),
    });
  });

const alarmsOf = (table: Table | null): AlarmPoint[] =>
  rowsOf(table, (from) => {
    const [step, layer] = [numbersOf(from, 'step'), numbersOf(from, 'layer')];
    const switched = from.getChild('switched');
    const [site, operand] = [textsOf(from, 'site'), textsOf(from, 'operand')];
    const [rule, recipe] = [textsOf(from, 'rule'), textsOf(from, 'recipe')];
    return (i) => ({
      step: step(i) ?? 0,
      layer: layer(i) ?? -1,
      site: site(i),
      operand: operand(i),
      rule: rule(i),
      recipe: recipe(i),
      switched: switched?.get(i) === true,
    });
  });

/** The last row of a step counts: a resumed run evaluates some steps again. */
function evaluationsOf(table: Table | null): Pick<ReportRun, 'evaluations' | 'baseline'> {
  const own = new Map<number, number>();
  let baseline: number | null = null;
  for (const { step, of, loss } of rowsOf(table, (from) => {
    const [step, of, loss] = [numbersOf(from, 'step'), textsOf(from, 'of'), numbersOf(from, 'loss')];
    return (i) => ({ step: step(i) ?? 0, of: of(i), loss: loss(i) });
  })) {
    if (loss === null) continue;
    if (of === evaluated.baseline) baseline = loss;
    else own.set(step, loss);
  }
  const evaluations = [...own].map(([step, loss]) => ({ step, loss })).sort((a, b) => a.step - b.step);
  return { evaluations, baseline };
}
