/** @file A contender's side of the protocol. */
import { createInterface } from 'node:readline';
import type { Hello, Reply, Request } from '../protocol.ts';

export interface Service {
  readonly version: string;
  readonly threads: number;
  readonly answer: (request: Request) => Promise<Reply>;
}

const say = (message: Hello | Reply): void => void process.stdout.write(`${JSON.stringify(message)}\n`);

/** Answers until its input ends. A library that does not load is missing. */
export async function serve(name: string, start: () => Promise<Service>): Promise<void> {
  let service: Service;
  try {
    service = await start();
  } catch (error) {
    say({ ready: false, name, missing: (error as Error).message.split('\n')[0]! });
    process.exit(0);
  }
  say({ ready: true, name, version: service.version, threads: service.threads });
  for await (const line of createInterface({ input: process.stdin })) {
    try {
      say(await service.answer(JSON.parse(line) as Request));
    } catch (error) {
      say({ error: (error as Error).message });
    }
  }
  process.exit(0);
}

/** Milliseconds a call: once to warm up, then for at least so long. */
export async function timeFor(leastMs: number, run: () => void | Promise<void>): Promise<number> {
  await run();
  const start = performance.now();
  let calls = 0;
  do {
    await run();
    calls++;
  } while (performance.now() - start < leastMs);
  return (performance.now() - start) / calls;
}

/** What was prepared, by its key: it stays where it is between turns. */
export function remember<K, T>(make: (key: K) => T | Promise<T>): (key: K) => Promise<T> {
  const made = new Map<K, T>();
  return async (key) => {
    if (!made.has(key)) made.set(key, await make(key));
    return made.get(key)!;
  };
}
