/** @file A plan's tables and what they rest on. */
import { type BenchTable, createBestDevice, jsonRows, toMarkdown, toText } from '@octavo/bench';
import type { Recompute } from '@octavo/nn';
import { recipeOf } from '@octavo/nn';
import {
  assumptionsOf,
  calibrate,
  clockFor,
  type Exchange,
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
import { measuringPlan, presetOf } from '@octavo/trainer';
import { resolveModel } from '../config/model.ts';
import { toLine } from '../output/json.ts';

export interface PlanRequest {
  readonly model: string;
  readonly recipe: readonly string[];
  readonly hardware: string;
  readonly devices: number;
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
  else await planned(request, print);
}

const onNext = (what: string): void =>
  void (process.stderr.isTTY && process.stderr.write(`measuring ${what}\n`));

/** The tables of each recipe on one kind of device, and what they rest on. */
async function planned(request: PlanRequest, print: (table: BenchTable) => void): Promise<void> {
  const { recipe: names, devices, zero, tensor, pipeline, exchange, after, recompute, json } = request;
  const model = await resolveModel(request.model, process.cwd());
  const preset = presetOf(model.name).hyperparameters;
  const layout = { devices, zero, tensor, pipeline };
  const batch = request.batch ?? preset.batch;
  const sequence = request.sequence ?? Math.min(preset.sequence, model.config.contextLength);
  const share = (preset.batch * preset.accumulation) / (batch * replicas(layout));
  const accumulation = request.accumulation ?? Math.max(1, Math.round(share));
  const plans: NamedPlan[] = [];
  let options: PlanOptions | null = null;
  for (const name of names) {
    const shape = { model: model.config, recipe: recipeOf(name), batch, sequence, steps: 1 };
    const trace = await traceStep({ ...measuringPlan(shape), accumulation, recompute });
    options = { layout, exchange, overlap: !after, ...(await device(request, name)) };
    const one = planStep(trace, options);
    plans.push({ name, ...one, ...(options.clock && { seconds: one.seconds + trace.code }) });
  }
  const what = `${model.name}, ${devices} × ${options!.hardware.title}, ${accumulation} micro-batches of ${batch} × ${sequence} tokens a step and replica, recompute ${recompute}`;
  const assumptions = assumptionsOf(options!);
  if (json) process.stdout.write(toLine({ event: 'assumptions', plan: what, assumptions }));
  else process.stdout.write(`${what}\n\n`);
  print(memoryTable(plans, options!.hardware));
  print(timeTable(plans));
  if (!json) process.stdout.write(`It is assumed that\n${assumptions.map((one) => `  - ${one}\n`).join('')}`);
}

/** A published device; or this machine, measured for one recipe. */
async function device(
  { hardware, threads }: PlanRequest,
  recipe: string,
): Promise<Pick<PlanOptions, 'hardware' | 'clock'>> {
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
