/** @file A run that starts from a Hugging Face folder: what it takes over, what it refuses, and the folder that comes back. */
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { byteTokenizer, tokenizerFiles } from '@octavo/data';
import { openModel, valuesOf } from '@octavo/exchange';
import { counterRandom } from '@octavo/formats';
import { configToHuggingFace, huggingFaceTensors, type LlamaConfig } from '@octavo/llama';
import { encodeSafetensors, writeSafetensorsFolder } from '@octavo/store';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { babble, lines, octavo } from './support.ts';

const config: LlamaConfig = {
  ...{ vocabularySize: 259, hiddenSize: 24, layers: 2, heads: 3, keyValueHeads: 1, ffnSize: 40 },
  ...{ contextLength: 32, ropeTheta: 10_000, normEpsilon: 1e-5, tiedHead: true },
};

const TEMPLATE =
  "{% for message in messages %}{{ '<' + message.role + '>' + message.content + '\\n' }}{% endfor %}{% if add_generation_prompt %}{{ '<assistant>' }}{% endif %}";

let folder: string;
const at = (...path: string[]): string => join(folder, ...path);

/** A model as transformers saves one, weights of this seed; more in its configuration than we read. */
async function saveModel(name: string, seed: number): Promise<void> {
  const records = huggingFaceTensors(config).map(({ name, shape }, tensor) => {
    const length = shape.reduce((a, b) => a * b, 1);
    const uniform = (i: number): number => counterRandom(seed * 1000 + tensor, i) / 2 ** 31 - 1;
    const values = Float32Array.from({ length }, (_, i) => (shape.length === 1 ? 1 : uniform(i) / 4));
    return { name, shape, dtype: 'BF16' as const, data: encodeSafetensors('BF16', values) };
  });
  await writeSafetensorsFolder(at(name), records, { shardBytes: 1e9, metadata: { format: 'pt' } });
  const json = configToHuggingFace(config, { dtype: 'bfloat16', bos: 0, eos: 0 });
  const files = (await tokenizerFiles(byteTokenizer()))!;
  writeFileSync(at(name, 'config.json'), JSON.stringify({ ...json, transformers_version: '5.0' }));
  writeFileSync(at(name, 'generation_config.json'), '{"temperature": 0.3}');
  writeFileSync(at(name, 'chat_template.jinja'), TEMPLATE);
  writeFileSync(at(name, 'tokenizer.json'), files.tokenizer);
  writeFileSync(at(name, 'tokenizer_config.json'), files.config!);
}

const shape = ['--batch', '2', '--sequence', '16', '--sample-every', '0', '--evaluate-every', '0'];
const train = (...more: string[]) =>
  octavo(
    ['train', '--device', 'simd', '--threads', '1', '--library', 'off', ...shape, '--json', ...more],
    folder,
  );

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'octavo-init-'));
  writeFileSync(at('text.txt'), babble(2000));
  writeFileSync(at('other.txt'), babble(2100));
  await saveModel('llama', 1);
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Every tensor of a model, by name. */
async function weightsOf(path: string): Promise<Map<string, Float32Array>> {
  const source = await openModel(path);
  const weights = new Map<string, Float32Array>();
  for (const { name } of source.tensors) weights.set(name, valuesOf(await source.read(name)));
  await source.close();
  return weights;
}

