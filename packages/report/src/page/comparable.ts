/** @file Which runs may be held against each other: the same plan and text, apart from recipe, seed and length. */
import type { RunInput } from '../read/read-run.ts';

/** Groups of at least two, in the order of the runs. */
export function comparable(inputs: readonly RunInput[]): (readonly RunInput[])[] {
  const groups = new Map<string, RunInput[]>();
  for (const input of inputs) {
    const key = keyOf(input);
    groups.set(key, [...(groups.get(key) ?? []), input]);
  }
  return [...groups.values()].filter((group) => group.length > 1);
}

/** Whether the learning rate of every step is the same: runs of unequal length rise and fall at their own pace. */
export const sameSchedule = (inputs: readonly RunInput[]): boolean =>
  new Set(inputs.map(({ record }) => JSON.stringify(record.plan.schedule))).size === 1;

/** What decides the loss of a step, but for recipe, seed and the steps that the run was to have. */
function keyOf({ record: { plan, settings } }: RunInput): string {
  const { model, batch, accumulation, sequence, schedule, adam, clip } = plan;
  const { kind, peak } = schedule;
  const shape = Object.entries(model).sort(([a], [b]) => (a < b ? -1 : 1));
  return JSON.stringify([shape, batch, accumulation, sequence, kind, peak, adam, clip, settings.data]);
}
