/** @file Which tasks `--tasks` means. */
import { resolve } from 'node:path';
import type { NamedTask } from '@octavo/trainer';
import { InvalidArgumentError } from 'commander';
import { z } from 'zod';
import { check } from './check.ts';
import { isConfigFile, readConfigFile } from './load-file.ts';

/** A task's file, or true for a task that needs none. */
const schema = z.record(z.string(), z.union([z.string(), z.literal(true)]));

/** `NAME`, `NAME=PATH`, … or the name of a configuration file, whose paths count from its folder. */
export function taskList(text: string): Promise<NamedTask[]> | NamedTask[] {
  if (!text.includes('=') && isConfigFile(text)) return fromFile(text);
  const items = text.split(',').map((item) => item.trim());
  if (items.some((item) => item === '' || item.startsWith('=') || item.endsWith('=')))
    throw new InvalidArgumentError(`Got "${text}", expected NAME or NAME=PATH, separated by commas.`);
  return items.map((item) => {
    const [name, ...path] = item.split('=');
    return { name: name!, path: path.length > 0 ? path.join('=') : null };
  });
}

async function fromFile(file: string): Promise<NamedTask[]> {
  const { folder, value } = await readConfigFile(file);
  const named = Object.entries(check(schema, value, file));
  return named.map(([name, path]) => ({ name, path: path === true ? null : resolve(folder, path) }));
}
