/**
 * @file `@octavo/report`: folders of runs and studies, read, become the model of a report, and that one page or pictures.
 * Knows no terminal and no training.
 */

export type { Inspection } from './charts/inspection-facts.ts';
export { renderNarrow } from './draw/narrow.ts';
export { writePictures } from './draw/posters.ts';
export { renderSvg } from './draw/render-chart.ts';
export type { Html } from './page/html.ts';
export { inspectionReport } from './page/inspection.ts';
export { MARK, type Made, pageOf } from './page/page.ts';
export type { Picture, Section } from './page/parts.ts';
export { picturesOf, type Report, reportOf } from './page/report.ts';
export { readInputs } from './read/inputs.ts';
export type { RunInput } from './read/read-run.ts';
export { STUDY_FILE, type StudyInput } from './read/read-study.ts';
