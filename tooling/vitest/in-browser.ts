/** @file A page of tests in a real browser, its modules as vitest resolves them. */
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { createViteServer } from 'vitest/node';
import { isolation, mailbox, visit } from './browser.ts';
import { removeProfile } from './chromium.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));

/**
 * Opens a page whose only script is the module `page` (a path from the repository's root, served with its imports as
 * vitest resolves them), and resolves to the JSON that the page posts to `/result`.
 */
export async function inBrowser(page: string, options: { isolated?: boolean } = {}): Promise<unknown> {
  const folder = mkdtempSync(join(tmpdir(), 'octavo-chromium-'));
  const { posted, take } = mailbox();
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
          middlewares.use('/result', take);
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
  const close = visit(server.resolvedUrls!.local[0]!, folder);
  try {
    return await posted;
  } finally {
    await close();
    await server.close();
    removeProfile(folder);
  }
}
