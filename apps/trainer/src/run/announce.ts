/** @file What a session says and writes before its first step. */
import { keepTokenizer } from '@octavo/data';
import { keepModelFiles } from '@octavo/exchange';
import { countParameters } from '@octavo/llama';
import type { WorkingFolder } from '@octavo/store';
import { memoryNeeded, tokensPerStep, workOf } from '@octavo/trainer';
import { writeRun } from '@octavo/trainer/record';
import { version } from '../version.ts';
import type { Beginning } from './begin.ts';
import { switchedLayers } from './guard.ts';
import type { Session } from './session.ts';

/** Writes what the run is into its folder, and says it; warns where it goes on with another device. */
export async function announce(
  working: WorkingFolder,
  { training, weights, files }: Beginning,
  { origin: { settings, resumed }, text, device, choice, said, output, group }: Session,
): Promise<void> {
  const { plan } = training;
  const before = resumed?.record.device;
  if (before && withoutThreads(before) !== withoutThreads(device.description))
    output.say({
      event: 'warning',
      message: `the run goes on with ${device.description}, it was made with ${before}: its last bits may differ from an uninterrupted run's`,
    });
  const parameters = countParameters(plan.model);
  const { description, train, heldOut, tokenizer } = text;
  const trainTokens = train.length;
  const heldOutTokens = heldOut?.tokens ?? 0;
  const facts = {
    octavo: version(),
    node: process.version,
    started: new Date().toISOString(),
    device: device.description,
    choice,
    parameters,
    ranks: group.size,
    corpus: { description, trainTokens, heldOutTokens },
  };
  if (group.rank === 0) {
    const { local } = working;
    await writeRun(local, settings, text.identity, weights, facts);
    await keepTokenizer(local, tokenizer);
    if (files) await keepModelFiles(local, files);
    await working.publish();
  }
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
    ranks: group.size,
    deviceChoice: said,
    corpus: description,
    trainTokens,
    heldOutTokens,
    tokensPerStep: tokensPerStep(plan),
    steps: plan.steps,
    folder: working.place,
    resumedFrom: training.step,
  });
}

/** Threads do not change bits; everything else that a device says of itself may. */
const withoutThreads = (description: string): string => description.replace(/, \d+ threads?/, '');
