/** @file The device of a run: the one that is named, or the one that is faster at a step of the run's own shape. */
import { OctavoError } from '@octavo/formats';
import type { Device } from '@octavo/kernels';
import { llamaConfigOf } from '@octavo/llama';
import { recipeOf } from '@octavo/nn';
import { askGpu, type GpuAnswer, type GpuQuestion } from './gpu-process.ts';
import { type OpenOptions, openDevice } from './open.ts';
import { type Trial, tryDevice, type Workload } from './trial.ts';

export interface DeviceOptions extends OpenOptions {
  /** What `auto` chooses a device for. Without it, a training step of the model `nano`. */
  readonly work?: Workload;
  /** Asks the GPU; by default in a process of its own. */
  readonly ask?: (question: GpuQuestion) => Promise<GpuAnswer>;
}

/** Why this device: what was tried, what was dropped. Plain data, as `run.json` keeps it. */
export interface DeviceChoice {
  readonly asked: string;
  readonly taken: string;
  readonly tried: readonly { readonly device: string; readonly tokensPerSecond: number }[];
  /** Layers of the model that were tried, of how many; null where nothing was. */
  readonly layers: { readonly tried: number; readonly of: number } | null;
  readonly dropped: readonly { readonly device: string; readonly reason: string }[];
  /** One line for people where there was something to choose, or the choice is not what was asked for. */
  readonly said: string | null;
}

const GPU = 'gpu:webgpu';
const HOST = 'simd';

/** `chooseDevice` without its reasons. */
export const createDevice = async (name: string, options: DeviceOptions = {}): Promise<Device> =>
  (await chooseDevice(name, options)).device;

/**
 * Makes the device of a name. `auto` tries a moment of the work on `simd` and, where a GPU answers, on it, and takes the
 * faster; `gpu` takes the GPU, and where none answers goes on as `auto`; `gpu:webgpu` throws there.
 */
export async function chooseDevice(
  name: string,
  options: DeviceOptions = {},
): Promise<{ readonly device: Device; readonly choice: DeviceChoice }> {
  const choice = await decide(name, options);
  return { device: await openDevice(choice.taken, options), choice };
}

/** What `chooseDevice` will make, and why. */
export async function decide(name: string, options: DeviceOptions): Promise<DeviceChoice> {
  const { work = nanoWork(), allowSoftware = false, ask = askGpu } = options;
  const nothing = { asked: name, taken: name, tried: [], layers: null, dropped: [], said: null };
  if (name !== 'auto' && name !== 'gpu' && name !== GPU) return nothing;
  const answer = await ask({ work: name === 'auto' ? work : null, allowSoftware });
  if (!answer.works) {
    const { reason, absent } = answer;
    if (name === GPU)
      throw new OctavoError(
        `[trainer] device ${GPU}: ${reason}; go on without a GPU by --device ${HOST}, whose last bits may differ`,
      );
    const said =
      name === 'gpu'
        ? `--device gpu: ${reason}; goes on as --device auto, on ${HOST}`
        : absent
          ? null // most machines: nothing to speak of
          : `auto: ${GPU} dropped: ${reason}; takes ${HOST}`;
    return { ...nothing, taken: HOST, dropped: [{ device: GPU, reason }], said };
  }
  if (answer.trial === null) return { ...nothing, taken: GPU };
  return faster(nothing, await tryHost(work, options), answer.trial, work.model.layers);
}

async function tryHost(work: Workload, options: DeviceOptions): Promise<Trial> {
  const host = await openDevice(HOST, options);
  try {
    return await tryDevice(host, work);
  } finally {
    await host.destroy();
  }
}

function faster(nothing: DeviceChoice, host: Trial, gpu: Trial, of: number): DeviceChoice {
  const tried = [
    { device: HOST, tokensPerSecond: host.tokensPerSecond },
    { device: GPU, tokensPerSecond: gpu.tokensPerSecond },
  ];
  const layers = { tried: host.layers, of };
  const reason = disagreement(host, gpu);
  const taken = reason === null && gpu.tokensPerSecond > host.tokensPerSecond ? GPU : HOST;
  const figures = tried.map(
    ({ device, tokensPerSecond }) => `${device} ${Math.round(tokensPerSecond).toLocaleString('en')} tokens/s`,
  );
  const part = layers.tried < of ? ` (${layers.tried} of ${of} layers)` : '';
  const why = reason === null ? '' : `; ${GPU} dropped: ${reason}`;
  return {
    ...nothing,
    taken,
    tried,
    layers,
    dropped: reason === null ? [] : [{ device: GPU, reason }],
    said: `auto: ${figures.join(', ')}${part}${why}; takes ${taken}`,
  };
}

/**
 * How far the first losses of two devices may differ, in nats and as a share of the loss: a last bit can move an FP8 cast
 * by a whole step.
 */
const MOST_APART = 0.05;

const disagreement = (host: Trial, gpu: Trial): string | null =>
  Math.abs(host.loss - gpu.loss) <= MOST_APART * Math.max(1, Math.abs(host.loss))
    ? null
    : `its first step has loss ${gpu.loss}, that of ${HOST} ${host.loss.toFixed(4)}`;

const nanoWork = (): Workload => ({
  kind: 'train',
  model: llamaConfigOf('nano'),
  recipe: recipeOf('fp8-full'),
  batch: 8,
  sequence: 128,
});
