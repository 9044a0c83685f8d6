/** @file First maxima for delayed scales that have none: forward passes over text, observed as a training step's are. */
import { createScope } from '@octavo/kernels';
import { forward, type Llama } from '@octavo/llama';
import { beginStep, endStep, type Site } from '@octavo/nn';
import { type TokenBatch, uploadBatch } from './transfer.ts';

/** The casts of a forward pass that are without a history, though their policy scales by one. */
export const withoutHistory = (model: Llama): Site[] =>
  [...new Set(forwardSites(model))].filter(
    ({ cast, state }) => cast?.policy.kind === 'delayed' && state!.observed === 0,
  );

/** The sites of all casts that a forward pass makes. */
export const forwardSites = ({ blocks }: Llama): Site[] =>
  blocks
    .flatMap(({ qkv, attentionOut, gateUp, down }) => [qkv, attentionOut, gateUp, down])
    .flatMap(({ sites: { output } }) => [output.input, output.weight]);

/** Runs `sequence`-long windows forward, one observation a batch; `sites` learn from it, all others stay as they are. */
export async function calibrate(
  model: Llama,
  sites: readonly Site[],
  batches: Iterable<TokenBatch>,
  sequence: number,
): Promise<void> {
  const { device, precision } = model;
  const others = precision.sites
    .filter((site) => !sites.includes(site))
    .map((site) => [site, site.state] as const);
  let step = 0;
  for (const batch of batches) {
    const scope = createScope(device);
    try {
      const recording = beginStep(precision, scope, { step, seed: 0, microBatches: 1, sample: false });
      const input = uploadBatch(model, scope, batch, { sequence, backward: false });
      forward(model, { device, scope, tape: null, precision }, input);
      endStep(precision, await device.read(recording.amaxes));
    } finally {
      precision.recording = null;
      scope.release();
    }
    step++;
  }
  for (const [site, state] of others) site.state = state;
}
