/** @file `octavo inspect`: a model's tensors as they are, and what FP8 would do to them. */
import {
  castFormats,
  granularityNames,
  inspect,
  inspectedCast,
  openTensors,
  policyNames,
} from '@octavo/exchange';
import { integer } from '@octavo/trainer/record';
import type { Command } from 'commander';
import { addCommand, type Given } from '../command.ts';
import { flag, numeric, value, withDefault } from '../options.ts';
import { plural, short } from '../output/format.ts';
import { inspectedObject, swigluLines, tensorTable } from '../output/inspected.ts';
import { toLine } from '../output/json.ts';

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
      ['octavo inspect nano-hf --granularity block', 'a folder, a scale for each 128 × 128 elements'],
      ['octavo inspect nano-fp8/model.safetensors --format e5m2 --json', 'a file, for a program'],
    ],
    run: look,
  });

async function look(
  { format, granularity, policy, top, all, json }: Given<typeof options>,
  path: string,
): Promise<void> {
  const cast = inspectedCast({ format, granularity, policy });
  const began = performance.now();
  const file = await openTensors(path, { all });
  const say = (text: string): unknown => process.stdout.write(text);
  const table = tensorTable(file.tensors);
  let [measured, elements] = [0, 0];
  try {
    const { kind, path: found, tensors, leftOut } = file;
    const facts = { kind, path: found, tensors: tensors.length, leftOut, cast: cast.name };
    const others = leftOut > 0 ? `, ${short(leftOut)} of training left out (--all)` : '';
    if (json) say(toLine({ event: 'start', ...facts }));
    else
      say(
        `${found}: ${kind}, ${plural(tensors.length, 'tensor')}${others}; cast to ${cast.name}\n\n${table.head}\n`,
      );
    let before = 'tensor';
    for await (const event of inspect(file, cast)) {
      if (event.kind === 'tensor' && event.tensor.measured) {
        measured++;
        elements += event.tensor.elements;
      }
      if (json) say(toLine(inspectedObject(event, top)));
      else if (event.kind === 'tensor') say(`${table.line(event.tensor)}\n`);
      else if (event.kind === 'note') process.stderr.write(`octavo: note: ${event.note}\n`);
      else {
        if (before === 'tensor') say('\ngate and up vectors of each channel\n');
        say(`${swigluLines(event.swiglu, top)}\n`);
      }
      before = event.kind;
    }
    const seconds = (performance.now() - began) / 1000;
    const sum = { tensors: tensors.length, measured, elements };
    if (json) say(toLine({ event: 'end', ...sum, seconds }));
    else say(`${plural(measured, 'tensor')} measured, ${short(elements)} elements\n`);
  } finally {
    await file.close();
  }
}
