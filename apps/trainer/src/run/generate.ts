/** @file Text from a checkpoint, written as it is made. */
import { setImmediate } from 'node:timers/promises';
import { encodePrompt, streamDecoder } from '@octavo/data';
import { generate } from '@octavo/llama';
import { chooseDevice, loadModel, stateOf } from '@octavo/trainer';
import { resolveRecipe } from '../config/recipe.ts';
import { printable } from '../output/format.ts';
import { toLine } from '../output/json.ts';
import { openCheckpointAt, runOf } from './checkpoint.ts';
import { workOf } from './device.ts';
import { checkMemory } from './memory.ts';
import { tokenizerOf } from './tokenizer.ts';

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
      const start = encodePrompt(tokenizer, prompt);
      const stream = streamDecoder(tokenizer, start);
      if (json) say(toLine({ event: 'start', checkpoint: checkpoint.path, step, prompt, ...sampling }));
      else say(prompt);
      let made = 0;
      const { eos: stop, vocabularySize: vocabulary } = tokenizer;
      const keep = tokenizer.bos === null ? 0 : 1;
      for await (const token of generate(model, start, {
        ...sampling,
        count: tokens,
        stop,
        vocabulary,
        keep,
      })) {
        made += 1;
        const text = stream.push(token);
        say(json ? toLine({ event: 'token', token, text }) : text);
        await setImmediate(); // lets Ctrl-C in, and a reader that has gone away
      }
      const rest = stream.end();
      say(json ? toLine({ event: 'end', tokens: made, text: rest }) : `${rest}\n`);
    } finally {
      await device.destroy();
    }
  } finally {
    await checkpoint.close();
  }
}
