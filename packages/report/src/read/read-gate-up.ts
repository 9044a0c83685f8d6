/** @file The most aligned channel of a run's newest checkpoint, and the same channel in its oldest one. */
import { decodeArray, formatOf, OctavoError } from '@octavo/formats';
import { type Checkpoint, type CheckpointFile, listCheckpoints, openCheckpoint, within } from '@octavo/store';
import { channelOf, cosinesOf, type GateUp, mostAligned } from '../charts/gate-up-chart.ts';
import { topOf } from '../charts/numbers.ts';
import type { RunRecord } from './run-record.ts';

interface ReadGateUp {
  /** Early to late; empty where there is no whole checkpoint. */
  readonly moments: readonly GateUp[];
  /** Which checkpoints could not be read, and why. */
  readonly notes: readonly string[];
}

type Shape = RunRecord['plan']['model'];

export async function readGateUp(folder: string, model: Shape): Promise<ReadGateUp> {
  const files = await listCheckpoints(within(folder, 'checkpoints'));
  const notes: string[] = [];
  const late = await firstWhole([...files].reverse(), notes, async (checkpoint, step) => {
    const layers: GateUp[] = [];
    for (let layer = 0; layer < model.layers; layer++)
      layers.push(await momentOf(checkpoint, model, step, layer));
    return topOf(layers, ({ cosine }) => Math.abs(cosine));
  });
  if (late === null) return { moments: [], notes };
  const { layer, channel } = late;
  const older = files.filter(({ step }) => step < late.step);
  const early = await firstWhole(older, notes, (checkpoint, step) =>
    momentOf(checkpoint, model, step, layer, channel),
  );
  return { moments: early === null ? [late] : [early, late], notes };
}

/** A layer's channel, the most aligned one unless another is asked for. */
async function momentOf(
  checkpoint: Checkpoint,
  model: Shape,
  step: number,
  layer: number,
  asked?: number,
): Promise<GateUp> {
  const weights = await gateUpOf(checkpoint, layer, model);
  const cosines = cosinesOf(weights, model.hiddenSize);
  const channel = asked ?? mostAligned(cosines);
  const cosine = cosines[channel]!;
  return { step, layer, channel, cosine, ...channelOf(weights, model.hiddenSize, channel) };
}

/** What `read` makes of the first checkpoint that it can read. */
async function firstWhole<T>(
  files: readonly CheckpointFile[],
  notes: string[],
  read: (checkpoint: Checkpoint, step: number) => Promise<T>,
): Promise<T | null> {
  for (const { path, step } of files) {
    try {
      const checkpoint = await openCheckpoint(path);
      try {
        return await read(checkpoint, step);
      } finally {
        await checkpoint.close();
      }
    } catch (error) {
      if (!OctavoError.is(error)) throw error;
      notes.push(error.message.replace(/^\[\w+\] /, ''));
    }
  }
  return null;
}

/** Master weights if there are any, else the working ones, as numbers. */
async function gateUpOf(
  checkpoint: Checkpoint,
  layer: number,
  { hiddenSize, ffnSize }: Shape,
): Promise<Float32Array> {
  const name = `layers.${layer}.gateUp`;
  const role = checkpoint.has(name, 'master') ? 'master' : 'weight';
  const { format, shape, scale, data } = await checkpoint.read(name, role);
  if (shape[0] !== 2 * ffnSize || shape[1] !== hiddenSize || shape.length !== 2)
    throw new OctavoError(
      `[report] ${checkpoint.path}: ${name} has another shape: got ${shape.join('×')}, expected ${2 * ffnSize}×${hiddenSize}`,
    );
  const known = formatOf(format);
  const Codes = known.bits === 32 ? Uint32Array : known.bits === 16 ? Uint16Array : Uint8Array;
  const codes = new Codes(data.buffer, data.byteOffset, data.byteLength / Codes.BYTES_PER_ELEMENT);
  return decodeArray(known, codes, undefined, scale.length === 1 ? { scale: scale[0]! } : {});
}
