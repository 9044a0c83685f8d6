/** @file Where prepared text lies between runs. */
import { accessSync, constants } from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { OctavoError } from '@octavo/formats';
import { makeFolder } from '@octavo/store';

/**
 * The folder for prepared text, by content, so that a second run begins at once: `.octavo/data` here; where nothing can be
 * written here, the user's cache or the system's temporary folder.
 */
export function cacheFolder(): string {
  const user = process.env.XDG_CACHE_HOME || join(homedir(), '.cache');
  const places = [join('.octavo', 'data'), join(user, 'octavo', 'data'), join(tmpdir(), 'octavo', 'data')];
  const reasons: string[] = [];
  for (const place of places) {
    try {
      makeFolder(place);
      accessSync(place, constants.W_OK);
      return place;
    } catch (error) {
      reasons.push(`${place} (${(error as NodeJS.ErrnoException).code})`);
    }
  }
  throw new OctavoError(
    `[data] no place for prepared text: tried ${reasons.join(', ')}, expected one that can be written; name one by XDG_CACHE_HOME`,
  );
}
