/** @file What came out: tables, charts, and the claims held to their figures. */
import { claim, claimSection } from '../claims.ts';
import type { RareByte } from '../corpus.ts';
import type { Claim, StudyResult } from '../study.ts';
import { type Row, tableOf } from '../table.ts';
import { chartsOf } from './charts.ts';
import { type DoseGap, doseGapsOf, type Gap, gapsOf } from './gaps.ts';
import type { Results } from './index.ts';
import type { InstabilitySettings } from './settings.ts';

export function findings(settings: InstabilitySettings, rare: RareByte, results: Results): StudyResult {
  const gaps = gapsOf(results.runs, settings.spikeEvery);
  const doses = doseGapsOf(results.doses);
  const claims = claimsOf(settings, gaps, results);
  return {
    tables: {
      losses: tableOf(
        { seed: 'int', arm: 'text', recipe: 'text', step: 'int', loss: 'number', gap: 'number' },
        gaps.flatMap(({ seed, arm, recipe, losses, gaps: all }) =>
          losses.map((loss, i): Row => ({ seed, arm, recipe, step: i + 1, loss, gap: all[i]! })),
        ),
      ),
      casts: tableOf(
        {
          seed: 'int',
          arm: 'text',
          recipe: 'text',
          step: 'int',
          layer: 'int',
          amax: 'number',
          overflows: 'number',
          underflows: 'number',
        },
        results.runs.flatMap(({ seed, arm, recipe, casts }) =>
          casts.map((cast): Row => ({ seed, arm, recipe, ...cast })),
        ),
      ),
      doses: tableOf(
        { seed: 'int', peak: 'number', recipe: 'text', gap: 'number' },
        doses.map((dose): Row => ({ ...dose })),
      ),
      planted: tableOf(
        {
          seed: 'int',
          layer: 'int',
          channel: 'int',
          alpha: 'number',
          onRare: 'number',
          onOrdinary: 'number',
        },
        results.planted.map((planted): Row => ({ ...planted })),
      ),
    },
    charts: chartsOf(settings, gaps, doses, results),
    summary: { claims, markdown: markdownOf(settings, rare, gaps, doses, claims, results) },
  };
}

/** What the paper says of a recipe, for Llama2 7B on two trillion tokens. */
const PAPER: Readonly<Record<string, string>> = {
  fp8: 'follows BF16 to about 200 billion tokens, then spikes and diverges',
  'fp8-w3-bf16': "SwiGLU's output in BF16 restores convergence",
  'fp8-smooth': 'Smooth-SwiGLU restores convergence in FP8',
  'fp8-full': 'with FP8 moments as well, to 2 trillion tokens level with BF16',
};

const HARMLESS = ['fp8-w3-bf16', 'fp8-smooth', 'fp8-smooth-token', 'fp8-full'];

function claimsOf(
  { recipes, controls, specialSteps }: InstabilitySettings,
  gaps: Gap[],
  { runs }: Results,
): Claim[] {
  const of = (arm: string, recipe: string, value: 'lastGap' | 'largestGap') =>
    gaps.filter((gap) => gap.arm === arm && gap.recipe === recipe).map((gap) => gap[value]);
  const has = (recipe: string) => recipes.includes(recipe);
  const claims: Claim[] = [];
  if (has('fp8')) {
    claims.push(
      claim(
        'fp8: gap over the last half at least 0.10',
        of('aged', 'fp8', 'lastGap'),
        (v) => v >= 0.1,
        PAPER.fp8,
      ),
      claim('fp8: largest gap at least 0.40', of('aged', 'fp8', 'largestGap'), (v) => v >= 0.4),
    );
  }
  if (has('fp8-240'))
    claims.push(
      claim(
        'fp8-240: gap over the last half at least 0.30',
        of('aged', 'fp8-240', 'lastGap'),
        (v) => v >= 0.3,
      ),
    );
  for (const recipe of HARMLESS.filter(has)) {
    claims.push(
      claim(
        `${recipe}: gap over the last half at most 0.005`,
        of('aged', recipe, 'lastGap'),
        (v) => v <= 0.005,
        PAPER[recipe],
      ),
      claim(`${recipe}: largest gap at most 0.03`, of('aged', recipe, 'largestGap'), (v) => v <= 0.03),
    );
  }
  if (controls.includes('rescaled'))
    claims.push(
      claim(
        'fp8 on the rescaled, not aged control: gap over the last half at most 0.005',
        of('rescaled', 'fp8', 'lastGap'),
        (v) => v <= 0.005,
      ),
    );
  if (specialSteps > 0) {
    const brokenAt = (recipe: string): number[] =>
      runs
        .filter((run) => run.arm === 'overflowing' && run.recipe === recipe)
        .map((run) => run.broke?.step ?? 0);
    claims.push(claim('casts that overflow: fp8 breaks (at step)', brokenAt('fp8'), (step) => step > 0));
    for (const recipe of ['fp8-w3-bf16', 'fp8-smooth', 'fp8-smooth-token'])
      claims.push(
        claim(
          `casts that overflow: ${recipe} stays finite (0: never broke)`,
          brokenAt(recipe),
          (s) => s === 0,
        ),
      );
  }
  return claims;
}

