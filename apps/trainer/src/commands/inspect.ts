/** @file `octavo inspect`: a model's tensors as they are, and what FP8 would do to them. */
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import {
  castFormats,
  granularityNames,
  type InspectedCast,
  inspect,
  inspectedCast,
  inspectionTables,
  openTensors,
  policyNames,
  type SwiGluFindings,
  type TensorFile,
  type TensorFindings,
} from '@octavo/exchange';
import { inspectionReport, pageOf } from '@octavo/report';
import { addressOf, writeFileAtomically, writeFolder } from '@octavo/store';
import { integer } from '@octavo/trainer/record';
import type { Command } from 'commander';
import { addCommand, type Given } from '../command.ts';
import { flag, numeric, value, withDefault } from '../options.ts';
import { plural, short } from '../output/format.ts';
import { inspectedObject, swigluLines, tensorTable } from '../output/inspected.ts';
import { toLine } from '../output/json.ts';
import { version } from '../version.ts';

const options = {
  format: value(
    '<name>',
    `what is cast to: ${castFormats.map(({ name }) => name).join(', ')} (default: e4m3fn; e2m1 for nvfp4)`,
  ),
  granularity: value(
    '<name>',
    `which elements share a scale: ${granularityNames.join(', ')} (default: tensor)`,
  ),
  policy: value(
    '<name>',
    `whence a scale comes: ${policyNames.join(', ')}; -p2 behind it: a power of two (default: current; current-p2 for mx)`,
  ),
  top: withDefault(
    '<n>',
    'how many of a layer’s most aligned channels are named',
    3,
    numeric(integer(1, 1000)),
  ),
  all: flag('of a checkpoint the optimizer’s tensors, too'),
  out: value(
    '<dir>',
    'also write Arrow files (tensors, SwiGLUs, channels) and report.html, a page with pictures',
  ),
};

export const addInspectCommand = (program: Command): void =>
  addCommand(program, {
    name: 'inspect',
    summary: 'a model tensor by tensor: values, what FP8 would lose, aligned SwiGLU channels',
    description:
      'What a model’s tensors are like (largest value, rms, kurtosis, dynamic range in bits), what a cast would leave of them ' +
      '(signal to quantisation noise, elements clipped, elements that become zero), and for each SwiGLU the cosines of its ' +
      'channels’ gate and up vectors, and what power-of-two smoothing would do. Any model; a stretch of a tensor is in memory at a time.',
    argument: [
      '<model>',
      'a Hugging Face folder, a .safetensors file, a checkpoint or run folder, or a llama2.c .bin',
    ],
    options,
    examples: [
      ['octavo inspect runs/nano-fp8-full', 'a run’s newest checkpoint'],
      [
        'octavo inspect nano-hf --granularity block --out nano-inspected',
        'a folder, a scale for each 128 × 128 elements',
      ],
      ['octavo inspect nano-fp8/model.safetensors --format e5m2 --json', 'a file, for a program'],
    ],
    async run({ top, json, out, ...words }, path: string) {
      const cast = inspectedCast(words);
      const file = await openTensors(addressOf(path), words);
      try {
        if (out === null) await look(file, cast, { top, json }, null);
        else
          await writeFolder(out, { what: 'an inspection', is: isInspection, overwrite: true }, (temporary) =>
            look(file, cast, { top, json }, { temporary, out, command: commandOf(path, { ...words, out }) }),
          );
      } finally {
        await file.close();
      }
    },
  });

/** What made a page. */
const commandOf = (path: string, given: Readonly<Record<string, string | boolean | null>>): string =>
  [
    `octavo inspect ${path}`,
    ...Object.entries(given).flatMap(([name, to]) =>
      to === true ? [`--${name}`] : typeof to === 'string' ? [`--${name} ${to}`] : [],
    ),
  ].join(' ');

/** Files that `--out` writes; a run has some of these names, and others. */
const PAGE = 'report.html';
const FILES = ['tensors.arrow', 'swiglus.arrow', 'channels.arrow', PAGE];

const isInspection = async (folder: string): Promise<boolean> => {
  const names = await readdir(folder);
  return FILES.every((name) => names.includes(name)) && names.every((name) => FILES.includes(name));
};

/** Says what is found as it is found, and writes it into a folder where one is given. */
async function look(
  file: TensorFile,
  cast: InspectedCast,
  { top, json }: Pick<Given<typeof options>, 'top' | 'json'>,
  to: { readonly temporary: string; readonly out: string; readonly command: string } | null,
): Promise<void> {
  const began = performance.now();
  const say = (text: string): unknown => process.stdout.write(text);
  const { kind, path, tensors, leftOut } = file;
  const table = tensorTable(tensors);
  const facts = { kind, path, tensors: tensors.length, leftOut, cast: cast.name };
  const others = leftOut > 0 ? `, ${short(leftOut)} of training left out (--all)` : '';
  if (json) say(toLine({ event: 'start', ...facts }));
  else
    say(
      `${path}: ${kind}, ${plural(tensors.length, 'tensor')}${others}; cast to ${cast.name}\n\n${table.head}\n`,
    );
  const tables = inspectionTables({ model: path, kind, cast: cast.name });
  const found = { tensors: [] as TensorFindings[], swiglus: [] as SwiGluFindings[], notes: [] as string[] };
  let [measured, elements] = [0, 0];
  for await (const event of inspect(file, cast)) {
    tables.add(event);
    if (event.kind === 'note') found.notes.push(event.note);
    else if (event.kind === 'swiglu') found.swiglus.push(event.swiglu);
    else {
      found.tensors.push(event.tensor);
      measured += event.tensor.measured ? 1 : 0;
      elements += event.tensor.measured ? event.tensor.elements : 0;
    }
    if (json) say(toLine(inspectedObject(event, top)));
    else if (event.kind === 'tensor') say(`${table.line(event.tensor)}\n`);
    else if (event.kind === 'note') process.stderr.write(`octavo: note: ${event.note}\n`);
    else {
      if (found.swiglus.length === 1) say('\ngate and up vectors of each channel\n');
      say(`${swigluLines(event.swiglu, top)}\n`);
    }
  }
  const written: string[] = [];
  if (to) {
    written.push(...(await tables.write(to.temporary)), PAGE);
    const report = inspectionReport({ path, kind, cast: cast.name, ...found });
    const html = await pageOf(report, { command: to.command, version: version(), on: new Date() });
    await writeFileAtomically(join(to.temporary, PAGE), html);
  }
  const seconds = (performance.now() - began) / 1000;
  const sum = { tensors: tensors.length, measured, elements };
  if (json) say(toLine({ event: 'end', ...sum, seconds, out: to?.out ?? null, written }));
  else
    say(
      `\n${plural(measured, 'tensor')} measured, ${short(elements)} elements${to ? `; ${to.out}: ${written.join(', ')}` : ''}\n`,
    );
}
