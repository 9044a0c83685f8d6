/** @file `octavo convert`: models between Arrow checkpoints, Hugging Face folders and llama2.c files. */
import { keepTokenizer, loadTokenizer, type Tokenizer } from '@octavo/data';
import {
  BLOCK,
  type Dialect,
  foldedMaxima,
  foldSmooth,
  openModel,
  outputTypes,
  quantizedWeights,
  type Scheme,
  schemes,
  writeCheckpointModel,
  writeHuggingFace,
} from '@octavo/exchange';
import { OctavoError } from '@octavo/formats';
import { addressOf, look, parentOf, within } from '@octavo/store';
import { importedMetadata } from '@octavo/trainer';
import { integer, oneOf } from '@octavo/trainer/record';
import { type Command, InvalidArgumentError } from 'commander';
import { addCommand, type Given } from '../command.ts';
import { lacksTokenizer, tokenizerOfModel } from '../config/model-tokenizer.ts';
import { resolveRecipe } from '../config/recipe.ts';
import { computing, flag, library, numeric, value, values, withDefault, word } from '../options.ts';
import { plural } from '../output/format.ts';
import { toLine } from '../output/json.ts';
import { hasStaticActivations, maximaOf } from '../run/calibration.ts';

const schemeNames = Object.keys(schemes);
const names = Object.keys(outputTypes) as (keyof typeof outputTypes)[];

const options = {
  dtype: value(
    '<type>',
    `${names.join(', ')} (default: every tensor as it is)`,
    word(oneOf(['bf16', 'fp16', 'fp32'])),
  ),
  quantize: value(
    '<scheme>',
    `weights in FP8 for vLLM and compressed-tensors: ${schemeNames.join(', ')}`,
    word(oneOf(['fp8', 'fp8-channel', 'fp8-block', 'mxfp8'])),
  ),
  foldSmooth: flag(
    'fold power-of-two scales into up and down, so that SwiGLU’s channels reach equally far: by the activations on --calibrate’s text, else by the weights',
  ),
  calibrate: values(
    '<path...>',
    'text, JSONL, prepared data or its shards, on which the largest activations are taken; --quantize has static scales then',
  ),
  calibrationTokens: withDefault<number>('<n>', 'tokens of that text at most', 16_384, numeric(integer(2))),
  textField: withDefault('<key>', 'the key of a JSONL line that holds its text', 'text'),
  activations: value(
    '<kind>',
    'of --quantize: static (a scale from --calibrate) or dynamic (default: static with --calibrate where the scheme has it)',
    word(oneOf(['static', 'dynamic'])),
  ),
  dialect: value(
    '<name>',
    'of --quantize in config.json: compressed-tensors or fp8 (default: fp8 for fp8-block, else the first)',
    word(oneOf(['compressed-tensors', 'fp8'])),
  ),
  shardSize: withDefault('<size>', 'most bytes of a file of weights: 500MB, 5GB', '5GB'),
  recipe: withDefault('<name>', 'how an Arrow checkpoint is computed unless told otherwise', 'bf16'),
  tokenizer: value('<name|file>', 'byte, llama2, or a tokenizer.json, where the model has none beside it'),
  overwrite: flag('replace the model that is there'),
  ...computing,
  library: { ...library, absent: 'auto' },
};

export const addConvertCommand = (program: Command): void =>
  addCommand(program, {
    name: 'convert',
    summary: 'models between Arrow checkpoints and Hugging Face folders',
    description:
      'Write a model in another form, without loss unless --dtype or --quantize asks for one. OUT is an Arrow checkpoint if its name ends in ' +
      '.arrow, else a Hugging Face folder. A tensor is in memory at a time.',
    argument: [
      '<in>',
      'a checkpoint or run folder, a Hugging Face folder or .safetensors file, or a llama2.c .bin',
    ],
    more: [['<out>', 'a folder to make, or a file that ends in .arrow']],
    options,
    examples: [
      ['octavo convert runs/nano-fp8-full nano-hf', 'a run’s newest checkpoint for transformers and vLLM'],
      [
        'octavo convert runs/nano-fp8-full nano-fp8 --quantize fp8-channel',
        'in FP8, a scale a row, for vLLM',
      ],
      [
        'octavo convert nano-hf nano-fp8 --quantize fp8 --fold-smooth --calibrate book.txt',
        'smoothed, and with static scales of activations, by what flows on a text',
      ],
      ['octavo convert nano-hf nano.arrow', 'and back, for octavo eval and octavo generate'],
    ],
    run: convert,
  });

