/**
 * @file What is wrong with the texts of pictures in a page, as the browser that shows them measures it: those that reach
 * out of their picture, lie on one another, are cut, or are wider or narrower than they were laid out.
 */

/** Of every picture: its box on the page, how many texts it has, and their faults. */
export interface Picture {
  readonly label: string;
  readonly box: { readonly x: number; readonly y: number; readonly width: number; readonly height: number };
  readonly texts: number;
  readonly faults: readonly string[];
}

/**
 * The body of a function for the page; returns a `Picture` for each SVG that is shown. A text is its advance wide and
 * reaches from 0.75 em above its baseline to 0.21 em below, in its own turned frame: letters, not the line of a font.
 */
export const findPictures = `
  const corners = (text) => {
    const { x, width } = text.getBBox();
    const size = parseFloat(getComputedStyle(text).fontSize);
    const [top, bottom] = [-0.75 * size, 0.21 * size];
    const to = text.getScreenCTM();
    return [[x, top], [x + width, top], [x + width, bottom], [x, bottom]].map(([x, y]) => new DOMPoint(x, y).matrixTransform(to));
  };
  // Two convex shapes are apart where they are so along the normal of one of their sides.
  const depth = (a, b) => Math.min(...[a, b].flatMap((shape) => [0, 1].map((i) => {
    const [from, to] = [shape[i], shape[i + 1]];
    const length = Math.hypot(to.x - from.x, to.y - from.y);
    const along = (points) => points.map((p) => ((to.x - from.x) * p.x + (to.y - from.y) * p.y) / length);
    const [one, other] = [along(a), along(b)];
    return Math.min(Math.max(...one), Math.max(...other)) - Math.max(Math.min(...one), Math.min(...other));
  })));
  const pictures = [...document.querySelectorAll('svg')].filter((svg) => svg.getBoundingClientRect().width > 0).map((svg) => {
    const box = svg.getBoundingClientRect();
    const zoom = box.width / svg.viewBox.baseVal.width;
    const texts = [...svg.querySelectorAll('text')]
      .map((text) => ({ text, said: text.textContent.trim() }))
      .filter(({ said }) => said !== '')
      .map(({ text, said }) => ({ text, said, shape: corners(text) }));
    const faults = texts.flatMap(({ text, said, shape }, i) => [
      ...(shape.some(({ x, y }) => x < box.left - 1 || x > box.right + 1 || y < box.top - 1 || y > box.bottom + 1)
        ? ['outside: ' + said]
        : []),
      ...(said.endsWith('…') ? ['cut: ' + said] : []),
      ...(Math.abs(text.getBBox().width - Number(text.getAttribute('textLength'))) > 3
        ? [text.getBBox().width + ' instead of ' + text.getAttribute('textLength') + ' wide: ' + said]
        : []),
      ...texts.slice(i + 1).filter((other) => depth(shape, other.shape) > -2 * zoom).map((other) => said + ' on ' + other.said),
    ]);
    for (const axis of svg.querySelectorAll('.role-axis-label')) {
      const labels = [...axis.querySelectorAll('text')].filter((text) => text.textContent !== '' && getComputedStyle(text).opacity !== '0');
      for (const [i, label] of labels.entries())
        if (label.textContent === labels[i - 1]?.textContent) faults.push('twice on an axis: ' + label.textContent);
    }
    const { x, y, width, height } = box;
    const label = svg.getAttribute('aria-label') ?? svg.parentElement.id;
    return { label, box: { x, y: y + scrollY, width, height }, texts: texts.length, faults };
  });
`;

/** The same for `scrolling`: elements of the page whose content is wider than they are. */
export const findScrolling = `
  const scrolling = [...document.querySelectorAll('body, body *:not(svg, svg *)')]
    .filter((element) => element.clientWidth > 0 && element.scrollWidth > element.clientWidth + 1)
    .map((element) => element.tagName + '.' + element.className + ': ' + element.textContent.slice(0, 60));
`;
