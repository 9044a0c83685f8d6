/** @file Layers, sites and operands as a reader should meet them: SwiGLU's output first. */

const SITES: Readonly<Record<string, string>> = {
  down: 'down',
  gateUp: 'gate and up',
  attentionOut: 'attention out',
  qkv: 'q, k, v',
};
const OPERANDS: Readonly<Record<string, string>> = {
  input: 'inputs',
  weight: 'weights',
  grad: 'gradients',
};

const inOrder = (order: readonly string[], names: Iterable<string>): string[] => {
  const rank = (name: string): number => (order.includes(name) ? order.indexOf(name) : order.length);
  return [...new Set(names)].sort((a, b) => rank(a) - rank(b) || (a < b ? -1 : 1));
};

export const sitesInOrder = (names: Iterable<string>): string[] => inOrder(Object.keys(SITES), names);
export const operandsInOrder = (names: Iterable<string>): string[] => inOrder(Object.keys(OPERANDS), names);
export const siteLabel = (site: string): string => SITES[site] ?? site;
export const operandLabel = (operand: string): string => OPERANDS[operand] ?? operand;

/** `SwiGLU's output (down's input) of layer 2`. */
export function tensorName(layer: number, site: string, operand: string): string {
  const where = layer < 0 ? '' : ` of layer ${layer}`;
  if (site === 'down' && operand === 'input') return `SwiGLU’s output (down’s input)${where}`;
  const of = OPERANDS[operand]?.replace(/s$/, '') ?? operand;
  return `${of} of ${siteLabel(site)}${layer < 0 ? '' : ` in layer ${layer}`}`;
}
