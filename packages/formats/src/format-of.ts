/** @file Formats by name, for configuration files and command lines. */
import { OctavoError } from './error.ts';
import type { Format } from './format.ts';
import { formats } from './registry.ts';

/** The format called `name` (lower case, as in `format.name`). Throws an `OctavoError` that lists the names there are. */
export function formatOf(name: string): Format {
  const found = Object.hasOwn(formats, name) ? formats[name] : undefined;
  if (found) return found;
  throw new OctavoError(
    `[formats] unknown format: got ${JSON.stringify(name)}, expected one of ${Object.keys(formats).join(', ')}`,
    { exitCode: 2 },
  );
}
