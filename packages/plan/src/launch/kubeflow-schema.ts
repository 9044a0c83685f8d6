/**
 * @file The parts of Kubeflow Trainer's API that a manifest of ours may have, by the types of the resource definitions of
 * `trainer.kubeflow.org/v1alpha1`, JobSet's `jobset.x-k8s.io/v1alpha2` and Kubernetes' pods. Nothing else is let through.
 */
import { OctavoError } from '@octavo/formats';
import { z } from 'zod';

const label = z
  .string()
  .regex(/^[a-z]([-a-z0-9]*[a-z0-9])?$/)
  .max(63);
const count = z
  .int()
  .min(1)
  .max(2 ** 31 - 1);
const words = z.array(z.string().max(65_536)).max(128);
const labels = z.record(z.string(), z.string().max(63));
const metadata = z.strictObject({ name: label, labels: labels.optional() });
const quantity = z.string().regex(/^\d+(\.\d+)?(m|Ki|Mi|Gi|Ti|k|M|G|T)?$/);
const resources = z.strictObject({
  requests: z.record(z.string(), quantity),
  limits: z.record(z.string(), quantity),
});

const trainJob = z.strictObject({
  apiVersion: z.literal('trainer.kubeflow.org/v1alpha1'),
  kind: z.literal('TrainJob'),
  metadata,
  spec: z.strictObject({
    runtimeRef: z.strictObject({
      apiGroup: z.literal('trainer.kubeflow.org'),
      kind: z.enum(['TrainingRuntime', 'ClusterTrainingRuntime']),
      name: z.string().min(1).max(253),
    }),
    trainer: z.strictObject({
      image: z.string().max(500),
      command: words,
      args: words,
      env: z.array(z.strictObject({ name: z.string().min(1), value: z.string() })).max(128),
      numNodes: count,
      numProcPerNode: count,
      resourcesPerNode: resources,
    }),
    activeDeadlineSeconds: count,
  }),
});

const user = z.int().min(0);
const container = z.strictObject({
  name: label,
  image: z.string().min(1),
  command: words.optional(),
  securityContext: z.strictObject({ runAsUser: user, runAsGroup: user }),
  volumeMounts: z.array(z.strictObject({ name: label, mountPath: z.string().regex(/^\/[^:]*$/) })),
  readinessProbe: z
    .strictObject({
      tcpSocket: z.strictObject({ port: z.int().min(1).max(65_535) }),
      initialDelaySeconds: z.int().min(0),
    })
    .optional(),
});
const pod = z.strictObject({
  securityContext: z.strictObject({ fsGroup: user }),
  containers: z.array(container).min(1),
  volumes: z.array(
    z.strictObject({ name: label, persistentVolumeClaim: z.strictObject({ claimName: label }) }),
  ),
});
const replicatedJob = z.strictObject({
  name: label,
  dependsOn: z
    .array(z.strictObject({ name: label, status: z.enum(['Ready', 'Complete']) }))
    .length(1)
    .optional(),
  template: z.strictObject({
    metadata: z.strictObject({ labels }).optional(),
    spec: z.strictObject({ template: z.strictObject({ spec: pod }) }),
  }),
});

const trainingRuntime = z.strictObject({
  apiVersion: z.literal('trainer.kubeflow.org/v1alpha1'),
  kind: z.literal('TrainingRuntime'),
  metadata,
  spec: z.strictObject({
    mlPolicy: z.strictObject({
      numNodes: count,
      mpi: z.strictObject({
        numProcPerNode: count,
        mpiImplementation: z.literal('OpenMPI'),
        sshAuthMountPath: z.string().startsWith('/'),
        runLauncherAsNode: z.boolean(),
      }),
    }),
    template: z.strictObject({
      spec: z.strictObject({
        network: z.strictObject({ publishNotReadyAddresses: z.boolean() }),
        successPolicy: z.strictObject({
          operator: z.enum(['All', 'Any']),
          targetReplicatedJobs: z.array(label),
        }),
        failurePolicy: z.strictObject({ maxRestarts: z.int().min(0) }),
        replicatedJobs: z.array(replicatedJob).min(1),
      }),
    }),
  }),
});

const manifest = z.discriminatedUnion('kind', [trainJob, trainingRuntime]);

/** Returns it, or throws an `OctavoError` (exit code 2) that names the first field at fault. */
export function checkManifest(value: unknown): z.output<typeof manifest> {
  const result = manifest.safeParse(value);
  if (result.success) return result.data;
  const { path, message } = result.error.issues[0]!;
  throw new OctavoError(`[plan] manifest: ${path.join('.')}: ${message}`, { exitCode: 2 });
}