describe('a run that starts from a folder', () => {
  test('begins with its weights, its shape and its tokenizer, and becomes a folder of the same files', async () => {
    const still = ['--learning-rate', '1e-30', '--steps', '2', '--recipe', 'fp8-full'];
    const made = await train('--init', 'llama', '--data', 'text.txt', '--out', 'still', ...still);
    expect([made.code, made.stderr]).toEqual([0, '']);
    const [start] = lines(made.stdout);
    expect(start).toMatchObject({ event: 'start', model: 'llama', init: at('llama'), resumedFrom: 0 });
    expect((start!.memory as { total: number }).total).toBeGreaterThan(100_000);
    expect((await octavo(['convert', 'still', 'back'], folder)).code).toBe(0);
    const [before, after] = [await weightsOf(at('llama')), await weightsOf(at('back'))];
    expect([...after.keys()]).toEqual([...before.keys()]);
    for (const [name, values] of before)
      for (const [i, value] of after.get(name)!.entries())
        expect(Math.abs(value - values[i]!)).toBeLessThanOrEqual(2 ** -8 * Math.abs(values[i]!)); // FP16 masters, BF16 weights
    for (const name of [
      'tokenizer.json',
      'tokenizer_config.json',
      'chat_template.jinja',
      'generation_config.json',
    ])
      expect(readFileSync(at('back', name), 'utf8')).toBe(readFileSync(at('llama', name), 'utf8'));
    const json = (name: string) => JSON.parse(readFileSync(at(name, 'config.json'), 'utf8'));
    expect(json('back')).toEqual(json('llama'));
  }, 60_000);

  test('learns from where it starts, and goes on after an interruption to the same bits', async () => {
    const run = [
      '--init',
      'llama',
      '--data',
      'text.txt',
      '--learning-rate',
      '1e-3',
      '--checkpoint-every',
      '2',
    ];
    const whole = await train(...run, '--steps', '4', '--out', 'whole');
    expect([whole.code, whole.stderr]).toEqual([0, '']);
    const losses = lines(whole.stdout).filter(({ event }) => event === 'step');
    expect(losses.at(-1)!.loss as number).toBeLessThan(losses[0]!.loss as number);
    // killed after its second step's checkpoint: what is left is resumed
    cpSync(at('whole'), at('part'), { recursive: true });
    for (const name of ['step-00000004.arrow']) rmSync(at('part', 'checkpoints', name));
    const resumed = await octavo(['train', '--resume', '--out', 'part', '--json'], folder);
    expect([resumed.code, resumed.stderr]).toEqual([0, '']);
    expect(lines(resumed.stdout)[0]).toMatchObject({ event: 'start', resumedFrom: 2, init: at('llama') });
    const last = join('checkpoints', 'step-00000004.arrow');
    expect(readFileSync(at('part', last)).equals(readFileSync(at('whole', last)))).toBe(true);
    // killed before its first checkpoint: it starts from the folder once more
    cpSync(at('whole'), at('none'), { recursive: true });
    for (const name of readdirSync(at('none', 'checkpoints'))) rmSync(at('none', 'checkpoints', name));
    const again = await octavo(['train', '--resume', '--out', 'none', '--json'], folder);
    expect([again.code, again.stderr]).toEqual([0, '']);
    expect(readFileSync(at('none', last)).equals(readFileSync(at('whole', last)))).toBe(true);
  }, 60_000);

  test('a folder that is another now is refused where the run has no checkpoint yet', async () => {
    cpSync(at('whole'), at('moved'), { recursive: true });
    for (const name of readdirSync(at('moved', 'checkpoints'))) rmSync(at('moved', 'checkpoints', name));
    cpSync(at('llama'), at('kept'), { recursive: true });
    await saveModel('llama', 2);
    const { code, stderr } = await octavo(['train', '--resume', '--out', 'moved'], folder);
    rmSync(at('llama'), { recursive: true });
    cpSync(at('kept'), at('llama'), { recursive: true });
    expect([code, stderr]).toEqual([
      2,
      expect.stringContaining('is no longer the model that the run started'),
    ]);
  }, 60_000);

  test('learns the answers of conversations, by the template that came with the model, which goes with the run', async () => {
    const chats = Array.from({ length: 200 }, (_, i) => [
      { role: 'user', content: `${babble(5 + (i % 7))}?` },
      { role: 'assistant', content: 'yes' },
    ]);
    writeFileSync(at('chats.jsonl'), chats.map((messages) => `${JSON.stringify({ messages })}\n`).join(''));
    cpSync(at('llama'), at('talker'), { recursive: true });
    const run = ['--data', 'chats.jsonl', '--learning-rate', '3e-2', '--recipe', 'bf16'];
    const made = await train('--init', 'talker', ...run, '--steps', '40', '--out', 'chats');
    expect([made.code, made.stderr]).toEqual([0, '']);
    const losses = lines(made.stdout).flatMap(({ event, loss }) =>
      event === 'step' ? [loss as number] : [],
    );
    expect(losses.at(-1)!).toBeLessThan(losses[0]! / 4); // the questions are not to be guessed
    rmSync(at('talker'), { recursive: true });
    const resumed = await octavo(['train', '--resume', '--out', 'chats', '--steps', '41', '--json'], folder);
    expect([resumed.code, resumed.stderr]).toEqual([0, '']);
  }, 60_000);

  test('evaluates and generates from the folder itself', async () => {
    const options = ['--device', 'simd', '--threads', '1', '--library', 'off'];
    for (const recipe of ['fp8', 'fp8-full', 'bf16']) {
      const made = await octavo(
        ['generate', 'llama', '--prompt', 'lorem', '--tokens', '4', '--recipe', recipe, ...options],
        folder,
      );
      expect([made.code, made.stdout.startsWith('lorem')]).toEqual([0, true]);
    }
    const told = await octavo(['eval', 'llama', '--data', 'text.txt', '--json', ...options], folder);
    expect([told.code, lines(told.stdout)[0]!.event]).toEqual([0, 'evaluation']);
  }, 60_000);
});

describe('refused by name', () => {
  test.each([
    ['a model beside it', ['--model', 'nano'], 'model: got "nano" beside init'],
    ['another tokenizer', ['--tokenizer', 'byte'], 'tokenizer: got "byte", expected that of init'],
    [
      'sequences beyond its context',
      ['--sequence', '64'],
      "got 64, expected at most the model's contextLength, 32",
    ],
  ])('%s', async (_, more, why) => {
    const { code, stderr } = await train(
      '--init',
      'llama',
      '--data',
      'text.txt',
      '--out',
      'refused',
      ...more,
    );
    expect([code, stderr]).toEqual([2, expect.stringContaining(why)]);
  });

  test('nothing there, a folder without a tokenizer, another start of a run that is resumed', async () => {
    const none = await train('--init', 'nowhere', '--data', 'text.txt');
    expect([none.code, none.stderr]).toEqual([2, expect.stringContaining('no such file or folder')]);
    cpSync(at('llama'), at('mute'), { recursive: true });
    rmSync(at('mute', 'tokenizer.json'));
    const mute = await train('--init', 'mute', '--data', 'text.txt');
    expect([mute.code, mute.stderr]).toEqual([2, expect.stringContaining('has no tokenizer.json')]);
    const large = await train('--init', 'mute', '--data', 'text.txt', '--tokenizer', 'llama2');
    expect([large.code, large.stderr]).toEqual([2, expect.stringContaining('tokenizer llama2 does not fit')]);
    const other = await octavo(['train', '--resume', '--init', 'mute', '--out', 'whole'], folder);
    expect([other.code, other.stderr]).toEqual([2, expect.stringContaining('began with another init')]);
  }, 60_000);
});
