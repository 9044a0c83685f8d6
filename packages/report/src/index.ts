/** @file `@octavo/report`: folders of runs and studies as pictures and one HTML file. Knows no terminal and no training. */

export { holdText } from './draw/hold-text.ts';
export { renderNarrow } from './draw/narrow.ts';
export { writePngs, writeSvgs } from './draw/posters.ts';
export { renderSvg } from './draw/render-chart.ts';
export { drawPoster, type Figure } from './draw/svg.ts';
export { assemble, type Report } from './page/assemble.ts';
export { MARK } from './page/page.ts';
export { readInputs } from './read/inputs.ts';
export type { RunInput } from './read/read-run.ts';
export { STUDY_FILE, type StudyInput } from './read/read-study.ts';
