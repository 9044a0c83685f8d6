/** @file What of a document is learned: prompts and conversations from their rows to the targets of a batch. */
import { copyFileSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it, test } from 'vitest';
import {
  byteTokenizer,
  createLoader,
  openHeldOut,
  openPrepared,
  prepare,
  readDocuments,
  type TextDocument,
  type Tokenizer,
  tokenizerFromFile,
  windows,
} from '../src/index.ts';
import { temporaryFolder } from './temporary-folder.ts';

const folder = temporaryFolder();
const at = (...path: string[]): string => join(folder, ...path);
const rows = (name: string, ...values: unknown[]): string => {
  writeFileSync(at(name), values.map((value) => `${JSON.stringify(value)}\n`).join(''));
  return at(name);
};

const CHATML =
  "{% for message in messages %}{% if loop.first and messages[0]['role'] != 'system' %}{{ '<|im_start|>system\nBe kind.<|im_end|>\n' }}{% endif %}{{'<|im_start|>' + message['role'] + '\n' + message['content'] + '<|im_end|>' + '\n'}}{% endfor %}{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}";
const LLAMA2 =
  "{% for message in messages %}{% if message['role'] == 'user' %}{{ bos_token + '[INST] ' + message['content'] + ' [/INST]' }}{% elif message['role'] == 'assistant' %}{{ ' ' + message['content'] + ' ' + eos_token }}{% else %}{{ raise_exception('Only user and assistant roles are supported!') }}{% endif %}{% endfor %}";

/** The byte-level BPE of the fixtures under a chat template. */
async function withTemplate(name: string, template: unknown, jinja?: string): Promise<Tokenizer> {
  mkdirSync(at(name));
  copyFileSync(new URL('./fixtures/bpe.json', import.meta.url), at(name, 'tokenizer.json'));
  const config = { bos_token: '<s>', eos_token: { content: '</s>' }, chat_template: template };
  writeFileSync(at(name, 'tokenizer_config.json'), JSON.stringify(config));
  if (jinja !== undefined) writeFileSync(at(name, 'chat_template.jinja'), jinja);
  return tokenizerFromFile(at(name));
}

async function read(path: string, tokenizer?: Tokenizer): Promise<TextDocument[]> {
  const found: TextDocument[] = [];
  for await (const document of readDocuments(path, { tokenizer })) found.push(document);
  return found;
}

/** The stretches of a document that are learned. */
const learnedOf = ({ text, learned = [[0, text.length]] }: TextDocument): string[] =>
  learned.map(([from, to]) => text.slice(from, to));

const turn = (role: string, content: string) => ({ role, content });
const asked = [
  turn('user', 'How far?'),
  turn('assistant', 'Far.'),
  turn('user', 'Sure?'),
  turn('assistant', 'Yes.'),
];

