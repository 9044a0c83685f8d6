/** @file Pictures as files of their own, each with its title: as SVG, and as PNG at twice its size, whose font comes with it. */
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { within, writeFileAtomically } from '@octavo/store';
import { drawPoster } from './svg.ts';
import { fontFiles } from './text-width.ts';

const ZOOM = 2;
const FONT = 'Arimo';

/** Writes `folder/NAME.svg` or `.png` for each; resolves to the paths. */
export async function writePictures(
  folder: string,
  pictures: readonly { readonly name: string; readonly chart: object }[],
  end: 'svg' | 'png',
): Promise<string[]> {
  const paint = end === 'png' ? await painter() : (svg: string) => `${svg}\n`;
  const written: string[] = [];
  for (const { name, chart } of pictures) {
    const path = within(folder, `${name.replace(/[^\w.-]/g, '_')}.${end}`);
    await writeFileAtomically(path, paint(await drawPoster(name, chart)));
    written.push(path);
  }
  return written;
}

/** The module can be started once a process. */
let started: Promise<void> | null = null;

/** What makes a PNG of an SVG. */
async function painter(): Promise<(svg: string) => Uint8Array> {
  const { Resvg, initWasm } = await import('@resvg/resvg-wasm');
  const file = async (specifier: string) => readFile(createRequire(import.meta.url).resolve(specifier));
  started ??= initWasm(await file('@resvg/resvg-wasm/index_bg.wasm'));
  await started;
  const fontBuffers = await Promise.all(fontFiles.map((path) => readFile(path)));
  return (svg) => {
    const picture = new Resvg(svg, {
      background: 'white',
      fitTo: { mode: 'zoom', value: ZOOM },
      font: { fontBuffers, defaultFontFamily: FONT, sansSerifFamily: FONT },
    });
    const png = picture.render().asPng();
    picture.free();
    return png;
  };
}
