/** @file Which runs may be held against each other: the same plan and text, apart from recipe and seed. */
import { planOf } from '../config/settings.ts';
import type { RunInput } from './read-run.ts';

/** Groups of at least two, in the order of the runs. */
export function comparable(inputs: readonly RunInput[]): (readonly RunInput[])[] {
  const groups = new Map<string, RunInput[]>();
  for (const input of inputs) {
    const key = keyOf(input);
    groups.set(key, [...(groups.get(key) ?? []), input]);
  }
  return [...groups.values()].filter((group) => group.length > 1);
}

/** What decides the loss of a step, but for recipe and seed. */
function keyOf({ settings }: RunInput): string {
  const { model, batch, accumulation, sequence, schedule, adam, clip } = planOf(settings);
  const shape = Object.entries(model).sort(([a], [b]) => (a < b ? -1 : 1));
  return JSON.stringify([shape, batch, accumulation, sequence, schedule, adam, clip, settings.data]);
}
