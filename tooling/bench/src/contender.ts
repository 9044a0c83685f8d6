/** @file A library at work in a child process. */
import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import type { Answer, Hello, Reply, Request } from './protocol.ts';

export interface Contender {
  readonly hello: Hello;
  /** Rejects where the contender fails; it is of no more use then. */
  ask(request: Request): Promise<Answer>;
  stop(): void;
}

export interface Command {
  readonly name: string;
  readonly file: string;
  readonly args: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
}

/** Most that an answer may take, milliseconds: of a model that compiles its first step, with much to spare. */
const MOST = 600_000;

/** Starts a contender and waits for what it says of itself. One that does not start is missing; one too slow is ended. */
export async function startContender(
  { name, file, args, env = {} }: Command,
  most = MOST,
): Promise<Contender> {
  const child = spawn(file, args, {
    env: { ...process.env, ...env },
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  const said: string[] = [];
  child.stderr.on('data', (data) => said.push(String(data)));
  child.stdin.on('error', () => {}); // its end is seen on its output
  const failed = new Promise<never>((_, reject) => {
    child.on('error', reject);
    child.on('close', (code) =>
      reject(new Error(`${name} ended with ${code}: ${said.join('').trim().split('\n').at(-1) ?? ''}`)),
    );
  });
  failed.catch(() => {});
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const next = async (): Promise<unknown> => {
    for (;;) {
      const { value, done } = await Promise.race([lines.next(), failed]);
      if (done) return failed;
      if (value.startsWith('{')) return JSON.parse(value); // some libraries greet on standard output
    }
  };
  const hello = await next().then(
    (value): Hello => ({ ...(value as Hello), name }),
    (error: Error): Hello => ({ ready: false, name, missing: error.message }),
  );
  return {
    hello,
    async ask(request) {
      child.stdin.write(`${JSON.stringify(request)}\n`);
      const limit = setTimeout(() => {
        said.push(`no answer within ${most / 1000} s`);
        child.kill();
      }, most);
      const reply = (await next().finally(() => clearTimeout(limit))) as Reply;
      if ('error' in reply) throw new Error(`${name}: ${reply.error}`);
      return reply;
    },
    stop: () => {
      child.kill();
    },
  };
}
