// @module-tag slow
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openStudyFolder, type StudyResult } from '@octavo/lab';
import { tableFromArrays, tableFromIPC } from 'apache-arrow';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { lines, octavo } from './support.ts';

let root: string;
beforeAll(() => {
  root = mkdtempSync(join(tmpdir(), 'octavo-study-'));
});
afterAll(() => rmSync(root, { recursive: true, force: true }));

describe('a study’s folder', () => {
  it('gives back the parts it was given, and belongs to one study', async () => {
    const folder = join(root, 'parts');
    const { parts, close } = await openStudyFolder(folder, { study: 'x', settings: { steps: 1 } });
    expect(await parts.read('a')).toBeUndefined();
    expect(await parts.readArrays('b')).toBeUndefined();
    await parts.write('a', { losses: [1, 2] });
    await parts.writeArrays('b', new Map([['layers.0.down', Float32Array.of(1, 2, 3)]]));
    close();
    const again = await openStudyFolder(folder, { study: 'x', settings: { steps: 1 } });
    expect(await again.parts.read('a')).toEqual({ losses: [1, 2] });
    expect(await again.parts.readArrays('b')).toEqual(new Map([['layers.0.down', Float32Array.of(1, 2, 3)]]));
    await expect(openStudyFolder(folder, { study: 'x', settings: { steps: 2 } })).rejects.toThrow(
      /other settings/,
    );
  });

  it('holds tables as Arrow files, charts as SVG, and the claims', async () => {
    const folder = join(root, 'result');
    const result: StudyResult = {
      tables: { losses: tableFromArrays({ step: Int32Array.of(1, 2) }) },
      charts: {
        losses: {
          data: { values: [{ step: 1, loss: 2 }] },
          mark: 'point',
          encoding: {
            x: { field: 'step', type: 'quantitative' },
            y: { field: 'loss', type: 'quantitative' },
          },
        },
      },
      summary: {
        claims: [{ text: 'broke', values: [Number.POSITIVE_INFINITY], holds: true }],
        markdown: '# All\n',
      },
    };
    const written = await (await openStudyFolder(folder, {})).writeResult(result);
    expect(written).toEqual(['summary.md', 'summary.json', 'losses.arrow', 'losses.vl.json', 'losses.svg']);
    expect(tableFromIPC(readFileSync(join(folder, 'losses.arrow'))).numRows).toBe(2);
    expect(readFileSync(join(folder, 'losses.svg'), 'utf8')).toMatch(/^<svg /);
    expect(JSON.parse(readFileSync(join(folder, 'summary.json'), 'utf8'))[0].values).toEqual(['Infinity']);
  });
});

it('an interrupted study keeps its parts, exits 0, and goes on there', async () => {
  const args = ['study', 'instability', '--quick', '--threads', '1', '--out', 'quick', '--json'];
  const first = await octavo(args, root, (stdout, child) => {
    if (/"share":0}\n$/.test(stdout)) child.kill('SIGINT');
  });
  expect(first).toMatchObject({ code: 0, stderr: '' });
  expect(lines(first.stdout).at(-1)).toMatchObject({ event: 'end', interrupted: true });
  expect(readdirSync(join(root, 'quick')).sort()).toEqual(['parts', 'study.json']);
  expect(existsSync(join(root, 'quick', 'summary.md'))).toBe(false);
  const other = await octavo(['study', 'instability', '--out', 'quick'], root);
  expect(other.code).toBe(2);
  expect(other.stderr).toMatch(/other settings/);
});

it.each([
  [['instability', '--run', 'nowhere'], /study instability trains models of its own/],
  [['formats', '--run', 'nowhere'], /"nowhere", which holds no run\.json/],
  [['formats', '--run', 'nowhere', '--seeds', '3'], /--seeds: got "3" beside --run/],
])('%s is refused in one line', async (args, message) => {
  const { code, stderr } = await octavo(['study', ...args], root);
  expect(code).toBe(2);
  expect(stderr).toMatch(message);
  expect(stderr.trim().split('\n')).toHaveLength(1);
});
