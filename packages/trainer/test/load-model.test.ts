import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createReferenceDevice } from '@octavo/kernels';
import type { Llama } from '@octavo/llama';
import { type Recipe, recipeOf, type Site, smoothLayer } from '@octavo/nn';
import { newestWholeCheckpoint, openCheckpoint } from '@octavo/store';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import {
  batchLoss,
  checkpointFolder,
  createTraining,
  type LoadOptions,
  loadModel,
  type MissingHistory,
  openRunFiles,
  run,
} from '../src/index.ts';
import { circleSource, tinyModel, tinyPlan } from './support.ts';

const device = createReferenceDevice();
let folder: string;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'octavo-load-'));
  for (const name of ['fp8', 'bf16']) {
    const plan = tinyPlan(name, { steps: 3 });
    const files = await openRunFiles(join(folder, name), { plan, tokenizer: { name: 'test', hash: '0' } });
    const source = circleSource(plan);
    const training = createTraining(device, plan);
    for await (const _ of run({ training, source, heldOut: [], files })) void _;
    files.close();
  }
});
afterAll(() => rmSync(folder, { recursive: true }));

async function load(
  trainedIn: string,
  recipe?: Recipe,
  options: LoadOptions = {},
): Promise<{ model: Llama; said: MissingHistory[] }> {
  const said: MissingHistory[] = [];
  const { newest } = await newestWholeCheckpoint(checkpointFolder(join(folder, trainedIn)));
  const checkpoint = await openCheckpoint(newest!.path);
  const onMissingHistory = (missing: MissingHistory): number => said.push(missing);
  const model = await loadModel(device, checkpoint, recipe, { onMissingHistory, ...options });
  await checkpoint.close();
  return { model, said };
}

/** Two layers of four products: an input and a weight each. */
const CASTS = tinyModel.layers * 4 * 2;
const observed = ({ precision }: Llama, wanted: (site: Site) => boolean): number[] => [
  ...new Set(precision.sites.filter(wanted).map(({ state }) => state!.observed)),
];
const batches = (count: number) => {
  const source = circleSource(tinyPlan('fp8'));
  return Array.from({ length: count }, () => source.next());
};

it('its own recipe, or an equal one, brings every history and has nothing to say', async () => {
  const own = await load('fp8');
  const equal = await load('fp8', { ...recipeOf('fp8'), name: 'mine' });
  for (const { model, said } of [own, equal]) {
    expect(said).toEqual([]);
    expect(observed(model, () => true)).toEqual([3]);
  }
  expect(equal.model.precision.sites.map(({ state }) => state)).toEqual(
    own.model.precision.sites.map(({ state }) => state),
  );
  const current = await load('bf16', recipeOf('fp8-current'));
  expect(current.said).toEqual([]);
});

it('says of how many casts the checkpoint has no history, and what they do instead', async () => {
  const { model, said } = await load('bf16', recipeOf('fp8'));
  expect(said).toEqual([
    {
      recipe: 'fp8',
      trainedIn: 'bf16',
      casts: CASTS,
      of: CASTS,
      calibratedOn: 0,
      message: `recipe fp8: ${CASTS} of ${CASTS} casts have no history of maxima in this checkpoint, trained in bf16; they take each tensor’s own maximum, not delayed scales`,
    },
  ]);
  expect(observed(model, () => true)).toEqual([0]);
  const authors = await load('bf16', recipeOf('fp8-authors'));
  expect(authors.said[0]!.message).toMatch(/they take scale 1, not delayed scales$/);
});

it('takes over what was cast alike, smoothed alike', async () => {
  const missing = async (recipe: Recipe): Promise<number | undefined> =>
    (await load('fp8', recipe)).said[0]?.casts;
  expect(await missing(recipeOf('fp8-smooth'))).toBe(2); // the input of down, in both layers
  expect(await missing(recipeOf('fp8-smooth-folded'))).toBe(4); // its weight too
  expect(await missing(smoothLayer(recipeOf('fp8'), 1))).toBe(1);
  expect(await missing(recipeOf('fp8-w3-bf16'))).toBeUndefined();
  const { model } = await load('fp8', recipeOf('fp8-smooth-folded'));
  const own = await load('fp8');
  for (const site of model.precision.sites) {
    const begins = site.name === 'down' && site.operand !== 'grad';
    expect(site.state).toEqual(
      begins ? expect.objectContaining({ observed: 0 }) : own.model.precision.sites[site.index]!.state,
    );
  }
});

it('calibrates them on text, and nothing else', async () => {
  const calibration = { batches: batches(2), sequence: 8 };
  const { model, said } = await load('fp8', recipeOf('fp8-smooth'), { calibration });
  expect(said[0]).toMatchObject({ casts: 2, calibratedOn: 2 });
  expect(said[0]!.message).toMatch(/calibrated on 2 batches of text$/);
  const isSmoothed = ({ name, operand }: Site): boolean => name === 'down' && operand === 'input';
  expect(observed(model, isSmoothed)).toEqual([2]);
  expect(observed(model, (site) => !isSmoothed(site))).toEqual([3]);
  for (const { state } of model.precision.sites.filter(isSmoothed))
    expect(state!.history.every((amax) => amax > 0.5 && amax <= 1)).toBe(true);

  // Calibrated on a batch, the loss of that batch is that of the tensors' own maxima.
  const [batch] = batches(1);
  const one = await load('bf16', recipeOf('fp8'), { calibration: { batches: [batch!], sequence: 8 } });
  const none = await load('bf16', recipeOf('fp8'));
  expect(await batchLoss(one.model, batch!, 8)).toEqual(await batchLoss(none.model, batch!, 8));
  // Gradients were not seen: no scale is made up for them.
  expect(observed(one.model, ({ operand }) => operand === 'grad')).toEqual([0]);
});

it('is not silent where nobody listens', async () => {
  const warn = vi.spyOn(console, 'warn').mockImplementation(() => {});
  const { newest } = await newestWholeCheckpoint(checkpointFolder(join(folder, 'bf16')));
  const checkpoint = await openCheckpoint(newest!.path);
  await loadModel(device, checkpoint, recipeOf('fp8'));
  await checkpoint.close();
  expect(warn.mock.calls).toEqual([[expect.stringMatching(/^recipe fp8: 16 of 16 casts have no history/)]]);
  warn.mockRestore();
});
