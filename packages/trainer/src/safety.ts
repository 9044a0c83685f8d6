/**
 * @file What a run falls back on. An update may be finite and yet leave weights whose next gradients are not, so a state is
 * proven by its gradients only; until then the state before it is held. Tensors are replaced, never written in place, so
 * that holding one costs its memory and no time.
 */
import type { Tensor } from '@octavo/kernels';
import { tensorsOf } from '@octavo/optim';
import type { Held } from './held.ts';
import type { Training } from './training.ts';

/** The present state, by reference. */
export const stateNow = ({ step, updates, tokens, guard, model, optimizer }: Training): Held => ({
  step,
  updates,
  tokens,
  guard,
  recipe: model.precision.recipe,
  scaling: model.precision.sites.map(({ state }) => state),
  weights: model.parameters.map(({ value }) => value),
  optimizer: optimizer.map(({ state }) => ({ ...state })),
});

/** Makes a state the present one again; the tensors of the present one are freed. */
export function putBack(training: Training, before: Held): void {
  const { model, optimizer, safety } = training;
  freeExcept(training, stateNow(training), [before, ...(safety.held ? [safety.held] : [])]);
  const { step, updates, tokens, guard } = before;
  Object.assign(training, { step, updates, tokens, guard });
  model.precision.recipe = before.recipe;
  for (const [i, site] of model.precision.sites.entries()) site.state = before.scaling[i]!;
  for (const [i, parameter] of model.parameters.entries()) parameter.value = before.weights[i]!;
  for (const [i, { state }] of optimizer.entries()) Object.assign(state, before.optimizer[i]!);
  if (safety.held === before) safety.held = null;
}

/** After an update of the state `before`: that is held from now on if its gradients have `proven` it, else nothing is. */
export function accept(training: Training, before: Held, proven: boolean): void {
  const { safety } = training;
  const now = stateNow(training);
  const { held } = safety;
  safety.held = safety.holds && proven ? before : null;
  const kept = [now, ...(safety.held ? [safety.held] : [])];
  for (const state of [before, ...(held ? [held] : [])]) freeExcept(training, state, kept);
}

/** Lets the held state go once the gradients of the present one have proven that: an update needs the room. */
export function releaseHeld(training: Training): void {
  const { held } = training.safety;
  if (held) freeExcept(training, held, [stateNow(training)]);
  training.safety.held = null;
}

/** Frees the tensors of a state that others do not share. */
function freeExcept({ device }: Training, state: Held, kept: readonly Held[]): void {
  const keeps = new Set(kept.flatMap(tensorsIn));
  for (const tensor of tensorsIn(state)) if (!keeps.has(tensor)) device.free(tensor);
}

const tensorsIn = ({ weights, optimizer }: Held): Tensor[] => [...weights, ...optimizer.flatMap(tensorsOf)];
