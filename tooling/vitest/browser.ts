/** @file Headless Chromium with WebGPU (SwiftShader where there is no GPU), and the JSON that a page sends back. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { startChromium } from './chromium.ts';

const flags =
  '--no-sandbox --headless=new --enable-unsafe-webgpu --disable-background-networking --disable-component-update --disable-sync --no-first-run --disable-default-apps --disable-dev-shm-usage';

/** The two headers without which a page has no shared memory. */
export const isolation = {
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-embedder-policy': 'require-corp',
};

/** Opens a page in a profile of its own under `folder`; the returned function closes it. */
export function visit(url: string, folder: string): () => Promise<void> {
  const args = [...flags.split(' '), `--user-data-dir=${folder}/profile`, url];
  return startChromium(args, { stdio: 'ignore' }).end;
}

/** A handler of POST /result, and the promise of what is posted. */
export function mailbox(): {
  readonly posted: Promise<unknown>;
  take(request: IncomingMessage, response: ServerResponse): void;
} {
  let report: (result: unknown) => void = () => undefined;
  const posted = new Promise<unknown>((resolve) => {
    report = resolve;
  });
  return {
    posted,
    take(request, response) {
      let body = '';
      request.on('data', (part: Buffer) => {
        body += part.toString();
      });
      request.on('end', () => {
        report(JSON.parse(body));
        response.end();
      });
    },
  };
}
