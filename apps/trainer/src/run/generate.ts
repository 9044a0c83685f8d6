/** @file Text from a checkpoint, written as it is made. */
import { setImmediate } from 'node:timers/promises';
import {
  checkMemory,
  chooseDevice,
  continueText,
  loadModel,
  openCheckpointAt,
  runOf,
  stateOf,
  workOf,
} from '@octavo/trainer';
import { tokenizerOf } from '@octavo/trainer/record';
import { resolveRecipe } from '../config/recipe.ts';
import { printable } from '../output/format.ts';
import { toLine } from '../output/json.ts';

export interface GenerateRequest {
  readonly path: string;
  readonly prompt: string;
  /** Null: the one that the checkpoint was trained in. */
  readonly recipe: string | null;
  readonly tokens: number;
  readonly temperature: number;
  readonly topK: number;
  readonly seed: number;
  readonly device: string;
  readonly threads: number | null;
  readonly library: string;
  readonly tokenizer: string | null;
  /** Try it though the memory seems too small. */
  readonly force: boolean;
  readonly json: boolean;
}

export async function generateText({
  path,
  prompt,
  recipe: recipeName,
  tokens,
  temperature,
  topK,
  seed,
  device: name,
  threads,
  library,
  tokenizer: spec,
  force,
  json,
}: GenerateRequest): Promise<void> {
  const sampling = { temperature, topK, seed };
  const say = (text: string): unknown =>
    process.stdout.write(process.stdout.isTTY && !json ? printable(text) : text);
  const warn = (message: string): void => void process.stderr.write(`octavo: note: ${message}\n`);
  const checkpoint = await openCheckpointAt(path, warn);
  try {
    const { tokenizer: identity, step, plan } = stateOf(checkpoint);
    const recipe = recipeName === null ? undefined : resolveRecipe(recipeName);
    const work = workOf('generate', recipe ? { ...plan, recipe } : plan);
    checkMemory(work, { what: `generating from ${checkpoint.path}`, device: name, force, warn });
    const tokenizer = await tokenizerOf(identity, runOf(checkpoint.path), spec);
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
