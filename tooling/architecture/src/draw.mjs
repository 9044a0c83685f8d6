/** @file Draws the house anew into CONTRIBUTING.md. */
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { readHouse } from './house.mjs';
import { FENCED, pictureOf } from './picture.mjs';

const root = fileURLToPath(new URL('../../..', import.meta.url));
const file = `${root}/CONTRIBUTING.md`;
const picture = pictureOf(readHouse(root).packages);
writeFileSync(
  file,
  readFileSync(file, 'utf8').replace(FENCED, () => `\`\`\`mermaid\n${picture}\`\`\``),
);
