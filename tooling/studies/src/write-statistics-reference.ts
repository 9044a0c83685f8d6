/** @file Writes `docs/statistics.md`. */
import { writeFileSync } from 'node:fs';
import { statisticsReference } from './statistics-reference.ts';

writeFileSync(new URL('../../../docs/statistics.md', import.meta.url), statisticsReference());
