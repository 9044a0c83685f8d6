/** @file The studies by name: a new one is one line here and a folder beside the others. */
import { alignment } from './alignment/index.ts';
import type { Study } from './engine/study.ts';
import { formats } from './formats/index.ts';
import { instability } from './instability/index.ts';
import { optimizer } from './optimizer/index.ts';
import { recipes } from './recipes/index.ts';
import { throughput } from './throughput/index.ts';
import { watch } from './watch/index.ts';

/** Each has its own kind of settings; whoever runs one passes its `full` or `quick` settings, or a changed copy. */
export const studies = {
  alignment,
  formats,
  instability,
  optimizer,
  recipes,
  throughput,
  watch,
} satisfies Readonly<Record<string, unknown>>;

export type StudyName = keyof typeof studies;

/** The study of that name, its settings' type forgotten. */
export const studyOf = (name: StudyName): Study => studies[name] as unknown as Study;

/** Each by itself, with its own kind of settings. */
export const studyAlignment = studies.alignment.run;
export const studyFormats = studies.formats.run;
export const studyInstability = studies.instability.run;
export const studyOptimizer = studies.optimizer.run;
export const studyRecipes = studies.recipes.run;
export const studyThroughput = studies.throughput.run;
export const studyWatch = studies.watch.run;
