/** @file `octavo generate`: text from a checkpoint, written as it is made. */
import { setImmediate } from 'node:timers/promises';
import { checkMemory, chooseDevice, continueText, loadModel, stateOf, workOf } from '@octavo/trainer';
import { hyperparameters, integer, number } from '@octavo/trainer/record';
import type { Command } from 'commander';
import { z } from 'zod';
import { addCommand, type Given } from '../command.ts';
import { resolveRecipe } from '../config/recipe.ts';
import { numeric, ofCheckpoint, required, value, withDefault, word } from '../options.ts';
import { printable } from '../output/format.ts';
import { toLine } from '../output/json.ts';
import { openTrained } from '../run/open-trained.ts';

const options = {
  prompt: required('<text>', 'the text to continue'),
  tokens: withDefault('<n>', 'tokens to make at most', 256, numeric(integer(1))),
  temperature: withDefault('<x>', '0: always the most probable token', 0.8, numeric(number(0))),
  topK: withDefault('<n>', 'draw among the k most probable only; 0: all', 0, numeric(integer(0))),
  seed: withDefault('<n>', 'of the draws', 1, numeric(hyperparameters.seed)),
  kvCache: value(
    '<format>',
    'of kept keys and values: fp32, bf16, or fp8 (E4M3, a scale a token and head); the activations’ if not given',
    word(z.enum(['fp32', 'bf16', 'fp8'])),
  ),
  recipe: value('<name>', 'compute in another recipe than it was trained in'),
  ...ofCheckpoint,
  device: { ...ofCheckpoint.device, shown: true },
};

export const addGenerateCommand = (program: Command): void =>
  addCommand(program, {
    name: 'generate',
    summary: 'text from a checkpoint',
    description: 'Continue a text with a trained model. The same seed gives the same text.',
    argument: [
      '<checkpoint>',
      'a checkpoint, a run folder (its newest whole checkpoint), a Hugging Face folder, a .safetensors file, or a llama2.c .bin',
    ],
    options,
    renamed: { '--blas': '--library' },
    examples: [
      ['octavo generate runs/nano-fp8-full --prompt "My fellow Americans"', 'from a run’s newest checkpoint'],
      [
        'octavo generate TinyLlama-1.1B --prompt "The" --recipe fp8',
        'from a Hugging Face folder, computed in FP8',
      ],
      ['octavo generate step-00000600.arrow --prompt "The" --temperature 0', 'from one file, without chance'],
    ],
    run: generate,
  });

async function generate(
  {
    prompt,
    recipe: recipeName,
    kvCache: keptFormat,
    tokens,
    device: name,
    threads,
    library,
    tokenizer: spec,
    force,
    json,
    ...rest
  }: Given<typeof options>,
  path: string,
): Promise<void> {
  const { temperature, topK, seed } = rest;
  const sampling = { temperature, topK, seed };
  const kvCache = keptFormat ?? undefined;
  const say = (text: string): unknown =>
    process.stdout.write(process.stdout.isTTY && !json ? printable(text) : text);
  const warn = (message: string): void => void process.stderr.write(`octavo: note: ${message}\n`);
  const { checkpoint, tokenizer } = await openTrained(path, spec, warn);
  try {
    const { step, plan } = stateOf(checkpoint);
    const recipe = recipeName === null ? undefined : resolveRecipe(recipeName);
    const work = workOf('generate', { ...plan, ...(recipe && { recipe }), kvCache });
    checkMemory(work, { what: `generating from ${checkpoint.path}`, device: name, force, warn });
    const { device, choice } = await chooseDevice(name, { threads, library, work });
    if (choice.said) warn(choice.said);
    try {
      const model = await loadModel(device, checkpoint, recipe, {
        onMissingHistory: ({ message }) => warn(message),
      });
      if (json) say(toLine({ event: 'start', checkpoint: checkpoint.path, step, prompt, ...sampling }));
      else say(prompt);
      let made = 0;
      for await (const { token, text } of continueText(model, tokenizer, prompt, {
        ...sampling,
        count: tokens,
        kvCache,
      })) {
        if (token === null) say(json ? toLine({ event: 'end', tokens: made, text }) : `${text}\n`);
        else say(json ? toLine({ event: 'token', token, text }) : text);
        made += 1;
        await setImmediate(); // lets Ctrl-C in, and a reader that has gone away
      }
    } finally {
      await device.destroy();
    }
  } finally {
    await checkpoint.close();
  }
}
