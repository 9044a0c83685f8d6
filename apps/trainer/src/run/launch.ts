/** @file The file that starts a planned run on a cluster. */
import { type Job, kubeflowManifest, slurmScript } from '@octavo/plan';

/** What a launch is told. */
export interface LaunchRequest {
  readonly launch: 'slurm' | 'kubeflow' | null;
  readonly perNode: number | null;
  readonly hours: number;
  readonly out: string | null;
  readonly image: string;
  readonly devices: number;
  readonly threads: number;
  readonly batch: number | null;
  readonly sequence: number | null;
  readonly recompute: string;
}

export interface Launched {
  /** As `--model` takes it, and its name. */
  readonly model: string;
  readonly name: string;
  readonly recipe: string;
  /** Bytes of a rank. */
  readonly memory: number;
}

/** A node of the hardware's size, unless told otherwise; never more ranks than there are. */
export function launchFile(
  request: LaunchRequest,
  { model, name, recipe, memory }: Launched,
  node: number,
): string {
  const { launch, hours, image, devices, threads, batch, sequence, recompute } = request;
  const run = `${name}-${recipe}`;
  const given = { batch, sequence, recompute: recompute === 'none' ? null : recompute };
  const options = Object.entries(given).flatMap(([key, value]) =>
    value === null ? [] : [`--${key}`, String(value)],
  );
  const job: Job = {
    ...{ ranks: devices, perNode: request.perNode ?? Math.min(devices, node), threads, memory, hours, image },
    name: `octavo-${run}`
      .toLowerCase()
      .replace(/[^a-z0-9]+/g, '-')
      .slice(0, 63)
      .replace(/-$/, ''),
    run: request.out ?? (launch === 'kubeflow' ? `/runs/${run}` : `runs/${run}`),
    train: ['--model', model, '--recipe', recipe, ...options],
  };
  return launch === 'kubeflow' ? kubeflowManifest(job) : slurmScript(job);
}
