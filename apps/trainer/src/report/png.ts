/** @file Pictures as PNG, at twice their size, the same on every machine: the font comes with them. */
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { makeFolder, writeFileAtomically } from '@octavo/store';
import type { Figure } from './svg.ts';

const ZOOM = 2;
const FONT = 'Arimo';

/** Writes `folder/NAME.png` for each; resolves to the paths. */
export async function writePngs(folder: string, figures: readonly Figure[]): Promise<string[]> {
  const { Resvg, initWasm } = await import('@resvg/resvg-wasm');
  const file = async (specifier: string) => readFile(createRequire(import.meta.url).resolve(specifier));
  started ??= initWasm(await file('@resvg/resvg-wasm/index_bg.wasm'));
  await started;
  const fontBuffers = await Promise.all(
    ['400Regular/Arimo_400Regular.ttf', '700Bold/Arimo_700Bold.ttf'].map((name) =>
      file(`@expo-google-fonts/arimo/${name}`),
    ),
  );
  makeFolder(folder);
  const written: string[] = [];
  for (const { name, poster } of figures) {
    const picture = new Resvg(await poster(), {
      background: 'white',
      fitTo: { mode: 'zoom', value: ZOOM },
      font: { fontBuffers, defaultFontFamily: FONT, sansSerifFamily: FONT },
    });
    const path = join(folder, `${name.replace(/[^\w.-]/g, '_')}.png`);
    await writeFileAtomically(path, picture.render().asPng());
    picture.free();
    written.push(path);
  }
  return written;
}

/** The module can be started once a process. */
let started: Promise<void> | null = null;