describe('rows', () => {
  it('of a prompt and its completion are learned from the completion on; plain texts whole', async () => {
    const path = rows('pairs.jsonl', { prompt: '2+2=\r\n', completion: '4' }, { text: 'plain' }, 'text');
    const documents = await read(path);
    expect(documents.map(({ text }) => text)).toEqual(['2+2=\n4', 'plain', 'text']);
    expect(documents.map(learnedOf)).toEqual([['4'], ['plain'], ['text']]);
  });

  it('of messages become what the template makes of them, and the assistant’s part is learned with its end', async () => {
    const path = rows('chats.jsonl', { messages: asked });
    const [chatml] = await read(path, await withTemplate('chatml', CHATML));
    expect(chatml!.text).toBe(
      '<|im_start|>system\nBe kind.<|im_end|>\n<|im_start|>user\nHow far?<|im_end|>\n<|im_start|>assistant\nFar.<|im_end|>\n<|im_start|>user\nSure?<|im_end|>\n<|im_start|>assistant\nYes.<|im_end|>\n',
    );
    expect(learnedOf(chatml!)).toEqual(['Far.<|im_end|>\n', 'Yes.<|im_end|>\n']);
    expect(chatml!.complete).toBe(true);
    const named = [
      { name: 'tool_use', template: 'no' },
      { name: 'default', template: LLAMA2 },
    ];
    const [llama] = await read(path, await withTemplate('llama', named));
    expect(llama!.text).toBe('<s>[INST] How far? [/INST] Far. </s><s>[INST] Sure? [/INST] Yes. </s>');
    expect(learnedOf(llama!)).toEqual([' Far. </s>', ' Yes. </s>']);
    const [file] = await read(path, await withTemplate('file', 'not this one', LLAMA2));
    expect(file).toEqual(llama);
  });

  test.each(['chats.parquet', 'chats.arrow'])('of messages in %s, as pyarrow writes it', async (name) => {
    const path = fileURLToPath(new URL(`./fixtures/rows/${name}`, import.meta.url));
    const documents = await read(path, await withTemplate(name, CHATML));
    expect(documents.map(learnedOf)).toEqual([['Far.<|im_end|>\n'], ['Yes.<|im_end|>\n']]);
  });

  it('of a prompt and a completion that are messages are learned from the completion on', async () => {
    const path = rows('turns.jsonl', { prompt: asked.slice(0, 3), completion: asked.slice(3) });
    const [document] = await read(path, await withTemplate('turns', CHATML));
    expect(learnedOf(document!)).toEqual(['Yes.<|im_end|>\n']);
  });

  test.each([
    [
      'no template',
      { messages: asked },
      null,
      /pairs-0.jsonl:1 is a conversation: got a tokenizer without a chat template/,
    ],
    [
      'a role that it does not take',
      { messages: [turn('judge', 'x'), asked[1]] },
      LLAMA2,
      /Only user and assistant roles/,
    ],
    ['no answer', { messages: asked.slice(0, 1) }, CHATML, /got no message of role "assistant"/],
    [
      'a part that is no text',
      { messages: [{ role: 'user', content: 5 }] },
      CHATML,
      /wrong at "messages.0.content"/,
    ],
    ['no messages', { messages: [] }, CHATML, /wrong at "messages"/],
    ['an empty completion', { prompt: 'x', completion: '' }, CHATML, /got an empty completion/],
    ['a completion that is no text', { prompt: 'x', completion: 3 }, CHATML, /wrong at "completion"/],
    [
      'history that is rewritten',
      { messages: asked },
      '{{ messages|length }}{% for m in messages %}{{ m.content }}{% endfor %}',
      /writes message 2 otherwise/,
    ],
    ['a template that is none', { messages: asked }, '{% for %}', /from the chat template of tokenizer/],
    [
      'a template without end',
      { messages: asked },
      '{% for i in range(100000) %}{% for j in range(100000) %}{% endfor %}{% endfor %}',
      /it took longer than/,
    ],
    [
      'none of the fields',
      { story: 'x' },
      CHATML,
      /expected a string there, messages, or prompt and completion/,
    ],
  ])('%s: refused by name', async (name, row, template, why) => {
    const path = rows(`pairs-0.jsonl`, row);
    const tokenizer = template === null ? byteTokenizer() : await withTemplate(name, template);
    await expect(read(path, tokenizer)).rejects.toThrow(why);
  });

  it('do not depend on the day', async () => {
    const template =
      '{% if strftime_now is defined %}{{ strftime_now("%Y") }}{% endif %}{% for m in messages %}{{ m.content }}{% endfor %}';
    const [document] = await read(
      rows('day.jsonl', { messages: asked }),
      await withTemplate('day', template),
    );
    expect(document!.text).toBe('How far?Far.Sure?Yes.');
  });
});

