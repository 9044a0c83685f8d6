/** @file The devices in a real browser: headless Chromium, whose WebGPU is SwiftShader where there is no GPU. */
import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { BF16, round } from '@octavo/formats';
import { expect, it } from 'vitest';
import { createViteServer } from 'vitest/node';

const chromium = '/usr/bin/chromium';
const root = fileURLToPath(new URL('../../..', import.meta.url));

it.skipIf(!existsSync(chromium))('runs in a browser', { timeout: 60_000 }, async () => {
  const folder = mkdtempSync(join(tmpdir(), 'octavo-chromium-'));
  let report: (results: string[]) => void = () => undefined;
  const reported = new Promise<string[]>((resolve) => {
    report = resolve;
  });
  const server = await createViteServer({
    root,
    configFile: join(root, 'vitest.config.ts'),
    cacheDir: join(folder, 'vite'),
    logLevel: 'silent',
    appType: 'custom',
    server: { port: 0, hmr: false, ws: false },
    optimizeDeps: { entries: ['packages/kernels/test/browser/page.ts'] },
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
              report(JSON.parse(body) as string[]);
              response.end();
            });
          });
          middlewares.use((request, response, next) => {
            if (request.url !== '/') return next();
            response.setHeader('content-type', 'text/html');
            response.end('<script type="module" src="/packages/kernels/test/browser/page.ts"></script>');
          });
        },
      },
    ],
  });
  await server.listen();
  const url = server.resolvedUrls!.local[0]!;
  const flags =
    '--no-sandbox --headless=new --enable-unsafe-webgpu --disable-background-networking --disable-component-update --disable-sync --no-first-run --disable-default-apps --disable-dev-shm-usage';
  const browser = spawn(chromium, [...flags.split(' '), `--user-data-dir=${folder}/profile`, url], {
    stdio: 'ignore',
  });
  try {
    const results = await reported;
    const squares = [1, 4, 9, Math.fround(4.1) ** 2, 1e6].map((x) =>
      round(BF16, Math.fround(x), 'nearest-even'),
    );
    expect(results).toEqual(['webgpu', 'webasm', 'cpu'].map((name) => `gpu:${name} ${squares.join(' ')}`));
  } finally {
    const gone = new Promise((resolve) => browser.once('exit', resolve));
    browser.kill();
    await gone;
    await server.close();
    rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
  }
});
