/** @file The tasks that have published files, by name. */
import { arcChallenge, arcEasy } from './arc.ts';
import { boolq } from './boolq.ts';
import { hellaswag } from './hellaswag.ts';
import { lambadaOpenai, lambadaStandard } from './lambada.ts';
import { piqa } from './piqa.ts';
import type { Task } from './task.ts';
import { wikitext } from './wikitext.ts';
import { winogrande } from './winogrande.ts';

const list = [
  lambadaOpenai,
  lambadaStandard,
  hellaswag,
  winogrande,
  arcEasy,
  arcChallenge,
  piqa,
  boolq,
  wikitext,
];

export const tasks: ReadonlyMap<string, Task> = new Map(list.map((task) => [task.name, task]));
