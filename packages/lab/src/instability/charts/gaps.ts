/** @file The pictures of gaps to BF16: every recipe's in training, and those of forward passes by the outlier's size. */
import { signed } from '@octavo/report/charts';
import { colour, names, panel, picture, quantity } from '../../charts/frame.ts';
import { dots, INK, label, layer } from '../../charts/layers.ts';
import { mean } from '../../engine/numbers.ts';
import { where } from '../../engine/rows.ts';
import type { DoseGap, Gap } from '../results.ts';
import type { InstabilitySettings } from '../settings.ts';

/** Where the scale of gaps turns from linear to logarithmic: a harmless gap is about as large. */
const QUIET = 0.001;

/** Symmetric about 0: small gaps and broken runs on one axis. */
function gapAxis(gaps: readonly number[]) {
  const sizes = [0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1, 3, 10];
  const [low, high] = [Math.min(0, 1.2 * Math.min(...gaps)), 1.2 * Math.max(...gaps)];
  const ticks = [...sizes.map((size) => -size).reverse(), 0, ...sizes];
  return {
    type: 'quantitative',
    scale: { type: 'symlog', constant: QUIET },
    axis: { values: ticks.filter((tick) => tick >= low && tick <= high), format: '~g' },
  };
}

/** A bar a recipe (mean of the seeds), a dot a seed; the mean in figures, since harmless gaps differ by thousandths. */
export function gapChart({ recipes, steps }: InstabilitySettings, gaps: readonly Gap[]): object {
  const shown = recipes.filter((recipe) => recipe !== 'bf16');
  const aged = where(gaps, { arm: 'aged' });
  const values = aged
    .filter((g) => shown.includes(g.recipe) && Number.isFinite(g.lastGap))
    .map(({ recipe, seed, lastGap }) => ({ recipe, seed, gap: lastGap }));
  const means = shown.map((recipe) => {
    const own = where(values, { recipe }).map(({ gap }) => gap);
    const broke = where(aged, { recipe }).length - own.length;
    const gap = own.length === 0 ? 0 : mean(own);
    const said = [own.length > 0 ? signed(gap) : '', broke > 0 ? `${broke} broke` : ''];
    return { recipe, gap, end: Math.max(0, ...own), label: said.filter((part) => part !== '').join(', ') };
  });
  const half = steps - Math.floor(steps / 2);
  const x = {
    ...gapAxis(values.map(({ gap }) => gap)),
    title: `nats per byte above bf16, mean of the last ${half} steps; logarithmic beyond ${QUIET}`,
  };
  const y = names('recipe', shown);
  const color = colour(shown, null);
  return picture(
    gapTitle(means),
    'bars and figures: mean of the seeds; dots: seeds',
    panel(560, { step: 26 }, [
      layer({ type: 'bar', opacity: 0.75 }, { x: { ...x, field: 'gap' }, y, color }, means),
      dots(INK, { x: { ...x, field: 'gap' }, y }, values),
      label(8, { fontSize: 12 }, { x: { ...x, field: 'end' }, y, text: { field: 'label' } }, means),
    ]),
  );
}

function gapTitle(means: readonly { readonly recipe: string; readonly gap: number }[]): string {
  const of = (recipe: string): number | undefined => where(means, { recipe })[0]?.gap;
  const [fp8, smooth] = [of('fp8'), of('fp8-smooth')];
  if (fp8 === undefined || smooth === undefined || smooth <= 0)
    return 'How far each recipe falls behind BF16';
  return `FP8 falls ${fp8.toFixed(2)} behind BF16, with Smooth-SwiGLU ${smooth.toFixed(4)}: ${Math.round(fp8 / smooth)} times less`;
}

/** Mean gap of forward passes by the planted channels' output. */
export function doseChart({ doseRecipes }: InstabilitySettings, doses: readonly DoseGap[]): object {
  const finite = doses.filter(({ gap }) => Number.isFinite(gap));
  const encoding = {
    x: quantity('peak', {
      title: 'output of the planted channels on the rare byte',
      scale: { type: 'log' },
      axis: { values: [...new Set(doses.map(({ peak }) => peak))], format: '~s', grid: false },
    }),
    color: colour(doseRecipes, { title: 'recipe', symbolType: 'circle', symbolOpacity: 1 }),
  };
  const y = {
    ...gapAxis(finite.map(({ gap }) => gap)),
    title: `nats per byte above bf16 (log beyond ${QUIET})`,
    field: 'gap',
  };
  return picture(doseTitle(finite), 'no training: forward passes only; dots: seeds', {
    width: 560,
    height: 280,
    data: { values: finite },
    layer: [layer('line', { ...encoding, y: { ...y, aggregate: 'mean' } }), dots({}, { ...encoding, y })],
  });
}

function doseTitle(doses: readonly DoseGap[]): string {
  const most = (recipe: string): number => Math.max(...where(doses, { recipe }).map(({ gap }) => gap));
  const [fp8, smooth] = [most('fp8'), most('fp8-smooth')];
  if (!Number.isFinite(fp8) || !Number.isFinite(smooth))
    return 'The larger the planted outlier, the larger the harm';
  return `The larger the planted outlier, the larger FP8’s harm, up to ${fp8.toFixed(2)}; with Smooth-SwiGLU at most ${smooth.toFixed(4)}`;
}
