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

/** The sizes that were prepared: operands stay where they are between turns. */
export function remember<T>(make: (size: number) => T | Promise<T>): (size: number) => Promise<T> {
  const made = new Map<number, T>();
  return async (size) => {
    if (!made.has(size)) made.set(size, await make(size));
    return made.get(size)!;
  };
}
