/** @file `octavo data prepare`: text into Arrow token shards, once, so that training begins at once. */
import { resolve } from 'node:path';
import { loadTokenizer, prepare, readDocuments, tokenizerRequest } from '@octavo/data';
import { integer, number } from '@octavo/trainer/record';
import type { Command } from 'commander';
import { addCommand } from '../command.ts';
import { catchInterrupts } from '../interrupt.ts';
import { flag, numeric, required, withDefault } from '../options.ts';
import { plural } from '../output/format.ts';
import { toLine } from '../output/json.ts';
import { prepareProgress } from '../output/prepare-progress.ts';

export function addDataCommand(program: Command): void {
  const data = program
    .command('data')
    .summary('prepare text for training')
    .description('Prepare text for training.')
    .helpCommand(false);
  addCommand(data, {
    name: 'prepare',
    summary: 'tokenize text into a folder of Arrow shards',
    description:
      'Tokenize text into a folder of Arrow shards, which octavo train --data reads. The end of the text is held out. A command that was stopped or killed goes on when it is given again.',
    argument: ['<input...>', 'text, JSONL, JSON arrays (also .gz, .zst), Parquet, Arrow, or folders of them'],
    options: {
      out: required('<dir>', 'the folder to make'),
      tokenizer: withDefault(
        '<name|file>',
        'byte, llama2, a tokenizer.json, or bpe:N: N tokens (512 to 65536) learnt from the training text',
        'byte',
      ),
      heldOut: withDefault(
        '<fraction>',
        'share of the text that is held out; 0: none',
        0.05,
        numeric(number(0, 0.5)),
      ),
      textField: withDefault('<key>', 'the key or column that holds a row’s text', 'text'),
      shardTokens: withDefault('<n>', 'tokens a shard has at most', 2 ** 24, numeric(integer(1, 2 ** 31))),
      overwrite: flag('replace prepared data that is in the folder'),
      restart: flag('begin anew where an earlier command was stopped, instead of going on'),
    },
    renamed: { '--validation': '--held-out' },
    examples: [
      ['octavo data prepare books/ --out prepared', 'bytes'],
      ['octavo data prepare corpus.jsonl --out prepared --tokenizer llama2', 'Llama2’s 32,000 tokens'],
      ['octavo data prepare corpus.jsonl --out prepared --tokenizer bpe:8000', 'a tokenizer of its own'],
      ['octavo data prepare corpus.jsonl.gz --out prepared --overwrite', 'packed text'],
    ],
    async run(given, inputs: string[]) {
      const { out, tokenizer, heldOut: heldOutFraction, textField, json } = given;
      const { shardTokens, overwrite, restart } = given;
      const warn = (message: string): unknown => process.stderr.write(`octavo: note: ${message}\n`);
      const interrupt = catchInterrupts();
      const request = tokenizerRequest(tokenizer);
      const maker = request ?? (await loadTokenizer(tokenizer));
      const index = await prepare(
        readDocuments(inputs, { field: textField, warn, ...('encode' in maker && { tokenizer: maker }) }),
        maker,
        resolve(out),
        {
          ...{ heldOutFraction, shardTokens, overwrite, restart },
          ...{ signal: interrupt.signal, onProgress: prepareProgress(json) },
        },
      ).finally(() => interrupt.release());
      const { train, validation: heldOut } = index.splits;
      const held = heldOut ? `${plural(heldOut.tokens, 'token')} held out` : 'none held out';
      const learnt = request ? `; its tokenizer has ${plural(index.tokenizer.vocabularySize, 'token')}` : '';
      process.stdout.write(
        json
          ? toLine({ event: 'prepared', folder: out, ...index })
          : `${out}: ${plural(train.tokens, 'token')} of ${plural(train.documents, 'document')} to train on, ${held}${learnt}\n`,
      );
    },
  });
}
