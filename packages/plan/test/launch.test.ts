/** @file What starts a run on a cluster: its syntax, its options and fields, and what the script does when it is started again. */
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { parseYAML } from 'confbox';
import { afterAll, describe, expect, it } from 'vitest';
import { checkManifest, type Job, kubeflowManifest, nodesOf, slurmScript } from '../src/index.ts';

const folder = mkdtempSync(join(tmpdir(), 'octavo-launch-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const job: Job = {
  ...{ name: 'octavo-nano-fp8', ranks: 8, perNode: 2, threads: 1, memory: 2e9, hours: 1.5 },
  ...{ run: join(folder, "a run's"), train: ['--model', 'nano'], image: 'octavo' },
};

/** Long options of sbatch that the manual page (Slurm 24.05) has and a job of ours may use. */
const SBATCH = new Set(
  `account array begin chdir comment constraint cpus-per-task deadline dependency error exclude exclusive export gpus
   gres hint input job-name mail-type mail-user mem mem-per-cpu no-requeue nodelist nodes ntasks ntasks-per-node
   open-mode output partition qos requeue reservation signal time time-min`.split(/\s+/),
);

describe.skipIf(process.platform === 'win32')('a script for Slurm', () => {
  const path = join(folder, 'job.sbatch');
  const script = slurmScript(job);
  writeFileSync(path, script);

  it('is whole, and has options that sbatch knows', () => {
    execFileSync('bash', ['-n', path]);
    const options = [...script.matchAll(/^#SBATCH --([a-z-]+)(?:=(\S+))?$/gm)].map(([, name, value]) => [
      name!,
      value,
    ]);
    expect(script.match(/^#SBATCH/gm)).toHaveLength(options.length);
    for (const [name] of options) expect(SBATCH.has(name!), name).toBe(true);
    expect(Object.fromEntries(options)).toMatchObject({
      ...{
        nodes: '1-4',
        'ntasks-per-node': '2',
        'cpus-per-task': '1',
        time: '1:30:00',
        signal: 'B:USR1@300',
      },
      mem: `${Math.ceil((2 * (1.25 * 2e9 + 2 ** 29)) / 2 ** 20)}M`,
    });
  });

  /** With commands that note what they are told: `mpirun` does as `body` says. */
  function started(nodes: number, body: string, args: readonly string[] = []) {
    const bin = mkdtempSync(join(folder, 'bin-'));
    const put = (name: string, text: string) =>
      writeFileSync(join(bin, name), `#!/bin/bash\n${text}\n`, { mode: 0o755 });
    put('mpirun', `printf '%s|' "$@" >> "${bin}/told"; ${body}`);
    put('scontrol', `echo "$*" >> "${bin}/queued"`);
    const env = { PATH: `${bin}:${process.env.PATH}`, SLURM_JOB_NUM_NODES: String(nodes), SLURM_JOB_ID: '7' };
    const child = spawn('bash', [path, ...args], { env });
    const read = (name: string): string => {
      try {
        return readFileSync(join(bin, name), 'utf8');
      } catch {
        return '';
      }
    };
    return { child, told: () => read('told'), queued: () => read('queued'), ended: once(child, 'exit') };
  }

  it('begins, and goes on with as many ranks as there are nodes for', async () => {
    const first = started(4, 'exit 0', ['--data', 'my text']);
    expect(await first.ended).toEqual([0, null]);
    expect(first.told()).toContain('-n|8|');
    expect(first.told()).toMatch(
      /octavo\|train\|--threads\|1\|--out\|.*a run's\|--model\|nano\|--data\|my text\|$/,
    );
    expect(first.queued()).toBe('');
    mkdirSync(job.run, { recursive: true });
    writeFileSync(join(job.run, 'run.json'), '{}');
    const again = started(3, 'exit 0', ['--data', 'my text']);
    await again.ended;
    expect(again.told()).toContain('-n|6|');
    expect(again.told()).toMatch(/train\|--threads\|1\|--resume\|--out\|.*a run's\|$/);
  });

  it.each([
    [1, 'requeue 7\n'],
    [137, 'requeue 7\n'],
    [2, ''], // bad usage: again would be no better
  ])(
    'a failure with exit code %i is passed on, and queued again unless it is of usage',
    async (code, queued) => {
      const failing = started(2, `exit ${code}`);
      expect(await failing.ended).toEqual([code, null]);
      expect(failing.queued()).toBe(queued);
    },
  );

  it('told of the end of its time it passes the signal on, waits for the checkpoint and is queued again', async () => {
    const slow = started(
      1,
      `trap 'sleep 0.3; echo -n saved >> "$0".log; exit 0' USR1; echo ready; while :; do sleep 0.05; done`,
    );
    await once(slow.child.stdout!, 'data');
    await setTimeout(50);
    slow.child.kill('SIGUSR1');
    expect(await slow.ended).toEqual([0, null]);
    expect(slow.queued()).toBe('requeue 7\n');
  });
});

describe('a manifest for Kubeflow', () => {
  const manifest = kubeflowManifest({ ...job, run: '/runs/nano' });
  const [runtime, trainJob] = manifest
    .split(/^---$/m)
    .map((text) => parseYAML<Record<string, unknown>>(text));

  it('reads as it was meant', () => {
    expect(checkManifest(runtime)).toEqual(runtime);
    expect(trainJob).toMatchObject({
      ...{ apiVersion: 'trainer.kubeflow.org/v1alpha1', kind: 'TrainJob' },
      spec: {
        runtimeRef: { kind: 'TrainingRuntime', name: 'octavo-nano-fp8' },
        trainer: { numNodes: 4, numProcPerNode: 2 },
      },
    });
    expect(runtime).toMatchObject({
      spec: { mlPolicy: { numNodes: 4, mpi: { mpiImplementation: 'OpenMPI' } } },
    });
  });

  it('a shell takes its script', () => {
    const { spec } = checkManifest(trainJob) as { spec: { trainer: { args: string[] } } };
    expect(spec.trainer.args[0]).toMatch(
      /mpirun -n 8 .*--resume --out \/runs\/nano; else .*--model nano; fi$/,
    );
    if (process.platform !== 'win32') execFileSync('sh', ['-n', '-c', spec.trainer.args[0]!]);
  });

  it.each([
    ['a field that does not exist', 'numProcPerNode: 2', 'processes: 2', /spec.trainer/],
    ['a word for a number', 'numNodes: 4', 'numNodes: four', /spec.trainer.numNodes/],
    ['a name that is no DNS label', 'name: octavo-nano-fp8', 'name: Nano_8', /metadata.name/],
    ['another version', 'trainer.kubeflow.org/v1alpha1', 'kubeflow.org/v1', /apiVersion/],
  ])('%s is refused by name', (_, was, is, said) => {
    const text = manifest.split(/^---$/m)[1]!;
    expect(text).toContain(was);
    expect(() => checkManifest(parseYAML(text.replace(was, is)))).toThrow(said);
  });
});

it('ranks fill nodes, and the run is a folder', () => {
  expect(nodesOf(job)).toBe(4);
  expect(() => nodesOf({ ...job, perNode: 3 })).toThrow(/got 8 at 3 a node, expected a multiple/);
  expect(() => slurmScript({ ...job, run: 's3://bucket/run' })).toThrow(
    /expected a folder that all nodes see/,
  );
});

it('the Containerfile has the user, the port and the server that a manifest counts on', () => {
  const file = readFileSync(new URL('../../../Containerfile', import.meta.url), 'utf8');
  const manifest = kubeflowManifest({ ...job, run: '/runs/nano' });
  expect(manifest).toContain('/home/node/.ssh');
  for (const part of [
    'USER node',
    'Port 2222',
    '/usr/local/bin/octavo-sshd',
    'openmpi-bin',
    '/usr/local/bin/octavo',
  ])
    expect(file).toContain(part);
  for (const part of ['octavo-sshd', 'port: 2222']) expect(manifest).toContain(part);
});
