/** @file `npm start`: from a fresh clone to a trained model. Arguments are passed on to `octavo train`. */
import { requireNode } from './node-version.mjs';

requireNode();
const { prepare } = await import('./prepare.mjs');
const { root, runCommand } = await import('./command.mjs');

await prepare();
process.exitCode = await runCommand(process.execPath, [
  `${root}apps/trainer/bin/octavo.js`,
  'train',
  '--what-next',
  ...process.argv.slice(2),
]);