describe('tokens', () => {
  const pairs = Array.from({ length: 40 }, (_, i) => ({
    prompt: `What follows ${i}? It is `,
    completion: `${i + 1}, as ever.`,
  }));

  it('of a prompt are read, those of a completion and its end are targets, in every shard and batch', async () => {
    const tokenizer = byteTokenizer();
    const input = readDocuments(rows('forty.jsonl', ...pairs));
    const index = await prepare(input, tokenizer, at('forty'), { heldOutFraction: 0, shardTokens: 333 });
    expect(index.splits.train.shards.length).toBeGreaterThan(3);
    const prepared = await openPrepared(at('forty'));
    const tokens = await prepared.train.read(0, prepared.train.length);
    const learned = await prepared.train.learned!(0, prepared.train.length);
    const kept = (from: number, to: number) => Array.from(learned.subarray(from, to)).join('');
    let offset = 0;
    for (const { prompt, completion } of pairs) {
      const end = offset + prompt.length + completion.length + 1;
      expect(kept(offset, end)).toBe('0'.repeat(prompt.length) + '1'.repeat(completion.length + 1));
      offset = end;
    }
    expect(offset).toBe(tokens.length);
    const expected = (i: number): number => (learned[i + 1] ? tokens[i + 1]! : -1);
    let first = 0;
    for await (const { targets, tokens: given, count } of windows(prepared.train, { sequence: 50 })) {
      const size = Math.min(50, tokens.length - 1 - first);
      expect(Array.from(given.subarray(0, size))).toEqual(Array.from(tokens.subarray(first, first + size)));
      expect(Array.from(targets.subarray(0, size))).toEqual(
        Array.from({ length: size }, (_, i) => expected(first + i)),
      );
      expect(count).toBe(targets.filter((target) => target >= 0).length);
      first += size;
    }
    const loader = createLoader(prepared.train, { batch: 3, sequence: 32, seed: 1 });
    const batch = await loader.next();
    expect(batch.targets.some((target) => target < 0)).toBe(true);
    for (const [i, target] of batch.targets.entries())
      if (target >= 0 && i % 32 < 31) expect(target).toBe(batch.tokens[i + 1]);
    await prepared.close();
  });

  it('that lie over the beginning of a completion belong to it, as they do where a model reads the whole', async () => {
    const tokenizer = await withTemplate('joined', CHATML);
    const whole = Array.from(tokenizer.encode('the people of the land'));
    const halves = ['the peo', 'ple of the land'];
    const input = readDocuments(
      rows('one.jsonl', ...Array(3).fill({ prompt: halves[0], completion: halves[1] })),
    );
    await prepare(input, tokenizer, at('one'), { heldOutFraction: 0 });
    const prepared = await openPrepared(at('one'));
    const first = Array.from(await prepared.train.read(0, prepared.train.length / 3));
    expect(first.join()).toContain(whole.join());
    const learned = await prepared.train.learned!(0, first.length);
    const answer = first.filter((_, i) => learned[i]);
    expect(tokenizer.decode(answer).endsWith('ple of the land')).toBe(true);
    expect(answer.length).toBeLessThan(first.length);
    await prepared.close();
  });

  it('of text alone make the shards that they always made', async () => {
    await prepare([{ name: 'a', text: 'plain text' }], byteTokenizer(), at('plain'), { heldOutFraction: 0 });
    const prepared = await openPrepared(at('plain'));
    expect(prepared.train.learned).toBeUndefined();
    await prepared.close();
  });

  it('held out are whole conversations, and a byte is a byte of what is predicted', async () => {
    const tokenizer = byteTokenizer();
    const index = await prepare(readDocuments(rows('two.jsonl', pairs[0], pairs[1])), tokenizer, at('two'));
    expect([index.splits.train.documents, index.splits.validation!.documents]).toEqual([1, 1]);
    const options = { batch: 1, sequence: 16, tokens: 1e6, field: 'text' };
    const heldOut = await openHeldOut([at('two.jsonl')], tokenizer, options);
    const learned = [0, 1].reduce((sum, i) => sum + pairs[i]!.completion.length, 0);
    expect(heldOut.tokens).toBe(learned + 2);
    expect(heldOut.bytesPerToken).toBeCloseTo(learned / (learned + 2));
  });
});
