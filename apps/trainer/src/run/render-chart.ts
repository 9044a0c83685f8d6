/** @file A Vega-Lite specification as an SVG. The libraries are large, and loaded only when a chart is drawn. */

export async function renderSvg(specification: object): Promise<string> {
  const [vega, { compile }] = await Promise.all([import('vega'), import('vega-lite')]);
  const { spec } = compile(specification as Parameters<typeof compile>[0]);
  return new vega.View(vega.parse(spec), { renderer: 'none' }).toSVG();
}
