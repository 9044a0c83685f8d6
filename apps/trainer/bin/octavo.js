#!/usr/bin/env node
/** @file The installed command; it lies outside `dist` so that a package manager can link it before the first build. */
import { existsSync } from 'node:fs';

const main = new URL('../dist/main.js', import.meta.url);
if (existsSync(main)) {
  await import(main.href);
} else {
  console.error(
    'octavo: the command is not built: expected apps/trainer/dist/main.js; run `npm start` or `npm run build` in the repository first',
  );
  process.exitCode = 1;
}
