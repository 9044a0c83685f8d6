/** @file The house keeps its rules, and each rule sees the fault that is planted against it. */
import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { circlesOf } from '../src/circles.mjs';
import { floorOf } from '../src/floors.mjs';
import { fileOf, packageOf, readHouse } from '../src/house.mjs';
import { FENCED, pictureOf } from '../src/picture.mjs';
import { circles, climbs, guests, homeless, LONG, long, manifests, REASON } from '../src/rules.mjs';

const root = fileURLToPath(new URL('../../..', import.meta.url));
const house = readHouse(root);

describe('the house', () => {
  it('is read whole', () => {
    const parts = ['packages/formats/src', 'packages/simd/assembly', 'packages/nn/test', 'tooling/setup'];
    for (const part of parts)
      expect(readdirSync(`${root}/${part}`).filter((name) => /\.(ts|mjs)$/.test(name))).toEqual(
        house.files
          .map(({ path }) => path.split(`${part}/`)[1])
          .filter((name) => name && !name.includes('/')),
      );
    expect(house.files.filter(({ imports }) => imports.length > 0).length).toBeGreaterThan(500);
  });

  it('has no circle of files', () => expect(circles(house)).toEqual([]));
  it('has every package on a floor', () => expect(homeless(house)).toEqual([]));
  it('is climbed down only', () => expect(climbs(house)).toEqual([]));
  it('declares what it imports, and no more', () => expect(manifests(house)).toEqual([]));
  it('imports no app', () => expect(guests(house)).toEqual([]));
  it('has no long file without a reason', () => expect(long(house)).toEqual([]));
});

it('the README’s table has every package on its floor', () => {
  const rows = [
    ...readFileSync(`${root}/README.md`, 'utf8').matchAll(/^\| (\d+) +\| \[`@octavo\/(\w+)`\]/gm),
  ];
  const names = house.packages.filter(({ folder }) => folder.startsWith('packages/'));
  expect(Object.fromEntries(rows.map(([, floor, name]) => [name, Number(floor)]))).toEqual(
    Object.fromEntries(names.map(({ name }) => [name, floorOf(name) + 1])),
  );
});

describe('the picture in CONTRIBUTING.md', () => {
  const drawn = FENCED.exec(readFileSync(`${root}/CONTRIBUTING.md`, 'utf8'))?.[1];

  it('is the house’s: else node tooling/architecture/src/draw.mjs', () =>
    expect(drawn).toBe(pictureOf(house.packages)));

  it('has every package on its floor, and an arrow only where no other way leads', () => {
    const floor = (name: string, declared: string[]) => ({ name, declared, folder: `packages/${name}` });
    const three = [floor('formats', []), floor('store', ['formats']), floor('data', ['formats', 'store'])];
    expect(pictureOf(three)).toBe(
      'flowchart TB\n  subgraph floor3["floor 3"]\n    data\n  end\n  subgraph floor1["floor 1"]\n    formats\n    store\n  end\n  store --> formats\n  data --> store\n',
    );
    for (const { name } of house.packages) expect(drawn).toContain(`\n    ${name}\n`);
  });
});

