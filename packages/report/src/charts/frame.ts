/** @file What all pictures share, as parts of Vega-Lite specifications. */

const config = {
  font: 'sans-serif',
  axis: { labelFontSize: 12, titleFontSize: 13, labelLimit: 400, labelSeparation: 6 },
  axisX: { labelPadding: 5 },
  axisY: { labelSeparation: 1 },
  legend: { labelFontSize: 12, titleFontSize: 12, labelLimit: 400, titleLimit: 400 },
  title: { fontSize: 14, anchor: 'start', frame: 'group', subtitleColor: '#57606a', offset: 10 },
};
/** A specification with what all pictures share: font sizes, a white ground, titles at the left. */
export const frame = (spec: object): object => ({
  $schema: 'https://vega.github.io/schema/vega-lite/v6.json',
  background: 'white',
  config,
  ...spec,
});

/** One colour a recipe in every picture: the failing ones warm, the cures cool. */
export const colours: Readonly<Record<string, string>> = {
  fp32: '#8c959f',
  bf16: '#57606a',
  fp8: '#cf222e',
  'fp8-240': '#8c1d18',
  'fp8-current': '#e16f24',
  'fp8-w3-bf16': '#8250df',
  'fp8-smooth': '#1f6feb',
  'fp8-smooth-folded': '#0a3069',
  'fp8-smooth-token': '#39c5cf',
  'fp8-full': '#1a7f37',
  'fp8-authors': '#4ac26b',
  'fp8-block': '#bf8700',
  mxfp8: '#d4a72c',
};

/** A channel of numbers; `more` has its title, scale and axis. */
export const quantity = (field: string, more: object = {}) => ({ field, type: 'quantitative', ...more });

/** Of what is no run: rules, dots, legends of shapes. */
export const grey = '#57606a';
