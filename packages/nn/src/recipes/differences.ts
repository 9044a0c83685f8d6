/** @file What a recipe of one's own changes, in words: its summary where it has none. */
import type { Recipe } from '../recipe.ts';

/** More than these are counted, not named. */
const NAMED = 4;

/** "fp8, but smoothSwiglu channel, linear.output.input.format e4m3": the parts of a recipe that differ from its base. */
export function differencesFrom(base: Recipe, recipe: Recipe): string {
  const { name: _, summary: __, ...parts } = recipe;
  const changes = Object.entries(parts).flatMap(([key, part]) =>
    changed(key, base[key as keyof Recipe], part),
  );
  if (changes.length === 0) return `${base.name} under another name`;
  const more = changes.length - NAMED;
  return `${base.name}, but ${changes.slice(0, NAMED).join(', ')}${more > 0 ? `, and ${more} more` : ''}`;
}

function changed(path: string, before: unknown, after: unknown): string[] {
  if (JSON.stringify(before) === JSON.stringify(after)) return [];
  if (!isRecord(after)) return [`${path} ${after ?? 'not cast'}`];
  const inside: Readonly<Record<string, unknown>> = isRecord(before) ? before : {};
  if ('kind' in after && after.kind !== inside.kind) return [`${path} ${after.kind}`];
  return Object.entries(after).flatMap(([key, part]) => changed(`${path}.${key}`, inside[key], part));
}

const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null;
