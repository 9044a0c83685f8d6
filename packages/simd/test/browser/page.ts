/** @file Runs in a browser: a cast and a product on the page's own thread and in a worker, the bits sent to the test. */
import { type Result, results } from './product.ts';

interface Browser {
  readonly Worker: new (
    url: URL,
    options: object,
  ) => { onmessage(event: { data: Result[] }): void; onerror(event: { message: string }): void };
}

/** The same in a worker of the page, which may sleep while it waits. */
const inWorker = (): Promise<readonly Result[]> =>
  new Promise((resolve, reject) => {
    const { Worker } = globalThis as unknown as Browser;
    const worker = new Worker(new URL('./worker.ts', import.meta.url), { type: 'module' });
    worker.onmessage = ({ data }) => resolve(data);
    worker.onerror = ({ message }) => reject(new Error(message));
  });

await fetch('/result', {
  method: 'POST',
  body: JSON.stringify({ page: await results(), worker: await inWorker() }),
});
