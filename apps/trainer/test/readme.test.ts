import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { planOf } from '@octavo/trainer';
import { expect, test } from 'vitest';
import { loadConfigFile } from '../src/config/load-file.ts';
import { configSchema } from '../src/config/schema.ts';
import { resolveSettings } from '../src/config/settings.ts';

const readme = readFileSync(new URL('../README.md', import.meta.url), 'utf8');

test('the configuration in the README is one, and means what it says', async () => {
  const [, block] = /```ts\n(.*?)```/s.exec(readme)!;
  const folder = mkdtempSync(join(dirname(fileURLToPath(import.meta.url)), 'readme-'));
  try {
    const file = join(folder, 'octavo.config.ts');
    writeFileSync(file, block!);
    const settings = await resolveSettings(await loadConfigFile(file));
    const plan = planOf(settings);
    expect(plan.recipe.name).toBe('fp8-coarse-gradients');
    expect(plan.recipe.linear.gradInput.grad).toMatchObject({ format: 'e5m2', rounding: 'stochastic' });
    expect(plan.recipe.linear.gradWeight.grad).toMatchObject({ rounding: 'nearest-even' });
    expect(plan.recipe.optimizer).toMatchObject({ master: 'fp16', moment1: 'e4m3fn', moment2: 'bf16' });
    expect(plan).toMatchObject({
      batch: 8,
      sequence: 64,
      steps: 200,
      schedule: { kind: 'cosine', peak: 2e-3, steps: 200 },
    });
    expect(settings.out).toBe(join(folder, 'runs/mine'));
    expect(settings.data.train).toEqual([join(folder, 'books'), join(folder, 'notes.jsonl')]);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});

test('the README’s table names every key of the configuration', () => {
  for (const key of Object.keys(configSchema.shape)) expect(readme).toMatch(new RegExp(`\`${key}\``));
});
