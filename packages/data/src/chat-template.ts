/** @file Conversations as a model reads them: by its chat template, in Jinja, as it comes with a tokenizer. */
import { Environment, Interpreter, parse, tokenize } from '@huggingface/jinja';
import { z } from 'zod';
import type { TextDocument } from './documents.ts';
import { badInput, LARGEST } from './text-file.ts';
import { withTimeLimit } from './time-limit.ts';
import type { Tokenizer } from './tokenizer.ts';

export interface Message {
  readonly role: string;
  readonly content: string;
}

/** A template; both throw an `OctavoError` (exit code 2) that names `where`. */
export interface ChatTemplate {
  /** The text of messages; `asks`: with the beginning of an answer behind them. */
  render(messages: readonly Message[], asks: boolean, where: string): string;
}

const special = z.union([z.string(), z.looseObject({ content: z.string() })]).nullish();
const configSchema = z.looseObject({
  chat_template: z
    .union([z.string(), z.array(z.looseObject({ name: z.string(), template: z.string() }))])
    .nullish(),
  ...{ bos_token: special, eos_token: special, unk_token: special, pad_token: special },
});

/** Numbers of a range that a template may ask for. */
const MOST = 2 ** 20;

/** Milliseconds that a conversation may take. */
const PATIENCE = 2000;

/** The template in `chat_template.jinja`, or else in `tokenizer_config.json`; null where neither has one. Throws where it cannot be read. */
export function chatTemplateOf({ name, files }: Pick<Tokenizer, 'name' | 'files'>): ChatTemplate | null {
  if (!files) return null;
  const config = configSchema.safeParse(JSON.parse(files.config ?? '{}')).data ?? {};
  const { chat_template: given, ...tokens } = config;
  const source =
    files.template ??
    (typeof given === 'string' ? given : given?.find((one) => one.name === 'default')?.template);
  if (source === undefined) return null;
  const act = <T>(where: string, work: () => T): T => {
    try {
      return withTimeLimit(PATIENCE, work);
    } catch (cause) {
      const why = String((cause as Error | null)?.message ?? cause).split('\n')[0];
      throw badInput(
        `${where}: got "${why}" from the chat template of tokenizer ${name}, expected text`,
        cause,
      );
    }
  };
  const program = act('chat template', () =>
    parse(tokenize(source, { lstrip_blocks: true, trim_blocks: true })),
  );
  const variables: Record<string, string> = {};
  for (const key of ['bos_token', 'eos_token', 'unk_token', 'pad_token'] as const) {
    const token = tokens[key];
    if (token != null) variables[key] = typeof token === 'string' ? token : token.content;
  }
  return {
    render(messages, asks, where) {
      const text = act(where, () =>
        rendered(program, { ...variables, messages, add_generation_prompt: asks }),
      );
      if (text.length <= LARGEST) return text;
      throw badInput(
        `${where}: got ${text.length} characters from the chat template, expected at most ${LARGEST}`,
      );
    },
  };
}

/** What transformers gives a template, but for the time of day (`strftime_now`): the same conversation is the same text tomorrow. */
function rendered(program: ReturnType<typeof parse>, variables: Readonly<Record<string, unknown>>): string {
  const environment = new Environment();
  const raise = (why: string): never => {
    throw new Error(why);
  };
  const range = (a: number, b?: number, step = 1): number[] => {
    const [from, to] = b === undefined ? [0, a] : [a, b];
    const length = Math.max(0, Math.ceil((to - from) / step));
    return length > MOST
      ? raise(`a range of ${length} numbers`)
      : Array.from({ length }, (_, i) => from + i * step);
  };
  const constants = { false: false, true: true, none: null, False: false, True: true, None: null };
  for (const [name, value] of Object.entries({ ...constants, raise_exception: raise, range, ...variables }))
    environment.set(name, value);
  return String(new Interpreter(environment).run(program).value);
}

/**
 * A conversation as a document: what the assistant says from message `from` on is learned, with what ends it, all else is read
 * only. Throws where there is no such message, or the template writes earlier messages otherwise once later ones follow.
 */
export function conversation(
  template: ChatTemplate,
  messages: readonly Message[],
  from: number,
  where: string,
): Omit<TextDocument, 'name'> {
  const text = template.render(messages, false, where);
  const learned: [number, number][] = [];
  for (const [i, { role }] of messages.entries()) {
    if (role !== 'assistant' || i < from) continue;
    const before = template.render(messages.slice(0, i), true, where);
    const through =
      i + 1 === messages.length ? text : template.render(messages.slice(0, i + 1), false, where);
    if (!text.startsWith(before) || !text.startsWith(through))
      throw badInput(
        `${where}: the chat template writes message ${i + 1} otherwise when others follow: got another beginning of the text, expected the same: give every answer as a conversation of its own`,
      );
    learned.push([before.length, through.length]);
  }
  if (learned.length > 0) return { text, learned, complete: true };
  throw badInput(`${where} has nothing to learn: got no message of role "assistant", expected one at least`);
}
