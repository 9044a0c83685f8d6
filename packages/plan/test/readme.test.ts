import { testReadme } from '../../../tooling/vitest/readme-examples.ts';

testReadme(import.meta.url);
