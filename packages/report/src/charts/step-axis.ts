/** @file The axis of steps that the report's curves share. */

/** `labels`: whether it is named and numbered, or another one below does that. */
export const stepAxis = (unit: 'step' | 'tokens' = 'step', labels = true): object => ({
  field: 'step',
  type: 'quantitative',
  title: labels ? unit : null,
  axis: {
    ...{ tickMinStep: 1, tickCount: 8, grid: false, labels, labelFlush: false },
    ...(unit === 'tokens' ? { format: '~s' } : {}),
  },
});
