/** @file A real S3 server for tests, on loopback, which can be killed and started again: Versity's gateway over a folder. */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync } from 'node:fs';
import { createServer } from 'node:net';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { describe, test } from 'vitest';

const INSTALL = 'go install github.com/versity/versitygw/cmd/versitygw@v1.8.0';
const found = [process.env.OCTAVO_S3_SERVER, 'versitygw', join(homedir(), 'go', 'bin', 'versitygw')].find(
  (program) => program && spawnSync(program, ['--version']).status === 0,
);

/** Null: there is none, and `describeWithS3` skips. */
export const s3Server: string | null = found ?? null;

/** Tests that need it; without it there is one in their place, which is skipped and says why. */
export function describeWithS3(name: string, tests: () => void): void {
  if (s3Server !== null) describe(name, tests);
  else describe(name, () => test.skip(`there is no versitygw on this machine: ${INSTALL}`, () => {}));
}

export interface S3Server {
  /** Where what is stored lies: `folder/BUCKET/KEY`. */
  readonly folder: string;
  readonly port: number;
  /** The variables under which clients find it. */
  readonly env: Readonly<Record<string, string>>;
  /** Ends it as `kill -9` does. */
  kill(): Promise<void>;
  start(): Promise<void>;
}

export const BUCKET = 'octavo';

/** Starts it over a new folder with one empty bucket. */
export async function startS3(folder: string): Promise<S3Server> {
  const port = await freePort();
  const env = {
    ...{ AWS_ENDPOINT_URL: `http://127.0.0.1:${port}`, AWS_REGION: 'us-east-1' },
    ...{ AWS_ACCESS_KEY_ID: 'tester', AWS_SECRET_ACCESS_KEY: 'a secret of the tests' },
  };
  mkdirSync(join(folder, BUCKET), { recursive: true });
  let running: ChildProcess | null = null;
  const server: S3Server = {
    folder,
    port,
    env,
    async start() {
      const { AWS_ACCESS_KEY_ID: access, AWS_SECRET_ACCESS_KEY: secret } = env;
      const args = ['--port', `127.0.0.1:${port}`, '--access', access, '--secret', secret, '--quiet'];
      running = spawn(s3Server!, [...args, 'posix', folder], { stdio: 'ignore' });
      for (let tries = 0; ; tries++) {
        if (await fetch(env.AWS_ENDPOINT_URL).then(Boolean, () => false)) return;
        if (tries === 200) throw new Error(`${s3Server} does not answer on port ${port}`);
        await wait(50);
      }
    },
    async kill() {
      if (running === null || running.exitCode !== null || running.signalCode !== null) return;
      running.kill('SIGKILL');
      await once(running, 'exit');
    },
  };
  await server.start();
  return server;
}

export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as { port: number };
  server.close();
  return port;
}
