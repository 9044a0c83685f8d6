/**
 * @file What libraries for browsers need of one to run on several threads in Node: `Worker` from a blob's URL, and the
 * number of processors. Without it they run on one thread here, and a comparison would be too kind to us.
 */
import { createRequire } from 'node:module';
import { Worker as NodeWorker } from 'node:worker_threads';

/** Blobs made so far, by URL: a worker's source must be there when it starts. */
const sources = new Map<string, string>();

const PREFACE = `
const { parentPort } = require('node:worker_threads');
globalThis.self = globalThis;
globalThis.postMessage = (message, transfer) => parentPort.postMessage(message, transfer);
parentPort.on('message', (data) => globalThis.onmessage({ data }));
`;

function webWorker() {
  return class WebWorker extends NodeWorker {
    constructor(url: string) {
      super(PREFACE + (sources.get(url) ?? ''), { eval: true });
      const handlers = this as unknown as Record<string, ((event: object) => void) | undefined>;
      this.on('message', (data) => handlers.onmessage?.({ data }));
      this.on('error', (error) => handlers.onerror?.({ message: error.message }));
      this.unref();
    }
  };
}

/** For libraries that start `Worker`s of the web. */
export function provideWorkers(threads: number): void {
  const global = globalThis as unknown as Record<string, unknown>;
  class NamedBlob extends Blob {
    readonly source: string;
    constructor(parts: string[], options?: { type?: string }) {
      super(parts, options);
      this.source = parts.join('');
    }
  }
  global.Blob = NamedBlob;
  URL.createObjectURL = (blob) => {
    const url = `blob:bench/${sources.size}`;
    sources.set(url, (blob as NamedBlob).source);
    return url;
  };
  URL.revokeObjectURL = () => {};
  global.Worker = webWorker();
  Object.defineProperty(globalThis, 'navigator', {
    value: { hardwareConcurrency: threads },
    configurable: true,
  });
}

/** Makes Node say that the machine has so many processors. */
export function claimProcessors(count: number): void {
  const os = createRequire(import.meta.url)('node:os') as { cpus: () => unknown[] };
  const [one] = os.cpus();
  os.cpus = () => Array.from({ length: count }, () => one);
}
