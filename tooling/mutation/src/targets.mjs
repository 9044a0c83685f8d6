/** @file What is held to how many of its faults, and by which tests. */

/** @typedef {{ readonly name: string, readonly files: readonly string[], readonly tests: readonly string[] }} Target */

/** @type {readonly Target[]} */
export const targets = [
  { name: 'formats', files: ['packages/formats/src/'], tests: ['packages/formats/test/'] },
  { name: 'scaling', files: ['packages/scaling/src/'], tests: ['packages/scaling/test/'] },
  {
    name: 'optim',
    files: ['packages/optim/src/'],
    tests: ['packages/optim/test/', 'packages/trainer/test/oracle'],
  },
  {
    name: 'nn',
    files: ['packages/nn/src/'],
    tests: ['packages/nn/test/', 'packages/llama/test/', 'packages/trainer/test/'],
  },
  {
    name: 'step',
    files: [
      'packages/trainer/src/step.ts',
      'packages/trainer/src/decide.ts',
      'packages/trainer/src/update.ts',
      'packages/trainer/src/gradients.ts',
      'packages/trainer/src/training.ts',
    ],
    tests: ['packages/trainer/test/'],
  },
  {
    name: 'operators',
    files: [
      'packages/kernels/src/operators/swiglu.ts',
      'packages/kernels/src/operators/smooth.ts',
      'packages/kernels/src/operators/cast.ts',
      'packages/kernels/src/operators/round-to-grid.ts',
    ],
    tests: [
      'packages/kernels/test/operators',
      'packages/kernels/test/conformance-host',
      'packages/nn/test/oracle',
    ],
  },
];
