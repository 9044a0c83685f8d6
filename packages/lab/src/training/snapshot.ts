/** @file A model and its optimizer's state as plain float32 arrays, to be changed by hand and trained on in any recipe. */
import { OctavoError } from '@octavo/formats';
import type { Device, Tensor } from '@octavo/kernels';
import { createLlama, destroyLlama, type Llama } from '@octavo/llama';
import { createPrecision, destroyPrecision } from '@octavo/nn';
import { adamFormats, createAdamState, formatsFor, tensorsOf } from '@octavo/optim';
import { type Training, type TrainPlan, trainingOf } from '@octavo/trainer';

export interface Snapshot {
  /** By the parameter's name: values (the master weights) and both moments. */
  readonly weights: ReadonlyMap<string, Float32Array>;
  readonly moment1: ReadonlyMap<string, Float32Array>;
  readonly moment2: ReadonlyMap<string, Float32Array>;
  /** Updates done: the `t` of Adam's bias corrections. */
  readonly updates: number;
}

const ROLES = ['weights', 'moment1', 'moment2'] as const;
const tensorNames = { weights: 'master', moment1: 'moment1', moment2: 'moment2' } as const;

/** Weights that have not been trained: all moments zero. */
export function untrained(weights: ReadonlyMap<string, Float32Array>): Snapshot {
  const zeros = () => new Map([...weights].map(([name, { length }]) => [name, new Float32Array(length)]));
  return { weights, moment1: zeros(), moment2: zeros(), updates: 0 };
}

/** The state of a run, read from its device. */
export async function takeSnapshot(training: Training): Promise<Snapshot> {
  const { device, model, optimizer, updates } = training;
  const maps = { weights: new Map(), moment1: new Map(), moment2: new Map() };
  for (const [i, { name }] of model.parameters.entries()) {
    const { state } = optimizer[i]!;
    for (const role of ROLES) {
      const [scale] = await device.read(state[`${tensorNames[role]}Scale`]);
      const values = await device.read(state[tensorNames[role]]);
      maps[role].set(
        name,
        values.map((v) => v / scale!),
      );
    }
  }
  return { ...maps, updates };
}

/** A run that goes on from a snapshot in the plan's recipe: working and master weights and moments in its formats. */
export function trainingFrom(device: Device, plan: TrainPlan, snapshot: Snapshot): Training {
  const precision = createPrecision(device, plan.recipe);
  const model = createLlama(plan.model, precision, { values: (name) => valuesOf(snapshot.weights, name) });
  const formats = adamFormats(plan.recipe.optimizer);
  const optimizer = model.parameters.map(({ name, value, isMatrix }) => {
    const own = formatsFor(formats, isMatrix);
    const stored = (role: (typeof ROLES)[number]): [Tensor, Tensor] => {
      const master = own[tensorNames[role]];
      const { shape } = value;
      const state = createAdamState(device, { ...own, master }, shape, valuesOf(snapshot[role], name));
      for (const tensor of tensorsOf(state))
        if (tensor !== state.master && tensor !== state.masterScale) device.free(tensor);
      return [state.master, state.masterScale];
    };
    const [master, masterScale] = stored('weights');
    const [moment1, moment1Scale] = stored('moment1');
    const [moment2, moment2Scale] = stored('moment2');
    return {
      formats: own,
      state: { master, masterScale, moment1, moment1Scale, moment2, moment2Scale },
    };
  });
  return trainingOf(plan, model, optimizer, { updates: snapshot.updates });
}

/** Frees what a run holds on its device. */
export function destroyTraining({ device, model, optimizer, hyper }: Training): void {
  for (const { state } of optimizer) for (const tensor of tensorsOf(state)) device.free(tensor);
  destroyModel(model);
  device.free(hyper);
}

/** Frees a model and the precision that it computes in. */
export function destroyModel(model: Llama): void {
  destroyLlama(model);
  destroyPrecision(model.precision);
}

/** All arrays by one name each, to be stored; `snapshotOf` undoes it. */
export const arraysOf = (snapshot: Snapshot): Map<string, Float32Array> =>
  new Map([
    ...ROLES.flatMap((role) =>
      [...snapshot[role]].map(([name, values]): [string, Float32Array] => [`${role}.${name}`, values]),
    ),
    ['updates', Float32Array.of(snapshot.updates)],
  ]);

export function snapshotOf(arrays: ReadonlyMap<string, Float32Array>): Snapshot {
  const part = (role: string) =>
    new Map(
      [...arrays]
        .filter(([name]) => name.startsWith(`${role}.`))
        .map(([name, values]) => [name.slice(role.length + 1), values]),
    );
  return {
    weights: part('weights'),
    moment1: part('moment1'),
    moment2: part('moment2'),
    updates: arrays.get('updates')?.[0] ?? 0,
  };
}

function valuesOf(values: ReadonlyMap<string, Float32Array>, name: string): Float32Array {
  const found = values.get(name);
  if (!found) throw new OctavoError(`[lab] snapshot has no "${name}", expected every parameter of the model`);
  return found;
}
