/** @file A Kubeflow TrainJob and the runtime it names: `trainer.kubeflow.org/v1alpha1` with `mlPolicy.mpi`. */
import { stringifyYAML } from 'confbox';
import { type Job, nodeMebibytes, nodesOf, quoted } from './job.ts';
import { checkManifest } from './kubeflow-schema.ts';

const apiVersion = 'trainer.kubeflow.org/v1alpha1';
/** As the Containerfile has them: the user's home, and the port of its server for ssh. */
const HOME = '/home/node';
const SSH_PORT = 2222;
const VOLUME = 'runs';
const RESTARTS = 50;

/** Both documents as YAML; each is checked first. The claim `octavo-runs` holds the runs' folders, and `/runs` is where. */
export function kubeflowManifest(job: Job): string {
  const manifests = [runtime(job), trainJob(job)].map(checkManifest);
  return manifests
    .map((manifest) => stringifyYAML(manifest).trimEnd())
    .join('\n---\n')
    .concat('\n');
}

/** Ranks by ssh: nodes run its server, the launcher is a node, too, and starts `mpirun`. */
function runtime(job: Job) {
  const container = {
    name: 'node',
    image: job.image,
    securityContext: { runAsUser: 1000, runAsGroup: 1000 },
    volumeMounts: [{ name: VOLUME, mountPath: `/${VOLUME}` }],
  };
  const pod = (more: object) => ({
    spec: {
      template: {
        spec: {
          securityContext: { fsGroup: 1000 },
          containers: [{ ...container, ...more }],
          volumes: [{ name: VOLUME, persistentVolumeClaim: { claimName: `octavo-${VOLUME}` } }],
        },
      },
    },
  });
  const server = {
    command: ['octavo-sshd'],
    readinessProbe: { tcpSocket: { port: SSH_PORT }, initialDelaySeconds: 5 },
  };
  return {
    apiVersion,
    kind: 'TrainingRuntime',
    metadata: { name: job.name, labels: { 'trainer.kubeflow.org/framework': 'octavo' } },
    spec: {
      mlPolicy: {
        numNodes: nodesOf(job),
        mpi: {
          numProcPerNode: job.perNode,
          mpiImplementation: 'OpenMPI',
          sshAuthMountPath: `${HOME}/.ssh`,
          runLauncherAsNode: true,
        },
      },
      template: {
        spec: {
          network: { publishNotReadyAddresses: true },
          successPolicy: { operator: 'All', targetReplicatedJobs: ['launcher'] },
          failurePolicy: { maxRestarts: RESTARTS },
          replicatedJobs: [
            { name: 'node', template: pod(server) },
            {
              name: 'launcher',
              dependsOn: [{ name: 'node', status: 'Ready' }],
              template: {
                metadata: { labels: { 'trainer.kubeflow.org/trainjob-ancestor-step': 'trainer' } },
                ...pod({}),
              },
            },
          ],
        },
      },
    },
  };
}

/** A node more or less: the job deleted, and another with as many ranks as there are goes on with the run. */
function trainJob(job: Job) {
  const train = `mpirun -n ${job.ranks} --bind-to none octavo train --threads ${job.threads}`;
  const start = `--out ${quoted(job.run)} ${job.train.map(quoted).join(' ')}`;
  const script = `if [ -e ${quoted(`${job.run}/run.json`)} ]; then exec ${train} --resume --out ${quoted(job.run)}; else exec ${train} ${start}; fi`;
  const resources = { cpu: String(job.perNode * job.threads), memory: `${nodeMebibytes(job)}Mi` };
  return {
    apiVersion,
    kind: 'TrainJob',
    metadata: { name: job.name },
    spec: {
      runtimeRef: { apiGroup: 'trainer.kubeflow.org', kind: 'TrainingRuntime', name: job.name },
      trainer: {
        image: job.image,
        command: ['/bin/sh', '-c'],
        args: [script],
        env: [{ name: 'OMP_NUM_THREADS', value: String(job.threads) }],
        numNodes: nodesOf(job),
        numProcPerNode: job.perNode,
        resourcesPerNode: { requests: resources, limits: resources },
      },
      activeDeadlineSeconds: Math.max(60, Math.round(job.hours * 3600)),
    },
  };
}
