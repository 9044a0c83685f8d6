/** @file Every chart of every study, from models so small that all take seconds; names and counts are those of full studies. */
import {
  fullAlignment,
  fullFormats,
  fullOptimizer,
  fullRecipes,
  fullStudy,
  fullThroughput,
  fullWatch,
  memoryParts,
  type StudyResult,
  studyAlignment,
  studyFormats,
  studyInstability,
  studyOptimizer,
  studyRecipes,
  studyThroughput,
  studyWatch,
} from '@octavo/lab';
import { createDevice } from '@octavo/trainer';

const model = {
  ...{ vocabularySize: 256, hiddenSize: 16, layers: 3, heads: 2, keyValueHeads: 2, ffnSize: 24 },
  ...{ contextLength: 16, ropeTheta: 10_000, normEpsilon: 1e-5, tiedHead: false },
};
const small = { model, batch: 2, sequence: 16 };
/** Letters, and `?` once in 5,000 bytes. */
const bytes = Uint8Array.from({ length: 40_000 }, (_, i) =>
  i % 5000 === 1234 ? 63 : 97 + ((i * i + (i >> 3)) % 11),
);
const sentence = 'A sheet folded twice is a quarto. Folded three times it is an octavo. ';
const english = (times: number): Uint8Array => new TextEncoder().encode(sentence.repeat(times));

/** Vega-Lite specifications by study and name. */
export async function studyCharts(): Promise<ReadonlyMap<string, object>> {
  const device = await createDevice('simd', { threads: 1 });
  const common = () => ({ seeds: [1, 2], device, bytes, heldOut: english(5), parts: memoryParts() });
  const results: Readonly<Record<string, () => Promise<StudyResult>>> = {
    instability: () =>
      studyInstability({
        ...common(),
        settings: { ...fullStudy, ...small, baseSteps: 6, steps: 24, spikeEvery: 8, specialSteps: 0 },
      }),
    alignment: () =>
      studyAlignment({
        ...common(),
        settings: { ...fullAlignment, ...small, steps: 20, warmup: 2, sampleEvery: 5, iterations: 40 },
      }),
    formats: () =>
      studyFormats({
        ...common(),
        settings: { ...fullFormats, ...small, baseSteps: 6, history: 2, tokens: 24 },
      }),
    optimizer: () =>
      studyOptimizer({
        ...common(),
        settings: { ...fullOptimizer, ...small, baseSteps: 4, steps: 24, scratchSteps: 24 },
      }),
    recipes: () =>
      studyRecipes({
        ...common(),
        bytes: english(60),
        settings: { ...fullRecipes, ...small, steps: 24, warmup: 2, windows: 4, passages: 4 },
      }),
    throughput: () =>
      studyThroughput({
        ...common(),
        settings: {
          ...fullThroughput,
          models: fullThroughput.models.map((full) => ({ ...full, model, sequence: 16 })),
          rounds: 1,
        },
      }),
    watch: () =>
      studyWatch({
        ...common(),
        settings: {
          ...{ ...fullWatch, ...small, baseSteps: 6, steps: 24, spikeEvery: 12 },
          ...{ moved: 1e-4, broken: 3e-4, healthySteps: 6, scratchSteps: 6, alignedSteps: 6 },
        },
      }),
  };
  const charts = new Map<string, object>();
  for (const [study, run] of Object.entries(results))
    for (const [name, chart] of Object.entries((await run()).charts)) charts.set(`${study}-${name}`, chart);
  await device.destroy();
  return charts;
}
