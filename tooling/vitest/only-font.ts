/** @file A machine with the fonts of one folder and no others, for a browser that asks fontconfig. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** Writes a configuration into `folder`; to be given as `FONTCONFIG_FILE`. */
export function onlyFontsOf(fonts: string, folder: string): string {
  const path = join(folder, 'fonts.conf');
  writeFileSync(
    path,
    `<?xml version="1.0"?>
<!DOCTYPE fontconfig SYSTEM "fonts.dtd">
<fontconfig>
<dir>${fonts}</dir>
<cachedir>${join(folder, 'font-cache')}</cachedir>
</fontconfig>
`,
  );
  return path;
}
