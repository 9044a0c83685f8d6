import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { documents, root, snippets } from '../markdown.ts';

/** Who looks at the snippets of a language. */
const TESTED_BY: Readonly<Record<string, string>> = {
  ts: 'type-checked here; run by the package’s own readme.test.ts',
  sh: 'apps/trainer/test/commands.test.ts',
  yaml: 'apps/trainer/test/commands.test.ts',
  python: 'the tests of @octavo/store',
  mermaid: 'tooling/architecture/test/house.test.ts, which draws it',
};

const folders: string[] = [];
afterAll(() => {
  for (const folder of folders) rmSync(folder, { recursive: true, force: true });
});

test('every document’s snippets are of a language that some test looks at', () => {
  expect(documents()).toContain('README.md');
  for (const { file, language, code } of snippets())
    expect(Object.keys(TESTED_BY), `${file}: ${code.slice(0, 60)}`).toContain(language);
});

test('every TypeScript snippet satisfies the compiler at its strictest, against what the packages declare', () => {
  const examples = snippets().filter(({ language }) => language === 'ts');
  expect(examples.length).toBeGreaterThan(10);
  const names = examples.map(({ file, code }, i) => {
    // Beside the document, where the names of packages mean what they mean to its reader.
    const parent = join(root, dirname(file), 'test');
    mkdirSync(parent, { recursive: true });
    const folder = mkdtempSync(join(parent, '.types-'));
    folders.push(folder);
    const name = join(folder, `example-${i + 1}.ts`);
    writeFileSync(name, /^(import|export) /m.test(code) ? code : `${code}\nexport {};\n`);
    return name;
  });
  const config = join(dirname(names[0]!), 'tsconfig.json');
  const compilerOptions = {
    ...{ noEmit: true, composite: false, declaration: false, declarationMap: false },
    ...{ sourceMap: false, inlineSources: false, noUncheckedIndexedAccess: true },
  };
  const base = join(root, 'tooling/tsconfig/base.json');
  writeFileSync(config, JSON.stringify({ extends: base, compilerOptions, files: names }));
  const tsc = join(root, 'node_modules/typescript/bin/tsc');
  let said = '';
  try {
    execFileSync(process.execPath, [tsc, '-p', config, '--pretty', 'false'], { cwd: root, encoding: 'utf8' });
  } catch (error) {
    said = String((error as { stdout?: string }).stdout);
  }
  // An example number means little: say which document it stands in.
  expect(said.replace(/example-(\d+)\.ts/g, (name, i) => `${name} of ${examples[i - 1]!.file}`)).toBe('');
});
