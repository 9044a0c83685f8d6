/** @file The page of an inspected model: its figures, what it says where there is little to see, and in a real browser. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { SwiGluFindings, TensorFindings } from '@octavo/exchange';
import { counterRandom } from '@octavo/formats';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { describeInChromium } from '../../../tooling/vitest/chromium.ts';
import { findPictures, findScrolling, type Picture } from '../../../tooling/vitest/faults-of-text.ts';
import { openPage, type Seen } from '../../../tooling/vitest/open-page.ts';
import { expectSealed, shows } from '../../../tooling/vitest/sealed-page.ts';
import { type Inspection, inspectionReport, pageOf } from '../src/index.ts';

const survey = {
  ...{
    amax: 2,
    smallest: 2 ** -9,
    rms: 0.5,
    kurtosis: 3.25,
    dynamicRange: 10,
    zeros: 0,
    nans: 0,
    infinities: 0,
  },
  cast: { sqnr: 31.5, mse: 1e-6, clipped: 0, underflowed: 0, scale: 224, scales: 1 },
};

function tensor(
  name: string,
  change: Partial<typeof survey> = {},
  more: Partial<TensorFindings> = {},
): TensorFindings {
  const measured = { elements: 1000, ...survey, ...change };
  return {
    ...{ name, role: null, dtype: 'BF16', shape: [10, 100], decoded: null, skipped: null, elements: 1000 },
    ...{ measured, ...more },
  };
}

function swiglu(layer: number | null, cosines: readonly number[], gain = 0): SwiGluFindings {
  const order = Uint32Array.from(cosines.keys()).sort(
    (a, b) => Math.abs(cosines[b]!) - Math.abs(cosines[a]!),
  );
  const norms = Float64Array.from(cosines, (_, i) => 1 + i);
  const sizes = cosines.map(Math.abs);
  return {
    ...{ place: `model.layers.${layer ?? 'x'}.mlp`, layer, channels: cosines.length, order },
    ...{ cosines: Float64Array.from(cosines), gateNorms: norms, upNorms: norms, downNorms: norms },
    ...{
      cosineMean: 0.1,
      cosineMax: Math.max(0, ...sizes),
      aligned: sizes.filter((size) => size > 0.9).length,
    },
    smoothing: {
      scales: Float32Array.from(cosines, () => 0.25),
      up: { sqnr: 30, smoothed: 30 + gain },
      down: { sqnr: 31, smoothed: 31 },
    },
  };
}

const layers = Array.from({ length: 5 }, (_, layer) => layer);
const full: Inspection = {
  ...{
    path: 'models/mine',
    kind: 'Hugging Face folder',
    cast: 'e4m3fn-current-tensor',
    notes: ['x.bin is left out'],
  },
  tensors: [
    tensor('model.embed_tokens.weight'),
    ...layers.flatMap((layer) => [
      tensor(`model.layers.${layer}.mlp.up_proj.weight`, { amax: 2 + layer, kurtosis: 3 + 20 * layer }),
      tensor(`model.layers.${layer}.self_attn.q_proj.weight`, {
        cast: { ...survey.cast, sqnr: 20 + layer, underflowed: 10 * layer },
      }),
    ]),
    tensor('model.layers.1.mlp.gate_proj.weight', { nans: 3 }),
    tensor('<img src=x onerror=alert(1)>', {}, { decoded: '× weight_scale F32 [1]' }),
    tensor('ids', {}, { measured: null, skipped: 'I64 is no float type' }),
  ],
  swiglus: layers.map((layer) =>
    swiglu(
      layer,
      Array.from({ length: 40 }, (_, i) =>
        i === 7 && layer === 3 ? -0.97 : counterRandom(layer, i) / 2 ** 32 - 0.5,
      ),
      layer,
    ),
  ),
};

async function pageWith(inspection: Inspection): Promise<string> {
  const made = { command: 'a test', version: '0.0.0', on: new Date(0) };
  const page = await pageOf(inspectionReport(inspection), made);
  expectSealed(page.replaceAll('&lt;img src=x onerror=alert(1)&gt;', ''));
  return page;
}

test('says what stands out, and has every tensor and the most aligned channels', async () => {
  const page = await pageWith(full);
  shows(
    page,
    '1 tensor holds values that are not finite; most, 3 values, model.layers.1.mlp.gate_proj.weight',
  );
  shows(page, 'Heaviest tails: model.layers.4.mlp.up_proj.weight, kurtosis 83');
  shows(
    page,
    '1 SwiGLU channel is aligned beyond 0.9; the most aligned, −0.97, is channel 7 of model.layers.3.mlp',
  );
  shows(page, 'Smoothing would gain most in up of model.layers.4.mlp: 30 → 34 dB');
  shows(page, 'At most 4 % of a tensor’s values become zero: model.layers.4.self_attn.q_proj.weight');
  shows(page, 'Least signal over noise: 20 dB, model.layers.0.self_attn.q_proj.weight');
  shows(page, 'x.bin is left out');
  shows(page, '× weight_scale F32 [1]');
  shows(page, 'Not measured: ids (I64 is no float type).');
  expect(page.match(/data-label="SQNR, dB"/g)).toHaveLength(13);
  expect(page).toMatch(
    /data-label="channel">7<\/td><td class="number" data-label="cos\(gate, up\)">−0\.9700</,
  );
});

describe('where there is little to see', () => {
  test.each<[what: string, inspection: Inspection, words: string]>([
    ['nothing', { ...full, tensors: [], swiglus: [], notes: [] }, 'What stands out'],
    ['no floats', { ...full, tensors: [full.tensors.at(-1)!], swiglus: [] }, 'Not measured: ids'],
    [
      'a tensor of zeros',
      {
        ...full,
        tensors: [
          tensor('a', {
            ...{ amax: 0, smallest: 0, rms: 0, kurtosis: null as never, dynamicRange: null as never },
            cast: { ...survey.cast, sqnr: Number.POSITIVE_INFINITY },
          }),
        ],
        swiglus: [],
      },
      'exact',
    ],
    [
      'one SwiGLU of no layer',
      { ...full, swiglus: [swiglu(null, [0, Number.NaN, 0.5])] },
      'No SwiGLU channel is aligned',
    ],
    [
      'no down',
      { ...full, swiglus: [{ ...swiglu(0, [1, 0.2]), downNorms: null, smoothing: null }] },
      '‖down‖',
    ],
    [
      'experts',
      { ...full, swiglus: [swiglu(0, [0.1]), swiglu(0, [0.95]), swiglu(1, [0.3])] },
      '1 channel above 0.9',
    ],
  ])('%s', async (_, inspection, words) => {
    shows(await pageWith(inspection), words);
  });

  test('many tensors, of many kinds: the worst are in the table', async () => {
    const tensors = Array.from({ length: 90 }, (_, i) =>
      tensor(`part${i}.weight`, { cast: { ...survey.cast, sqnr: 10 + i } }),
    );
    const page = await pageWith({ ...full, tensors });
    shows(page, 'The 60 with least signal over noise, of 90 tensors');
    shows(page, 'the 24 kinds with most values, of 90 kinds');
    expect(page.match(/data-label="SQNR, dB"/g)).toHaveLength(60);
  });
});

describeInChromium('in a browser', () => {
  interface Page {
    readonly pictures: readonly Picture[];
    readonly width: number;
    readonly scrolling: readonly string[];
  }
  const look = `${findPictures}${findScrolling} return { pictures, width: document.documentElement.scrollWidth, scrolling };`;
  let folder: string;
  let seen: Seen<Page>[];
  let path: string;
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'octavo-inspection-'));
    path = join(folder, 'report.html');
    writeFileSync(path, await pageWith(full));
    const view = { scale: 1, scheme: 'light' } as const;
    seen = await openPage<Page>(
      path,
      [
        { width: 1000, ...view },
        { width: 390, ...view },
      ],
      look,
    );
  }, 120_000);
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  test('every picture has its texts inside, none on another; a phone need not scroll', () => {
    for (const { requests, told, value } of seen) {
      expect([requests.length, told]).toEqual([1, []]);
      expect(2 * value.pictures.length).toBe((readFileSync(path, 'utf8').match(/<svg /g) ?? []).length);
      expect(value.pictures).toHaveLength(3);
      for (const { label, faults, texts } of value.pictures) {
        expect(faults, label).toEqual([]);
        expect(texts, label).toBeGreaterThan(5);
      }
    }
    expect(seen[1]!.value.width).toBeLessThanOrEqual(390);
    expect(seen[1]!.value.scrolling).toEqual([]);
  });
});
