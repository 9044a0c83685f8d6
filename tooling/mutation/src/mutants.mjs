/**
 * @file The faults that can be planted in a source text: one operator, literal, condition or statement each, as slips of
 * the pen make them. What an error says is left alone, and so is what only types see.
 */
import { parseSync } from 'oxc-parser';

/** @typedef {{ readonly file: string, readonly start: number, readonly end: number, readonly line: number, readonly was: string, readonly becomes: string }} Mutant */
/** @typedef {{ readonly type: string, readonly start: number, readonly end: number, readonly [key: string]: any }} Node */
/** @typedef {(node: Node, text: (node: Node) => string) => readonly [Node, string][]} Slip */

const BINARY = {
  '+': '-',
  '-': '+',
  '*': '/',
  '/': '*',
  '%': '*',
  '**': '*',
  '<<': '>>',
  '>>>': '<<',
  '>>': '<<',
  '&': '|',
  '|': '&',
  '^': '&',
  '<': '<=',
  '<=': '<',
  '>': '>=',
  '>=': '>',
  '===': '!==',
  '!==': '===',
};
const LOGICAL = { '&&': '||', '||': '&&' };
const ASSIGNMENT = { '+=': '-=', '-=': '+=', '*=': '/=', '&=': '|=' };
const METHODS = { max: 'min', min: 'max', floor: 'ceil', ceil: 'floor', some: 'every', every: 'some' };

/** @type {Readonly<Record<string, Slip>>} */
const slips = {
  BinaryExpression: (node, text) => {
    const becomes = BINARY[/** @type {keyof typeof BINARY} */ (node.operator)];
    const words = [node.left, node.right].some((side) => isText(side));
    return becomes && !words ? [[node, `${text(node.left)} ${becomes} ${text(node.right)}`]] : [];
  },
  LogicalExpression: (node, text) => {
    const becomes = LOGICAL[/** @type {keyof typeof LOGICAL} */ (node.operator)];
    return becomes ? [[node, `(${text(node.left)} ${becomes} ${text(node.right)})`]] : [];
  },
  AssignmentExpression: (node, text) => {
    const becomes = ASSIGNMENT[/** @type {keyof typeof ASSIGNMENT} */ (node.operator)];
    return becomes ? [[node, `${text(node.left)} ${becomes} ${text(node.right)}`]] : [];
  },
  UnaryExpression: (node, text) =>
    node.operator === '-' || node.operator === '!' || node.operator === '~'
      ? [[node, text(node.argument)]]
      : [],
  UpdateExpression: (node, text) => [
    [node, node.operator === '++' ? text(node).replace('++', '--') : text(node).replace('--', '++')],
  ],
  Literal: (node) => {
    if (typeof node.value === 'boolean') return [[node, String(!node.value)]];
    if (typeof node.value === 'number') return [[node, String(node.value + 1)]];
    return [];
  },
  IfStatement: (node) => [
    [node.test, 'true'],
    [node.test, 'false'],
  ],
  ConditionalExpression: (node) => [
    [node.test, 'true'],
    [node.test, 'false'],
  ],
  CallExpression: (node) => {
    const { callee } = node;
    const name = callee.type === 'MemberExpression' && !callee.computed ? callee.property.name : null;
    const becomes = METHODS[/** @type {keyof typeof METHODS} */ (name)];
    return becomes ? [[callee.property, becomes]] : [];
  },
  ExpressionStatement: (node) =>
    node.expression.type === 'CallExpression' || node.expression.type === 'AssignmentExpression'
      ? [[node, ';']]
      : [],
};

/** What is not looked into: types, imports, words for people, and what is thrown. */
const SKIPPED = /^(TS|Import|ExportAll|ThrowStatement|TemplateLiteral)/;
/** Types that stand around a value. */
const VALUES = /^TS(As|Satisfies|NonNull)Expression$/;
const THROWS = /^(fail|mismatch|check[A-Z]\w*|OctavoError)$/;

/** @param {Node} node */
const isText = (node) =>
  node.type === 'TemplateLiteral' || (node.type === 'Literal' && typeof node.value === 'string');

/**
 * Every fault of a file, in its order.
 * @param {string} file
 * @param {string} source
 * @returns {Mutant[]}
 */
export function mutantsOf(file, source) {
  const { program, errors } = parseSync(file, source);
  if (errors.length > 0) throw new Error(`${file}: ${errors[0]?.message}`);
  /** @type {Mutant[]} */
  const mutants = [];
  const text = (/** @type {Node} */ node) => source.slice(node.start, node.end);
  const visit = (/** @type {any} */ node) => {
    if (Array.isArray(node)) return node.forEach(visit);
    if (typeof node?.type !== 'string') return;
    if (SKIPPED.test(node.type) && !VALUES.test(node.type)) return;
    if (/^(Call|New)Expression$/.test(node.type) && THROWS.test(node.callee.name ?? '')) return;
    for (const [at, becomes] of slips[node.type]?.(node, text) ?? []) {
      const line = source.slice(0, at.start).split('\n').length;
      mutants.push({ file, start: at.start, end: at.end, line, was: text(at), becomes });
    }
    for (const [key, value] of Object.entries(node))
      if (key !== 'type' && typeof value === 'object' && value !== null) visit(value);
  };
  visit(program.body);
  return mutants.sort((a, b) => a.start - b.start);
}

/**
 * The file with the fault in it.
 * @param {Pick<Mutant, 'start' | 'end' | 'becomes'>} mutant
 * @param {string} source
 */
export const plant = ({ start, end, becomes }, source) =>
  source.slice(0, start) + becomes + source.slice(end);
