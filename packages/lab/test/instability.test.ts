import { createReferenceDevice } from '@octavo/kernels';
import { afterAll, describe, expect, it } from 'vitest';
import { memoryParts, type Parts, protocolRecipe, studyInstability } from '../src/index.ts';
import { gapsOf } from '../src/instability/results.ts';
import { overflowing } from '../src/training/recipes.ts';
import { textWithRareByte, tinyStudy } from './support.ts';

const device = createReferenceDevice();
afterAll(() => device.destroy());
const options = { settings: tinyStudy, seeds: [1], device, bytes: textWithRareByte() };

function counted(parts: Parts): Parts & { written: string[] } {
  const written: string[] = [];
  return {
    ...parts,
    written,
    write: async (key, value) => {
      written.push(key);
      await parts.write(key, JSON.parse(JSON.stringify(value)));
    },
  };
}

describe('studyInstability', () => {
  it('runs every recipe and control, and goes on from the parts that are done', {
    tags: 'slow',
  }, async () => {
    const store = memoryParts();
    const first = counted(store);
    const seen: number[] = [];
    const stop = new AbortController();
    const interrupted = studyInstability({ ...options, parts: first, signal: stop.signal }, (progress) => {
      seen.push(progress.done);
      if (progress.part.includes('smooth')) stop.abort();
    });
    await expect(interrupted).rejects.toThrow();
    expect(first.written).toEqual(['seed-1.base', 'seed-1.planted', 'seed-1.aged.bf16', 'seed-1.aged.fp8']);

    const second = counted(store);
    const resumed = await studyInstability({ ...options, parts: second });
    expect(second.written).toEqual([
      'seed-1.aged.fp8-smooth',
      'seed-1.rescaled.bf16',
      'seed-1.rescaled.fp8',
      'seed-1.dose.100000',
    ]);
    const whole = await studyInstability({ ...options, parts: memoryParts() });
    expect(resumed.summary).toEqual(whole.summary);
    expect(whole.tables.losses!.numRows).toBe((3 + 2) * tinyStudy.steps);
    expect(whole.tables.casts!.numRows).toBe((3 + 2) * tinyStudy.steps * tinyStudy.model.layers);
    expect(whole.tables.doses!.numRows).toBe(1);
    expect(Object.keys(whole.charts)).toEqual(['losses', 'gaps', 'underflows', 'doses']);
    expect(JSON.parse(JSON.stringify(whole.charts))).toEqual(whole.charts);
  });

  it('leaves nothing on the device', async () => {
    const before = device.memory().live;
    await studyInstability({
      ...options,
      settings: { ...tinyStudy, recipes: ['bf16', 'fp8'], controls: [], steps: 2, baseSteps: 1 },
      parts: memoryParts(),
    });
    expect(device.memory().live).toBe(before);
  });
});

describe('gapsOf', () => {
  const run = (recipe: string, losses: number[], broke: { step: number; where: string } | null = null) =>
    ({ seed: 1, arm: 'aged', recipe, losses, casts: [], broke }) as const;

  it('pairs losses, and takes the mean of the last half', () => {
    const [, gap] = gapsOf([run('bf16', [4, 3, 2, 1]), run('fp8', [4, 4, 2.5, 2])], 3);
    expect(gap!.gaps).toEqual([0, 1, 0.5, 1]);
    expect([gap!.lastGap, gap!.lastLoss, gap!.largestGap, gap!.quietGap]).toEqual([0.75, 2.25, 1, 0.5]);
  });

  it('is infinite where a run broke', () => {
    const [, gap] = gapsOf([run('bf16', [4, 3]), run('fp8', [4, Number.NaN], { step: 2, where: 'x' })], 2);
    expect(gap!.lastGap).toBe(Number.POSITIVE_INFINITY);
  });
});

describe('the recipes', () => {
  it('have E4M3 at 240 for inputs and weights, and E5M2 for gradients still', () => {
    const { output, gradInput, gradWeight } = protocolRecipe('fp8-240', 'bf16').linear;
    const casts = [output.input, output.weight, gradInput.weight, gradWeight.input];
    expect(casts.map((cast) => cast?.format)).toEqual(['e4m3', 'e4m3', 'e4m3', 'e4m3']);
    expect(gradInput.grad?.format).toBe('e5m2');
  });

  it('overflow in inputs and weights only, with the margin in every cast', () => {
    const recipe = overflowing(protocolRecipe('fp8-w3-bf16', 'bf16'), 2);
    const { output, gradInput } = recipe.linear;
    expect([output.input?.overflow, output.weight?.overflow, gradInput.grad?.overflow]).toEqual([
      'special',
      'special',
      'saturate',
    ]);
    expect([output.input?.policy, gradInput.grad?.policy]).toEqual([
      expect.objectContaining({ margin: 2 }),
      expect.objectContaining({ margin: 2 }),
    ]);
    expect(recipe.overrides.down?.output.input).toBeNull();
  });
});
