/** @file The consumer's page, bundled by Vite as it comes (its default minifier and all), served, and seen in Chromium. */
import { copyFileSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { extname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'vite';
import { isolation, mailbox, visit } from '../vitest/browser.ts';
import type { WrittenExample } from './examples.ts';

/** Builds `browser/` of the consumer with the examples in it; the text of the scripts that came out. */
export async function bundle(consumer: string, examples: readonly WrittenExample[]): Promise<string> {
  const root = join(consumer, 'browser');
  copyFileSync(fileURLToPath(new URL('./page.js', import.meta.url)), join(root, 'page.js'));
  const loaders = examples.map(({ name }) => `['${name}', () => import('./${name}.ts')]`);
  writeFileSync(join(root, 'examples.js'), `export const examples = [${loaders.join(', ')}];\n`);
  writeFileSync(join(root, 'index.html'), '<script type="module" src="/page.js"></script>');
  const result = await build({ root, configFile: false, logLevel: 'silent' });
  const outputs = (Array.isArray(result) ? result : [result]).flatMap((one) =>
    'output' in one ? one.output : [],
  );
  return outputs.map((output) => (output.type === 'chunk' ? output.code : '')).join('\n');
}

const types: Readonly<Record<string, string>> = { '.html': 'text/html', '.js': 'text/javascript' };

/** What the bundled page posts. */
export async function openBundle(consumer: string): Promise<unknown> {
  const { posted, take } = mailbox();
  const server = createServer((request, response) => {
    if (request.url === '/result') return take(request, response);
    const file = join(consumer, 'browser/dist', request.url === '/' ? 'index.html' : request.url!);
    response.setHeaders(
      new Map(Object.entries({ ...isolation, 'content-type': types[extname(file)] ?? 'text/plain' })),
    );
    try {
      response.end(readFileSync(file));
    } catch {
      response.writeHead(404).end();
    }
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const close = visit(
    `http://127.0.0.1:${(server.address() as AddressInfo).port}/`,
    join(consumer, 'chromium'),
  );
  try {
    return await posted;
  } finally {
    await close();
    server.close();
  }
}
