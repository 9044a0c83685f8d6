/** @file A plan's tables and what they rest on. */
import { availableParallelism } from 'node:os';
import { type BenchTable, createBestDevice, jsonRows, toMarkdown, toText } from '@octavo/bench';
import { readTextFile } from '@octavo/data';
import { OctavoError } from '@octavo/formats';
import type { Recompute } from '@octavo/nn';
import { recipeOf } from '@octavo/nn';
import {
  assumptionsOf,
  calibrate,
  checkLayout,
  clockFor,
  type Exchange,
  hardwareFrom,
  hardwareOf,
  hostCheck,
  hostHardware,
  memoryTable,
  type NamedPlan,
  type PlanOptions,
  paperTables,
  planStep,
  replicas,
  timeTable,
  traceStep,
  type Zero,
} from '@octavo/plan';
import { measuringPlan, presetOf, type TrainPlan } from '@octavo/trainer';
import { resolveModel } from '../config/model.ts';
import { toLine } from '../output/json.ts';
import { type GoodputRequest, type Ranked, simulated } from './goodput.ts';
import { type LaunchRequest, launchFile } from './launch.ts';

type Device = Pick<PlanOptions, 'hardware' | 'clock'>;

export interface PlanRequest extends GoodputRequest, Omit<LaunchRequest, 'devices'> {
  readonly model: string;
  readonly recipe: readonly string[];
  readonly hardware: string;
  readonly devices: number | null;
  readonly zero: Zero;
  readonly tensor: number;
  readonly pipeline: number;
  readonly batch: number | null;
  readonly sequence: number | null;
  readonly accumulation: number | null;
  readonly recompute: Recompute;
  readonly exchange: Exchange;
  readonly after: boolean;
  readonly paper: boolean;
  readonly check: boolean;
  readonly simulate: boolean;
  readonly threads: number;
  readonly markdown: boolean;
  readonly json: boolean;
}

export async function plan(request: PlanRequest): Promise<void> {
  const { paper, check, threads, recipe, json } = request;
  const print = (table: BenchTable): void => {
    if (json) for (const row of jsonRows(table)) process.stdout.write(toLine({ ...row, event: 'plan' }));
    else process.stdout.write(`${request.markdown ? toMarkdown(table) : toText(table)}\n`);
  };
  if (paper) for (const table of await paperTables()) print(table);
  else if (check)
    print(await hostCheck({ create: () => createBestDevice(threads), threads, recipes: recipe, onNext }));
  else if (request.launch) process.stdout.write(await launched(request));
  else if (request.simulate) await simulated(request, await ranked(request), print);
  else await planned(request, print);
}

const onNext = (what: string): void =>
  void (process.stderr.isTTY && process.stderr.write(`measuring ${what}\n`));

const devicesOf = ({ devices, hardware }: PlanRequest): number => devices ?? (hardware === 'host' ? 1 : 8);

/** The tables of each recipe on one kind of device, and what they rest on. */
async function planned(request: PlanRequest, print: (table: BenchTable) => void): Promise<void> {
  const { recipe: names, recompute, json } = request;
  const devices = devicesOf(request);
  const found = [];
  for (const name of names) found.push(await planOf(request, name, devices, await device(request, name)));
  const { model, trace, options } = found[0]!;
  const plans = found.map(({ plan }, i): NamedPlan => ({ name: names[i]!, ...plan }));
  const { accumulation, batch, sequence } = trace.plan;
  const what = `${model}, ${devices} × ${options.hardware.title}, ${accumulation} micro-batches of ${batch} × ${sequence} tokens a step and replica, recompute ${recompute}`;
  const assumptions = assumptionsOf(options);
  if (json) process.stdout.write(toLine({ event: 'assumptions', plan: what, assumptions }));
  else process.stdout.write(`${what}\n\n`);
  print(memoryTable(plans, options.hardware));
  print(timeTable(plans));
  if (!json) process.stdout.write(`It is assumed that\n${assumptions.map((one) => `  - ${one}\n`).join('')}`);
}

/** Of the first recipe, each rank a device: seconds of a step, and its share of weights and optimizer. */
async function ranked(request: PlanRequest): Promise<Ranked> {
  const [recipe] = request.recipe;
  const on = await device(request, recipe!);
  return async (ranks) => {
    if (ranks % (request.tensor * request.pipeline)) return null;
    const { plan, trace } = await planOf(request, recipe!, ranks, on);
    const { weights, optimizer } = trace.held.at(-1)!;
    return { step: plan.seconds, shard: (weights + optimizer) / ranks };
  };
}

/** The file that starts the first recipe's run: each rank a device, with the memory that a rank needs here. */
async function launched(request: PlanRequest): Promise<string> {
  const [recipe] = request.recipe;
  const [on, node] =
    request.hardware === 'host'
      ? [{ hardware: hardwareOf('gaudi2') }, availableParallelism()] // what a step holds, no device changes
      : await device(request, recipe!).then((own) => [own, own.hardware.node.devices] as const);
  const { model: name, plan } = await planOf(request, recipe!, devicesOf(request), on);
  const memory = plan.memory.total;
  return launchFile(
    { ...request, devices: devicesOf(request) },
    { model: request.model, name, recipe: recipe!, memory },
    node,
  );
}

/** A step of the asked model under a recipe, on so many devices. */
async function planOf(request: PlanRequest, recipe: string, devices: number, on: Device) {
  const { zero, tensor, pipeline, exchange, after, recompute } = request;
  const model = await resolveModel(request.model, process.cwd());
  const preset = presetOf(model.name).hyperparameters;
  const layout = { devices, zero, tensor, pipeline };
  const batch = request.batch ?? preset.batch;
  const sequence = request.sequence ?? Math.min(preset.sequence, model.config.contextLength);
  const share = (preset.batch * preset.accumulation) / (batch * replicas(layout));
  const accumulation = request.accumulation ?? Math.max(1, Math.round(share));
  const shape = { model: model.config, recipe: recipeOf(recipe), batch, sequence, steps: 1 };
  const options: PlanOptions = { layout, exchange, overlap: !after, ...on };
  const trace = await traceStep(checkedPlan({ ...measuringPlan(shape), accumulation, recompute }, options));
  const plan = planStep(trace, options);
  const seconds = plan.seconds + (on.clock ? trace.code : 0);
  return { model: model.name, trace, options, plan: { ...plan, seconds } };
}

/** Before anything is traced. */
function checkedPlan(plan: TrainPlan, { layout }: PlanOptions): TrainPlan {
  const { sequence, model } = plan;
  if (sequence > model.contextLength)
    throw new OctavoError(
      `[plan] sequence: got ${sequence}, expected at most the model's contextLength, ${model.contextLength}`,
      { exitCode: 2 },
    );
  checkLayout(layout, plan);
  return plan;
}

/** A published device; or this machine, measured for one recipe. */
async function device({ hardware, threads }: PlanRequest, recipe: string): Promise<Device> {
  if (hardware.endsWith('.json'))
    return { hardware: hardwareFrom(await readTextFile(hardware, 'hardware'), hardware) };
  if (hardware !== 'host') return { hardware: hardwareOf(hardware) };
  onNext(`operations of ${recipe}`);
  const here = await createBestDevice(threads);
  try {
    const calibration = await calibrate(here, recipeOf(recipe), clockFor(threads));
    return { hardware: hostHardware(calibration), clock: calibration.clock };
  } finally {
    await here.destroy();
  }
}
