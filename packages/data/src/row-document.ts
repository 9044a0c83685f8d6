/** @file A row of a file as a document: a text, a prompt with its completion, or a conversation. */
import { z } from 'zod';
import { type ChatTemplate, conversation } from './chat-template.ts';
import type { TextDocument } from './documents.ts';
import type { Row } from './row.ts';
import { badInput } from './text-file.ts';

/** How rows are read. */
export interface RowReading {
  /** The field that holds a row's text. */
  readonly field: string;
  /** Of the model that reads them, in a function: it is needed for conversations only. Null: it has none. */
  readonly template: () => ChatTemplate | null;
}

/** The field of a text unless another is named: then rows may also be conversations or prompts. */
export const TEXT_FIELD = 'text';

/** Fields that stand for a document, the first that are there. */
export const fieldsOf = (field: string): readonly (readonly string[])[] =>
  field === TEXT_FIELD ? [[field], ['messages'], ['prompt', 'completion']] : [[field]];

const messages = z
  .array(z.looseObject({ role: z.string(), content: z.string().transform((text) => withoutCr(text)) }))
  .min(1);
const chat = z.looseObject({ messages });
const texts = z.looseObject({ prompt: z.string(), completion: z.string() });
const turns = z.looseObject({ prompt: messages, completion: messages });

export const withoutCr = (text: string): string => text.replaceAll('\r\n', '\n');

/** Throws an `OctavoError` (exit code 2) that names the row where it is none. */
export function documentOf({ where, value }: Row, { field, template }: RowReading): TextDocument {
  if (typeof value === 'string') return { name: where, text: withoutCr(value) };
  const row = typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
  const [, first] = [...fieldsOf(field).entries()].find(([, keys]) =>
    keys.every((key) => Object.hasOwn(row, key)),
  ) ?? [0, [field]];
  switch (first[0]) {
    case 'messages': {
      const parsed = shaped(chat, row, where, 'messages with a role and a content, both texts');
      return { name: where, ...conversation(needed(template, where), parsed.messages, 0, where) };
    }
    case 'prompt': {
      if (Array.isArray(row.prompt)) {
        const { prompt, completion } = shaped(turns, row, where, 'two lists of messages');
        const all = [...prompt, ...completion];
        return { name: where, ...conversation(needed(template, where), all, prompt.length, where) };
      }
      const parsed = shaped(texts, row, where, 'two texts, prompt and completion');
      const [prompt, completion] = [withoutCr(parsed.prompt), withoutCr(parsed.completion)];
      if (completion === '')
        throw badInput(`${where} has nothing to learn: got an empty completion, expected some text`);
      const text = prompt + completion;
      return { name: where, text, learned: [[prompt.length, text.length]] };
    }
  }
  const text = row[field];
  if (typeof text === 'string') return { name: where, text: withoutCr(text) };
  const others = field === TEXT_FIELD ? ', messages, or prompt and completion' : '';
  throw badInput(
    `${where} has no text: got ${Object.hasOwn(row, field) ? typeof text : 'no'} field "${field}", expected a string there${others}: name another field (--text-field)`,
  );
}

function shaped<T>(schema: z.ZodType<T>, row: unknown, where: string, expected: string): T {
  const { success, data, error } = schema.safeParse(row);
  if (success) return data;
  const [issue] = error.issues;
  throw badInput(`${where} is wrong at "${issue!.path.join('.')}": ${issue!.message}, expected ${expected}`);
}

function needed(template: RowReading['template'], where: string): ChatTemplate {
  const found = template();
  if (found) return found;
  throw badInput(
    `${where} is a conversation: got a tokenizer without a chat template, expected one with chat_template in its tokenizer_config.json or a chat_template.jinja beside it: take a model's own tokenizer, or rows of prompt and completion`,
  );
}
