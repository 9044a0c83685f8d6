/** @file A page of tests in a real browser: headless Chromium, whose WebGPU is SwiftShader where there is no GPU. */
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { createViteServer } from 'vitest/node';
import { chromium } from './chromium.ts';

export const hasBrowser = chromium !== null;

const root = fileURLToPath(new URL('../..', import.meta.url));
const flags =
  '--no-sandbox --headless=new --enable-unsafe-webgpu --disable-background-networking --disable-component-update --disable-sync --no-first-run --disable-default-apps --disable-dev-shm-usage';

/** The two headers without which a page has no shared memory. */
const isolation = {
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-embedder-policy': 'require-corp',
};

/**
 * Opens a page whose only script is the module `page` (a path from the repository's root, served with its imports as
 * vitest resolves them), and resolves to the JSON that the page posts to `/result`.
 */
export async function inBrowser(page: string, options: { isolated?: boolean } = {}): Promise<unknown> {
  const folder = mkdtempSync(join(tmpdir(), 'octavo-chromium-'));
  let report: (result: unknown) => void = () => undefined;
  const reported = new Promise<unknown>((resolve) => {
    report = resolve;
  });
  const server = await createViteServer({
    root,
    configFile: join(root, 'vitest.config.ts'),
    cacheDir: join(folder, 'vite'),
    logLevel: 'silent',
    appType: 'custom',
    server: { port: 0, hmr: false, ws: false, headers: options.isolated ? isolation : {} },
    optimizeDeps: { entries: [page] },
    plugins: [
      {
        name: 'page',
        configureServer({ middlewares }) {
          middlewares.use('/result', (request: IncomingMessage, response: ServerResponse) => {
            let body = '';
            request.on('data', (part: Buffer) => {
              body += part.toString();
            });
            request.on('end', () => {
              report(JSON.parse(body));
              response.end();
            });
          });
          middlewares.use((request, response, next) => {
            if (request.url !== '/') return next();
            response.setHeader('content-type', 'text/html');
            if (options.isolated)
              for (const [name, value] of Object.entries(isolation)) response.setHeader(name, value);
            response.end(`<script type="module" src="/${page}"></script>`);
          });
        },
      },
    ],
  });
  await server.listen();
  const url = server.resolvedUrls!.local[0]!;
  const browser = spawn(chromium!, [...flags.split(' '), `--user-data-dir=${folder}/profile`, url], {
    stdio: 'ignore',
  });
  try {
    return await reported;
  } finally {
    const gone = new Promise((resolve) => browser.once('exit', resolve));
    browser.kill();
    await gone;
    await server.close();
    rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
  }
}
