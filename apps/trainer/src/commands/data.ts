/** @file `octavo data prepare`: text into Arrow token shards, once, so that training begins at once. */
import { resolve } from 'node:path';
import { loadTokenizer, prepare, readDocuments } from '@octavo/data';
import { number } from '@octavo/trainer/record';
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
      'Tokenize text into a folder of Arrow shards, which octavo train --data reads. The end of the text is held out.',
    argument: ['<input...>', 'text, JSONL, JSON arrays (also .gz, .zst), Parquet, Arrow, or folders of them'],
    options: {
      out: required('<dir>', 'the folder to make'),
      tokenizer: withDefault('<name|file>', 'byte, llama2, or a tokenizer.json', 'byte'),
      heldOut: withDefault(
        '<fraction>',
        'share of the text that is held out; 0: none',
        0.05,
        numeric(number(0, 0.5)),
      ),
      textField: withDefault('<key>', 'the key or column that holds a row’s text', 'text'),
      overwrite: flag('replace prepared data that is in the folder'),
    },
    renamed: { '--validation': '--held-out' },
    examples: [
      ['octavo data prepare books/ --out prepared', 'bytes'],
      ['octavo data prepare corpus.jsonl --out prepared --tokenizer llama2', 'Llama2’s 32,000 tokens'],
      ['octavo data prepare corpus.jsonl.gz --out prepared --overwrite', 'packed text'],
    ],
    async run({ out, tokenizer, heldOut: heldOutFraction, textField, overwrite, json }, inputs: string[]) {
      const warn = (message: string): unknown => process.stderr.write(`octavo: note: ${message}\n`);
      const interrupt = catchInterrupts();
      const index = await prepare(
        readDocuments(inputs, { field: textField, warn }),
        await loadTokenizer(tokenizer),
        resolve(out),
        { heldOutFraction, overwrite, signal: interrupt.signal, onProgress: prepareProgress(json) },
      ).finally(() => interrupt.release());
      const { train, validation: heldOut } = index.splits;
      const held = heldOut ? `${plural(heldOut.tokens, 'token')} held out` : 'none held out';
      process.stdout.write(
        json
          ? toLine({ event: 'prepared', folder: out, ...index })
          : `${out}: ${plural(train.tokens, 'token')} of ${plural(train.documents, 'document')} to train on, ${held}\n`,
      );
    },
  });
}
