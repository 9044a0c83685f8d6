/** @file The throughput study: the paper's speed and memory rows beside a training step measured here. */
import { type Row, tableOf, where } from '../engine/rows.ts';
import { held } from '../engine/statements.ts';
import { type Job, resultsOf, runJobs, type Study, seedJob } from '../engine/study.ts';
import { storesRealBytes } from '../training/meter.ts';
import { chartsOf } from './charts.ts';
import { type Memory, measureMemory, measureSpeed, type Speed } from './measure.ts';
import { type Comparison, compare, type NamedMemory, type NamedSpeed, stateBytes } from './results.ts';
import { fullThroughput, quickThroughput, type ThroughputSettings } from './settings.ts';
import { statementsOf } from './statements.ts';
import { markdownOf } from './text.ts';

/** A seed is one more run of all turns. The text is not looked at. */
export const throughput: Study<ThroughputSettings> = {
  summary: "the paper's speed and memory beside a training step here; FP8 is emulated, its bytes are real",
  full: fullThroughput,
  quick: quickThroughput,
  async run(options, onProgress) {
    const { settings, seeds, device, parts, signal } = options;
    const { models, recipes, rounds } = settings;
    const memoryJobs = (storesRealBytes(device) ? models : []).map(
      (one): Job => ({
        ...{ seed: 0, words: ['memory', one.name] },
        key: `memory.${one.name}`,
        name: `memory, ${one.name}`,
        async run(onShare) {
          const all: Memory[] = [];
          for (const [i, recipe] of recipes.entries()) {
            signal?.throwIfAborted();
            all.push(...(await measureMemory(device, one, recipe)));
            onShare((i + 1) / recipes.length);
          }
          return all;
        },
      }),
    );
    const speedJobs = seeds.flatMap((seed) =>
      models.map((one) =>
        seedJob(seed, [one.name], (onShare) =>
          measureSpeed(device, one, settings, { seed, signal, onShare }),
        ),
      ),
    );
    const done = await runJobs([...memoryJobs, ...speedJobs], parts, onProgress);
    const memories: NamedMemory[] = resultsOf<Memory[]>(done.slice(0, memoryJobs.length), 'memory').flatMap(
      ({ of: model, result }) => result.map((memory) => ({ ...memory, model })),
    );
    const speeds = done
      .slice(memoryJobs.length)
      .flatMap(({ seed, words: [model], result }) =>
        (result as Speed[]).map((speed): NamedSpeed => ({ ...speed, model: model!, seed })),
      );
    const comparisons = compare(settings, speeds, memories);
    const claims = held(statementsOf(settings, comparisons), comparisons);
    const about = { device: device.description, seeds, rounds };
    return {
      tables: { speed: speedTable(settings, speeds), memory: memoryTable(comparisons) },
      charts: chartsOf(comparisons, seeds.length),
      summary: { claims, markdown: markdownOf(comparisons, claims, about) },
    };
  },
};

const speedTable = ({ models }: ThroughputSettings, speeds: readonly NamedSpeed[]) =>
  tableOf(
    `seed int, model text, batch int, sequence int, recipe text, milliseconds number,
     tokensPerSecond number, ofBf16 number, products number, fp8Products number`,
    speeds.map((speed): Row => {
      const { seed, model, batch } = speed;
      const base = where(speeds, { recipe: 'bf16', seed, model, batch })[0]!;
      return {
        ...speed,
        sequence: models.find(({ name }) => name === speed.model)!.sequence,
        ofBf16: base.milliseconds / speed.milliseconds,
      };
    }),
  );

/** Null where the device's bytes are not those of the formats. */
const memoryTable = (comparisons: readonly Comparison[]) =>
  tableOf(
    `name text, recipe text, parameters int, weights number, casts number, gradients number,
     master number, moment1 number, moment2 number, state number, peak number, peakChange number`,
    comparisons.map(({ memory, ...comparison }) => ({
      ...(memory && { ...memory, ...memory.perParameter, state: stateBytes(memory) }),
      ...comparison,
    })),
  );
