/** @file What a report is made of: sections of markup and of pictures that are yet to be drawn. */
import type { Html } from './html.ts';

export interface Picture {
  /** That of its file, where it is written as one. */
  readonly name: string;
  /** A Vega-Lite specification. Its title says what it shows. */
  readonly chart: object;
  /** Stands below it; the empty text: nothing does. */
  readonly caption: string;
}

export interface Section {
  /** Of its heading, for the list at the top. */
  readonly id: string;
  readonly title: string;
  readonly content: readonly (Html | Picture)[];
}
