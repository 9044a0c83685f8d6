/** @file Checks of the command's input: those of the trainer's records, with the word that may be meant. */
import { check as checkRecord } from '@octavo/trainer/record';
import type { z } from 'zod';
import { didYouMean } from './suggest.ts';

/** Parses or throws an `OctavoError` (exit code 2); `source` says where the value stands, such as a file's name. */
export const check = <Schema extends z.ZodType>(
  schema: Schema,
  value: unknown,
  source: string,
): z.output<Schema> => checkRecord(schema, value, source, didYouMean);
