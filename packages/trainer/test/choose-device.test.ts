// @module-tag slow
import { existsSync } from 'node:fs';
import { createReferenceDevice } from '@octavo/kernels';
import { llamaConfigOf } from '@octavo/llama';
import { recipeOf, smoothLayer } from '@octavo/nn';
import { describe, expect, it } from 'vitest';
import { decide } from '../src/device/choose.ts';
import { answerForGpu, askGpu, type GpuAnswer } from '../src/device/gpu-process.ts';
import { fewerLayers } from '../src/device/trial.ts';
import { chooseDevice, tryDevice, type Workload } from '../src/index.ts';
import { tinyModel } from './support.ts';

const work: Workload = { kind: 'train', model: tinyModel, recipe: recipeOf('fp8'), batch: 2, sequence: 8 };
const absent: GpuAnswer = { works: false, reason: 'no WebGPU adapter answers', absent: true };
const options = (answer: GpuAnswer) => ({ work, threads: 1, ask: async () => answer });
/** A GPU of that speed, in tokens a second, that computes what the host computes. */
async function gpuOf(tokensPerSecond: number, error = 0): Promise<GpuAnswer> {
  const { loss } = await tryDevice(createReferenceDevice(), work);
  return {
    works: true,
    description: 'a GPU',
    trial: { tokensPerSecond, layers: 2, loss: loss * (1 + error) },
  };
}

describe('auto', () => {
  it('takes the faster, and says both figures', async () => {
    const fast = await decide('auto', options(await gpuOf(1e9)));
    expect(fast).toMatchObject({ taken: 'gpu:webgpu', layers: { tried: 2, of: 2 }, dropped: [] });
    expect(fast.tried.map(({ device }) => device)).toEqual(['simd', 'gpu:webgpu']);
    expect(fast.said).toMatch(
      /^auto: simd [\d,]+ tokens\/s, gpu:webgpu 1,000,000,000 tokens\/s; takes gpu:webgpu$/,
    );
    const slow = await decide('auto', options(await gpuOf(0.6)));
    expect(slow.said).toMatch(/^auto: simd [\d,]+ tokens\/s, gpu:webgpu 1 tokens\/s; takes simd$/);
    expect(slow.taken).toBe('simd');
  });

  it('drops a GPU that fails, or disagrees, with the reason', async () => {
    const reason = 'gpu:webgpu computes wrong numbers: cast got 0.3 at 0, expected -0.3125';
    const wrong = await decide('auto', options({ works: false, reason, absent: false }));
    expect(wrong).toMatchObject({ taken: 'simd', dropped: [{ device: 'gpu:webgpu', reason }] });
    expect(wrong.said).toBe(`auto: gpu:webgpu dropped: ${reason}; takes simd`);
    const apart = await decide('auto', options(await gpuOf(1e9, 0.1)));
    expect(apart.taken).toBe('simd');
    expect(apart.said).toMatch(
      /gpu:webgpu dropped: its first step has loss [\d.]+, that of simd [\d.]+; takes simd$/,
    );
    const nan = await decide('auto', options(await gpuOf(1e9, Number.NaN)));
    expect(nan.taken).toBe('simd');
  });

  it('has nothing to say where there is no GPU, and keeps why', async () => {
    const { device, choice } = await chooseDevice('auto', options(absent));
    expect(device.name).toBe('simd');
    expect(choice).toEqual({
      asked: 'auto',
      taken: 'simd',
      tried: [],
      layers: null,
      dropped: [{ device: 'gpu:webgpu', reason: 'no WebGPU adapter answers' }],
      said: null,
    });
    await device.destroy();
  });
});

it('gpu goes on as auto where none answers, and says so; gpu:webgpu does not', async () => {
  const choice = await decide('gpu', options(absent));
  expect([choice.taken, choice.said]).toEqual([
    'simd',
    '--device gpu: no WebGPU adapter answers; goes on as --device auto, on simd',
  ]);
  await expect(decide('gpu:webgpu', options(absent))).rejects.toThrow(
    /^\[trainer\] device gpu:webgpu: no WebGPU adapter answers; go on without a GPU by --device simd/,
  );
  const there = options({ works: true, description: 'a GPU', trial: null });
  expect((await decide('gpu', there)).taken).toBe('gpu:webgpu');
  expect(await decide('simd', options(absent))).toMatchObject({ taken: 'simd', dropped: [], said: null });
});

describe('a trial', () => {
  it.each(['train', 'evaluate', 'generate'] as const)('of %s: tokens a second, and a loss', async (kind) => {
    const { tokensPerSecond, layers, loss } = await tryDevice(createReferenceDevice(), { ...work, kind });
    expect(tokensPerSecond).toBeGreaterThan(0);
    expect(layers).toBe(2);
    expect(loss).toBeGreaterThan(0.2);
    expect(loss).toBeLessThan(3 * Math.log(tinyModel.vocabularySize));
  });

  it('is of the whole model where that is small, else of some of its layers', () => {
    expect(fewerLayers(work)).toBe(work);
    const large = { ...work, model: llamaConfigOf('llama2-7b'), recipe: smoothLayer(recipeOf('fp8'), 20) };
    const { model, recipe } = fewerLayers(large);
    expect(model).toEqual({ ...large.model, layers: 1 });
    expect(recipe).toEqual(recipeOf('fp8'));
    const middle = { ...work, model: llamaConfigOf('stories110m'), batch: 8, sequence: 256 };
    expect(fewerLayers(middle).model.layers).toBeGreaterThan(0);
    expect(fewerLayers(middle).model.layers).toBeLessThan(middle.model.layers);
  });
});

describe('a software renderer', () => {
  const swiftShader = '/usr/lib/chromium/vk_swiftshader_icd.json';
  const there = existsSync(swiftShader);
  if (there && !process.env.VK_DRIVER_FILES) process.env.VK_DRIVER_FILES = swiftShader;

  it('is no GPU; and tried all the same, it is slower than simd', async () => {
    const plain = await answerForGpu({ work: null, allowSoftware: false });
    if (plain.works) return; // a real GPU is here
    expect(plain.absent, plain.reason).toBe(true);
    const answer = await answerForGpu({ work, allowSoftware: true });
    if (!answer.works) {
      // No Vulkan loader, or no renderer: that is the reason, and it is one of an absent GPU.
      expect(answer.absent, answer.reason).toBe(true);
      return;
    }
    expect(answer.description).toMatch(/software/);
    const choice = await decide('auto', { ...options(answer), allowSoftware: true });
    expect(choice.taken, choice.said ?? '').toBe('simd');
    expect(choice.tried).toHaveLength(2);
  });

  it('asked in another process, answers or gives its reason in one line', async () => {
    const answer = await askGpu({ work: null, allowSoftware: false });
    if (!answer.works) expect(answer.reason).not.toMatch(/\n|\[kernels\]/);
  });
});