describe('a planted fault is seen', () => {
  /** The house with files more: what they are called and what stands in them. */
  const planted = (files: Record<string, string>) => {
    const known = new Set([...house.files.map(({ path }) => path), ...Object.keys(files)]);
    const more = Object.entries(files).map(([path, text]) => fileOf(path, text, house.packages, known));
    return { ...house, files: [...house.files, ...more] };
  };
  const circleIn = (folder: string, [a, b]: readonly [string, string]) =>
    circles(planted({ [`${folder}/a.ts`]: a, [`${folder}/b.ts`]: b })).some((circle) =>
      circle.includes(`${folder}/a.ts ⇄ ${folder}/b.ts`),
    );

  it.each([
    ['packages/nn/src', ["import { b } from './b.ts';", "import type { A } from './a.ts';"]],
    ['packages/nn/src/functions', ["export * from './b.ts';", "const a = await import('./a.ts');"]],
    ['packages/simd/assembly', ["import { b } from './b';\n@inline\nfunction f(): void {}", "import './a';"]],
    ['tooling/oracle', ["import './b.ts';", "import './a.ts';"]],
    ['packages/store/test', ["export { b } from './b.ts';", "import './a.ts';"]],
  ] as const)('a circle in %s', (folder, texts) => {
    expect(circleIn(folder, texts)).toBe(true);
    expect(circleIn(folder, [texts[0], ''])).toBe(false);
  });

  it('a circle through the door of a package', () => {
    const door = house.files.find(({ path }) => path === 'packages/optim/src/index.ts')!;
    const inner = door.imports[0]!;
    const files = house.files.map((file) =>
      file.path === inner ? { ...file, imports: [...file.imports, door.path] } : file,
    );
    expect(circles({ ...house, files })).toContainEqual(expect.stringContaining(`${door.path} ⇄`));
  });

  it('a climb, a way round the door, an app as a library', () => {
    const climb = { 'packages/optim/src/planted.ts': "import type { A } from '@octavo/trainer';" };
    expect(climbs(planted(climb))).toEqual(['packages/optim/src/planted.ts climbs to trainer']);
    expect(manifests(planted(climb))).toEqual(['packages/optim does not declare trainer']);

    const sideways = { 'packages/nn/src/planted.ts': "export { clip } from '@octavo/optim';" };
    expect(climbs(planted(sideways))).toEqual(['packages/nn/src/planted.ts climbs to optim']);

    const round = { 'packages/nn/src/planted.ts': "import '../../formats/src/round.ts';" };
    expect(climbs(planted(round))).toEqual([
      'packages/nn/src/planted.ts reaches into packages/formats/src/round.ts',
    ]);

    const app = { 'tooling/bench/src/planted.ts': "import { run } from '@octavo/cli';" };
    expect(guests(planted(app))).toEqual([
      'tooling/bench/src/planted.ts imports an app: apps/trainer/src/index.ts',
    ]);
  });

  it('a package without a floor, a dependency without a use', () => {
    const shed = packageOf(
      'packages/shed',
      '{ "name": "@octavo/shed", "dependencies": { "@octavo/nn": "*" } }',
    );
    const more = { ...house, packages: [...house.packages, shed] };
    expect(homeless(more)).toEqual(['packages/shed stands on no floor of the plan']);
    expect(manifests(more)).toEqual(['packages/shed declares nn without a use']);
  });

  it('a file too long by a line', () => {
    const lines = (count: number, head = '') => head + '\n'.repeat(count - head.split('\n').length + 1);
    const faultsOf = (path: string, text: string) =>
      long(planted({ [path]: text })).filter((f) => f.includes(path));
    for (const path of ['packages/nn/src/planted.ts', 'packages/simd/assembly/planted.ts']) {
      expect(faultsOf(path, lines(LONG))).toEqual([]);
      expect(faultsOf(path, lines(LONG + 1))).toEqual([expect.stringContaining('has 251 lines')]);
      expect(
        faultsOf(
          path,
          lines(LONG + 1, `/**\n * @file A long list. In one file\n * because it is one.\n */\n`),
        ),
      ).toEqual([]);
    }
    expect(REASON).toBe('In one file because');
    expect(faultsOf('packages/nn/test/planted.test.ts', lines(LONG + 1))).toEqual([]);
  });
});

it('knows circles of every length, and that a diamond is none', () => {
  const graph = (text: string) =>
    new Map(text.split(' ').map((part) => [part[0]!, [...part.slice(1)]] as const));
  expect(circlesOf(graph('abc bd cd d'))).toEqual([]);
  expect(circlesOf(graph('aa'))).toEqual([['a']]);
  expect(circlesOf(graph('ab bc ca d'))).toEqual([['a', 'b', 'c']]);
  expect(circlesOf(graph('abd ba cd dc ea'))).toEqual([
    ['c', 'd'],
    ['a', 'b'],
  ]);
});