async function convert(
  {
    dtype,
    quantize,
    foldSmooth: fold,
    dialect,
    shardSize,
    recipe: recipeName,
    tokenizer: spec,
    overwrite,
    json,
    ...request
  }: Given<typeof options>,
  ...places: readonly string[]
): Promise<void> {
  const [from = '', to = ''] = places.map(addressOf);
  const warn = (message: string): unknown => process.stderr.write(`octavo: note: ${message}\n`);
  const shardBytes = bytesOf(shardSize);
  const recipe = resolveRecipe(recipeName);
  const scheme = quantize === null ? null : schemes[quantize];
  const isStatic = scheme !== null && hasStaticActivations(scheme, request);
  if (request.calibrate !== null && !fold && !isStatic)
    throw new OctavoError(
      '[convert] --calibrate: got nothing that needs it, expected --fold-smooth, or --quantize fp8 or fp8-channel',
      { exitCode: 2 },
    );
  const opened = await openModel(from);
  try {
    for (const note of opened.notes) warn(note);
    const isCheckpoint = to.endsWith('.arrow');
    const tokenizer = (await tokenizerOfModel(opened, spec))?.tokenizer ?? null;
    if (!tokenizer && (isCheckpoint || request.calibrate !== null)) lacksTokenizer(opened);
    const seen = await maximaOf(opened, tokenizer, request, warn);
    if (fold && seen === null)
      warn(
        '--fold-smooth: the scales come from the weights alone; --calibrate TEXT takes those of activations',
      );
    const source = fold ? foldSmooth(opened, seen ?? undefined) : opened;
    const maxima = isStatic && seen !== null ? (fold ? foldedMaxima(seen) : seen) : null;
    const facts = { from, to, kind: source.kind, tensors: source.tensors.length };
    if (isCheckpoint) {
      for (const [option, given] of Object.entries({ dtype, quantize, dialect }))
        if (given !== null)
          throw new OctavoError(
            `[convert] --${option}: got it for an Arrow checkpoint, expected a folder as OUT`,
            { exitCode: 2 },
          );
      await writeCheckpointModel(to, source, importedMetadata(source.config, recipe, tokenizer!), {
        overwrite,
      });
      if (tokenizer!.files) await keepBeside(parentOf(to), tokenizer!, warn);
    } else {
      const { hiddenSize, ffnSize } = source.config;
      if (quantize === 'fp8-block' && (hiddenSize % BLOCK !== 0 || ffnSize % BLOCK !== 0))
        warn(
          `widths ${hiddenSize} and ${ffnSize} are no multiples of ${BLOCK}: vLLM and transformers refuse such blocks`,
        );
      const weights =
        scheme && quantizedWeights(source, scheme, { dialect: dialectOf(scheme, dialect), dtype, maxima });
      await writeHuggingFace(to, source, { dtype, shardBytes, overwrite, tokenizer }, weights ?? undefined);
    }
    process.stdout.write(
      json
        ? toLine({ event: 'converted', ...facts })
        : `${to}: ${plural(source.tensors.length, 'tensor')} of the ${source.kind} ${source.path}\n`,
    );
  } finally {
    await opened.close();
  }
}

/** The dialect asked for, if the scheme is known in it; else its usual one. */
function dialectOf({ name, dialects }: Scheme, asked: Dialect | null): Dialect {
  const dialect = asked ?? dialects[0]!;
  if (dialects.includes(dialect)) return dialect;
  throw new OctavoError(
    `[convert] --dialect: got ${dialect} for ${name}, expected ${dialects.join(' or ')}`,
    {
      exitCode: 2,
    },
  );
}

/** Puts its files beside a checkpoint, where `octavo eval` finds them; another's files stay. */
async function keepBeside(
  folder: string,
  tokenizer: Tokenizer,
  warn: (message: string) => void,
): Promise<void> {
  const there = within(folder, 'tokenizer.json');
  if (!(await look(there))) return keepTokenizer(folder, tokenizer);
  if ((await loadTokenizer(there)).hash !== tokenizer.hash)
    warn(
      `${there} is another tokenizer: give the model's own to octavo eval and octavo generate by --tokenizer`,
    );
}

const UNITS: Readonly<Record<string, number>> = {
  B: 1,
  KB: 1e3,
  MB: 1e6,
  GB: 1e9,
  KIB: 2 ** 10,
  MIB: 2 ** 20,
  GIB: 2 ** 30,
};

/** Bytes of a size as people write it. */
function bytesOf(size: string): number {
  const [, number, unit] = /^(\d+(?:\.\d+)?)\s*([a-z]*)$/i.exec(size.trim()) ?? [];
  const factor = UNITS[(unit || 'B').toUpperCase()];
  if (number !== undefined && factor !== undefined && Number(number) * factor >= 1)
    return Math.floor(Number(number) * factor);
  throw new InvalidArgumentError(`--shard-size: got "${size}", expected a size such as 500MB or 5GB`);
}
