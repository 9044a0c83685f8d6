/** @file The training step of a study that needs the most memory, so that too large a study is refused before it begins. */
import type { LlamaConfig } from '@octavo/llama';
import { recipeOf, recipes } from '@octavo/nn';
import { memoryNeeded, type Workload } from '@octavo/trainer';
import { protocolRecipe } from './recipes.ts';

/** What the settings of every study say in one of two ways: one model, or several with a batch size each. */
interface StudyShape {
  readonly model?: LlamaConfig;
  readonly batch?: number;
  readonly sequence?: number;
  readonly models?: readonly {
    readonly model: LlamaConfig;
    readonly sequence: number;
    readonly batches: readonly number[];
  }[];
  /** Absent: any that has a name. */
  readonly recipes?: readonly string[];
  readonly activations?: 'bf16' | 'fp32';
}

/** The step, over all models and recipes of a study's settings, whose reckoned peak (`memoryNeeded`) is the highest. */
export function largestWork(settings: object): Workload {
  const { models, recipes: names, activations, ...one } = settings as StudyShape;
  const shapes = models?.map((each) => ({ ...each, batch: Math.max(...each.batches) })) ?? [
    { model: one.model!, batch: one.batch!, sequence: one.sequence! },
  ];
  const works = shapes.flatMap((shape) =>
    (names ?? Object.keys(recipes)).map((name): Workload => {
      const { model, batch, sequence } = shape;
      const recipe = activations === undefined ? recipeOf(name) : protocolRecipe(name, activations);
      return { kind: 'train', model, recipe, batch, sequence };
    }),
  );
  return works.reduce((most, work) => (memoryNeeded(work).total > memoryNeeded(most).total ? work : most));
}
