import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { test } from 'node:test';
import { parseAllDocuments } from 'yaml';
import { z } from 'zod';
import { limits } from '../src/server/http/limits.ts';
import type { Json } from './fake-server.ts';
import { repositoryRoot } from './reference.ts';

const require = createRequire(import.meta.url);
const folder = join(repositoryRoot, 'deploy');
const text = (name: string): string => readFileSync(join(folder, name), 'utf8');

/** The objects of a manifest. */
function objectsIn(name: string): Json[] {
  return parseAllDocuments(text(`kubernetes/${name}`)).map((document) => {
    assert.deepEqual(document.errors, [], name);
    return document.toJS();
  });
}

const manifests = new Map(readdirSync(join(folder, 'kubernetes')).map((name) => [name, objectsIn(name)]));
const objects = [...manifests.values()].flat();
const kind = (name: string, from = objects): Json => from.find((object) => object.kind === name);

/** @throws where it isn't what the published schema of its kind says */
function checkSchema(object: Json): void {
  const { apiVersion, kind: name } = object;
  const packages: Record<string, string> = { 'gateway.networking.k8s.io': '@kubernetes-models/gateway-api/' };
  const path = `${packages[apiVersion.split('/')[0]] ?? 'kubernetes-models/'}${apiVersion}/${name}`;
  const Model = require(path)[name];
  new Model(object).validate();
}

/**
 * The fields of an MPIJob itself, and what its operator takes in them (kubeflow/mpi-operator at caa3c47, manifests/base and
 * pkg/apis/kubeflow/validation): no package has them. It overwrites the restart policy of a pod.
 */
const mpiJob = z.strictObject({
  slotsPerWorker: z.int().min(0),
  sshAuthMountPath: z.string().min(1),
  mpiImplementation: z.enum(['OpenMPI', 'Intel', 'MPICH']).optional(),
  runLauncherAsWorker: z.boolean().optional(),
  runPolicy: z.strictObject({
    cleanPodPolicy: z.enum(['None', 'Running', 'All']),
    backoffLimit: z.int().min(0).optional(),
    activeDeadlineSeconds: z.int().min(0).optional(),
    ttlSecondsAfterFinished: z.int().min(0).optional(),
    suspend: z.boolean().optional(),
  }),
  mpiReplicaSpecs: z.record(
    z.enum(['Launcher', 'Worker']),
    z.strictObject({
      replicas: z.int().min(1),
      restartPolicy: z.enum(['Never', 'OnFailure']),
      template: z.object({ spec: z.object({ restartPolicy: z.never().optional() }) }),
    }),
  ),
});

test('manifests are what the published schemas of Kubernetes and of its Gateway API say', () => {
  assert.deepEqual(objects.map((object) => object.kind).toSorted(), [
    'Deployment',
    'HTTPRoute',
    'HorizontalPodAutoscaler',
    'Job',
    'MPIJob',
    'PersistentVolumeClaim',
    'PodDisruptionBudget',
    'Service',
  ]);
  for (const object of objects) {
    if (object.kind !== 'MPIJob') checkSchema(object);
    else {
      mpiJob.parse(object.spec);
      for (const { template } of Object.values<Json>(object.spec.mpiReplicaSpecs))
        checkSchema({ apiVersion: 'v1', kind: 'PodTemplate', template });
    }
  }
  const misspelt = structuredClone(kind('Deployment'));
  misspelt.spec.template.spec.containers[0].ports = [{ containerport: 8080 }];
  assert.throws(() => checkSchema(misspelt), /containerPort|ports/);
});

test('manifests fit each other, and the limits of the server', () => {
  const [deployment, service, route] = [kind('Deployment'), kind('Service'), kind('HTTPRoute')];
  const [container] = deployment.spec.template.spec.containers;
  const { labels } = deployment.spec.template.metadata;
  for (const { spec } of [deployment, kind('PodDisruptionBudget')])
    assert.deepEqual(spec.selector.matchLabels, labels);
  assert.deepEqual(service.spec.selector, labels);
  assert.equal(service.spec.ports[0].targetPort, container.ports[0].name);
  const [rule] = route.spec.rules;
  assert.deepEqual(rule.backendRefs[0], { name: service.metadata.name, port: service.spec.ports[0].port });
  assert.ok(parseInt(rule.timeouts.request, 10) * 1000 > limits.generationMs);
  assert.ok(container.args.includes(`--port=${container.ports[0].containerPort}`));
  assert.ok(container.args.includes(`--allowed-host=${route.spec.hostnames[0]}`));
  const preStopSeconds = Number(container.lifecycle.preStop.exec.command[1]);
  assert.ok(
    1000 * (deployment.spec.template.spec.terminationGracePeriodSeconds - preStopSeconds) >
      limits.drainMs + 5000,
  );
  assert.equal(kind('HorizontalPodAutoscaler').spec.scaleTargetRef.name, deployment.metadata.name);

  const job = kind('Job').spec;
  assert.equal(job.completionMode, 'Indexed');
  assert.ok(job.template.spec.containers[0].args.includes(`--shards=${job.completions}`));

  const mpi = kind('MPIJob').spec;
  const { Launcher, Worker } = mpi.mpiReplicaSpecs;
  const [launcher] = Launcher.template.spec.containers;
  const ranks = Number(launcher.command[launcher.command.indexOf('-n') + 1]);
  assert.equal(ranks, Worker.replicas * mpi.slotsPerWorker);
  assert.ok(launcher.args.includes(`--accumulate=${ranks}`));
});

test('the balancer waits for a text as long as the server writes at it', () => {
  const cfg = text('haproxy.cfg');
  for (const side of ['client', 'server']) {
    const [, seconds] = new RegExp(`timeout ${side} (\\d+)s`).exec(cfg)!;
    assert.ok(1000 * Number(seconds) > limits.generationMs + limits.heartbeatMs / 2);
  }
});

test('what the image copies is there, and what runs in it is nobody', () => {
  const dockerfile = text('Dockerfile');
  const copied = /cp -r ([^&]+?) \/image\//.exec(dockerfile)![1].split(' ');
  for (const name of copied) assert.ok(existsSync(join(repositoryRoot, name)), name);
  const stages = dockerfile.split(/^FROM /m).slice(2);
  for (const stage of stages)
    assert.equal(/^USER (.*)$/m.exec(stage.slice(stage.lastIndexOf('USER ')))![1], '1000:1000');
});

test('the scripts for Slurm are those of a shell', () => {
  for (const name of readdirSync(join(folder, 'slurm')))
    execFileSync('bash', ['-n', join(folder, 'slurm', name)]);
});
