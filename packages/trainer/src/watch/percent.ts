/** @file Shares as people read them. */
export const percent = (share: number): string => `${Number((100 * share).toPrecision(2))} %`;