function markdownOf(
  settings: InstabilitySettings,
  rare: RareByte,
  gaps: readonly Gap[],
  doses: readonly DoseGap[],
  claims: readonly Claim[],
  { planted, runs }: Results,
): string {
  const seeds = [...new Set(gaps.map(({ seed }) => seed))];
  const { steps, baseSteps, activations, peak, spikeEvery } = settings;
  const half = steps - Math.floor(steps / 2);
  const number = (value: number | undefined, digits = 4): string =>
    value === undefined ? '' : Number.isFinite(value) ? value.toFixed(digits) : 'broke';
  const arms = [...new Set(gaps.map(({ arm }) => arm))];
  const lines = [
    '# Instability, from an aged checkpoint',
    '',
    `The outliers are planted: after ${baseSteps} steps in BF16, one SwiGLU channel of each layer was given aligned gate and`,
    `up vectors that put out ${peak.toExponential()} on a rare byte (${JSON.stringify(String.fromCharCode(rare.byte))}, ${rare.count} in the text).`,
    `Then ${steps} steps in each recipe on the same batches, the rare byte in every ${spikeEvery}th only; activations ${activations}.`,
    `Gap: loss less that of \`bf16\` on the same batch; over the last ${half} steps, and the largest. Seeds ${seeds.join(', ')}.`,
    'It is a spike with partial recovery, not a divergence.',
  ];
  for (const arm of arms.filter((a) => a !== 'overflowing')) {
    lines.push(
      '',
      `## ${arm}`,
      '',
      `| recipe | loss, last ${half} | gap, last ${half} | largest gap | gap before the first spike |`,
      '| --- | --- | --- | --- | --- |',
    );
    for (const recipe of [...new Set(gaps.filter((g) => g.arm === arm).map((g) => g.recipe))]) {
      const own = seeds.map((seed) =>
        gaps.find((g) => g.arm === arm && g.recipe === recipe && g.seed === seed),
      );
      const cell = (key: 'lastLoss' | 'lastGap' | 'largestGap' | 'quietGap') =>
        own.map((g) => number(g?.[key])).join(' / ');
      lines.push(
        `| ${recipe} | ${cell('lastLoss')} | ${cell('lastGap')} | ${cell('largestGap')} | ${cell('quietGap')} |`,
      );
    }
  }
  const special = runs.filter(({ arm }) => arm === 'overflowing');
  if (special.length > 0) {
    lines.push('', '## overflowing: casts of inputs and weights give NaN beyond their range', '');
    for (const { seed, recipe, broke, losses } of special)
      lines.push(
        `- seed ${seed}, ${recipe}: ${broke ? `not finite at step ${broke.step} (${broke.where})` : `finite for ${losses.length} steps`}`,
      );
  }
  if (doses.length > 0) {
    const peaks = [...new Set(doses.map((d) => d.peak))];
    lines.push(
      '',
      '## Without training: mean gap by the output of the planted channels',
      '',
      `| recipe | ${peaks.map((p) => p.toExponential()).join(' | ')} |`,
      `| --- |${peaks.map(() => ' --- |').join('')}`,
    );
    for (const recipe of [...new Set(doses.map((d) => d.recipe))]) {
      const cells = peaks.map((p) =>
        doses
          .filter((d) => d.recipe === recipe && d.peak === p)
          .map((d) => number(d.gap))
          .join(' / '),
      );
      lines.push(`| ${recipe} | ${cells.join(' | ')} |`);
    }
  }
  lines.push(...claimSection(claims, (v) => number(v)));
  lines.push('', '## Planted channels', '');
  for (const p of planted)
    lines.push(
      `- seed ${p.seed}, layer ${p.layer}: channel ${p.channel}, u·x ${number(p.onRare, 2)} on the rare byte, ${number(p.onOrdinary, 2)} (rms) elsewhere`,
    );
  return `${lines.join('\n')}\n`;
}
