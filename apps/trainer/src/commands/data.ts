/** @file `octavo data prepare`: text into Arrow token shards, once, so that training begins at once. */
import { resolve } from 'node:path';
import { loadTokenizer, prepare, readDocuments } from '@octavo/data';
import type { Command } from 'commander';
import { number } from '../config/fields.ts';
import { catchInterrupts } from '../interrupt.ts';
import { examples, type GlobalOptions, numeric, renamedOption } from '../options.ts';
import { plural } from '../output/format.ts';
import { toLine } from '../output/json.ts';

interface PrepareOptions extends GlobalOptions {
  readonly out: string;
  readonly tokenizer: string;
  readonly heldOut: number;
  readonly textField: string;
  readonly overwrite?: true;
}

export function addDataCommand(program: Command): void {
  const data = program
    .command('data')
    .summary('prepare text for training')
    .description('Prepare text for training.')
    .helpCommand(false);
  const command = data
    .command('prepare')
    .summary('tokenize text into a folder of Arrow shards')
    .description(
      'Tokenize text into a folder of Arrow shards, which octavo train --data reads. The end of the text is held out.',
    )
    .argument('<input...>', 'text files, folders of them, JSONL files, or JSON arrays')
    .requiredOption('--out <dir>', 'the folder to make')
    .option('--tokenizer <name|file>', 'byte, llama2, or a tokenizer.json', 'byte')
    .option(
      '--held-out <fraction>',
      'share of the text that is held out; 0: none',
      numeric(number(0, 0.5)),
      0.05,
    )
    .option('--text-field <key>', 'the key of a JSONL line that holds its text', 'text')
    .option('--overwrite', 'replace prepared data that is in the folder')
    .addOption(renamedOption('--validation', '--held-out'));
  examples(command, [
    ['octavo data prepare books/ --out prepared', 'bytes'],
    ['octavo data prepare corpus.jsonl --out prepared --tokenizer llama2', 'Llama2’s 32,000 tokens'],
  ]);
  command.action(async (inputs: string[], _, invoked: Command) => {
    const {
      out,
      tokenizer,
      heldOut: fraction,
      textField,
      overwrite,
      json,
    } = invoked.optsWithGlobals<PrepareOptions>();
    const note = (message: string): unknown => process.stderr.write(`octavo: note: ${message}\n`);
    const interrupt = catchInterrupts();
    const index = await prepare(
      readDocuments(inputs, { field: textField, warn: note }),
      await loadTokenizer(tokenizer),
      resolve(out),
      { heldOutFraction: fraction, overwrite: overwrite === true, signal: interrupt.signal },
    ).finally(() => interrupt.release());
    const { train, validation: heldOut } = index.splits;
    if (json) process.stdout.write(toLine({ event: 'prepared', folder: out, ...index }));
    else {
      const held = heldOut ? `${plural(heldOut.tokens, 'token')} held out` : 'none held out';
      process.stdout.write(
        `${out}: ${plural(train.tokens, 'token')} of ${plural(train.documents, 'document')} to train on, ${held}\n`,
      );
    }
  });
}
