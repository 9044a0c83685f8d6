/** @file Pictures as files of their own, each with its title: as SVG, and as PNG at twice its size, whose font comes with it. */
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { makeFolder, writeFileAtomically } from '@octavo/store';
import type { Figure } from './svg.ts';

const ZOOM = 2;
const FONT = 'Arimo';

/** What is written as a file of its own. */
type Poster = Pick<Figure, 'name' | 'poster'>;

const pathOf = (folder: string, { name }: Poster, end: string): string =>
  join(folder, `${name.replace(/[^\w.-]/g, '_')}.${end}`);

/** Writes `folder/NAME.svg` for each; resolves to the paths. */
export async function writeSvgs(folder: string, figures: readonly Poster[]): Promise<string[]> {
  makeFolder(folder);
  const written: string[] = [];
  for (const figure of figures) {
    const path = pathOf(folder, figure, 'svg');
    await writeFileAtomically(path, `${await figure.poster()}\n`);
    written.push(path);
  }
  return written;
}

/** Writes `folder/NAME.png` for each; resolves to the paths. */
export async function writePngs(folder: string, figures: readonly Poster[]): Promise<string[]> {
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
  for (const figure of figures) {
    const picture = new Resvg(await figure.poster(), {
      background: 'white',
      fitTo: { mode: 'zoom', value: ZOOM },
      font: { fontBuffers, defaultFontFamily: FONT, sansSerifFamily: FONT },
    });
    const path = pathOf(folder, figure, 'png');
    await writeFileAtomically(path, picture.render().asPng());
    picture.free();
    written.push(path);
  }
  return written;
}

/** The module can be started once a process. */
let started: Promise<void> | null = null;
