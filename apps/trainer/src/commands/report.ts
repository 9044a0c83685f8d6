/** @file `octavo report`: runs and studies as one page to look at. */
import type { Command } from 'commander';
import { addCommand } from '../command.ts';
import { flag, value } from '../options.ts';
import { report } from '../run/report.ts';

export const addReportCommand = (program: Command): void =>
  addCommand(program, {
    name: 'report',
    summary: 'one HTML file of runs or studies: curves, heat maps, what stands out',
    description:
      'One HTML file of runs or studies, to open from disk: it loads nothing. Curves, heat maps by layer and step, what ' +
      'stands out, tables and settings; of runs with the same plan also the gap to bf16. A run may still be going on.',
    argument: ['<run...>', 'folders that octavo train or octavo study made'],
    options: {
      out: value('<file>', 'the file (default: report.html in the folder; here if there are several)'),
      png: flag('also write the pictures as PNG, into a folder beside the file'),
      svg: flag('the same as SVG'),
    },
    examples: [
      ['octavo report runs/nano-fp8-full', 'one run, as it stands'],
      [
        'octavo report runs/bf16 runs/fp8 runs/fp8-smooth --out gap.html',
        'side by side, with the gap to bf16',
      ],
      ['octavo report studies/instability --png', 'a study, its pictures as PNG too'],
    ],
    run: (given, folders: string[]) => report({ folders, ...given }),
  });
