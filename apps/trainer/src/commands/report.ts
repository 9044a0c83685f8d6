/** @file `octavo report`: runs and studies as one page to look at, and the pictures beside it. */
import { OctavoError } from '@octavo/formats';
import { studies } from '@octavo/lab';
import { MARK, pageOf, picturesOf, readInputs, reportOf, writePictures } from '@octavo/report';
import { addressOf, look, openReadable, parentOf, within, writeFileAtomically } from '@octavo/store';
import type { Command } from 'commander';
import { addCommand, type Given } from '../command.ts';
import { flag, value } from '../options.ts';
import { plural, short } from '../output/format.ts';
import { toLine } from '../output/json.ts';
import { version } from '../version.ts';

const options = {
  out: value('<file>', 'the file (default: report.html in the folder; here if there are several)'),
  png: flag('also write the pictures as PNG, into a folder beside the file'),
  svg: flag('the same as SVG'),
};

export const addReportCommand = (program: Command): void =>
  addCommand(program, {
    name: 'report',
    summary: 'one HTML file of runs or studies: curves, heat maps, what stands out',
    description:
      'One HTML file of runs or studies, to open from disk: it loads nothing. Curves, heat maps by layer and step, what ' +
      'stands out, tables and settings; of runs with the same plan also the gap to bf16. A run may still be going on.',
    argument: ['<run...>', 'folders that octavo train or octavo study made'],
    options,
    examples: [
      ['octavo report runs/nano-fp8-full', 'one run, as it stands'],
      [
        'octavo report runs/bf16 runs/fp8 runs/fp8-smooth --out gap.html',
        'side by side, with the gap to bf16',
      ],
      ['octavo report studies/instability --png', 'a study, its pictures as PNG too'],
    ],
    run: report,
  });

async function report({ out, png, svg, json }: Given<typeof options>, given: string[]): Promise<void> {
  const folders = given.map(addressOf);
  const path =
    out === null
      ? folders.length === 1
        ? within(folders[0]!, 'report.html')
        : 'report.html'
      : addressOf(out);
  await checkOut(path);
  const inputs = await readInputs(folders);
  const command = ['octavo report', ...folders, ...(out === null ? [] : ['--out', out])].join(' ');
  const made = reportOf(
    inputs,
    new Map(Object.entries(studies).map(([name, { summary }]) => [name, summary])),
  );
  const html = await pageOf(made, { command, version: version(), on: new Date() });
  await writeFileAtomically(path, html);
  const figures = picturesOf(made);
  const posters = made.overview ? [made.overview, ...figures] : figures;
  const beside = (end: 'png' | 'svg') => writePictures(path.replace(/(\.html?)?$/i, `-${end}`), posters, end);
  const pictures = [...(png ? await beside('png') : []), ...(svg ? await beside('svg') : [])];
  const bytes = Buffer.byteLength(html);
  const leftOut = inputs.flatMap((input) => (input.kind === 'run' ? input.notes : []));
  if (json) {
    process.stdout.write(toLine({ event: 'end', path, bytes, figures: figures.length, pictures, leftOut }));
    return;
  }
  for (const what of leftOut) process.stdout.write(`left out: ${what}\n`);
  process.stdout.write(`${path}: ${plural(figures.length, 'picture')}, ${short(bytes)}B\n`);
  for (const folder of new Set(pictures.map(parentOf)))
    process.stdout.write(
      `${folder}: ${plural(pictures.filter((file) => parentOf(file) === folder).length, 'picture')}\n`,
    );
}

/** A report may be made anew; any other file stays as it is. */
async function checkOut(path: string): Promise<void> {
  const found = await look(path);
  if (found === null) return;
  const fail = (got: string): never => {
    throw new OctavoError(`[report] --out ${path}: got ${got}, expected a new file or an earlier report`, {
      exitCode: 2,
    });
  };
  if (found.kind === 'folder') fail('a folder');
  const file = await openReadable(path);
  try {
    const start = await file.read(0, Math.min(MARK.length, file.size));
    if (Buffer.from(start).toString() !== MARK) fail('a file that octavo report did not write');
  } finally {
    await file.close();
  }
}
