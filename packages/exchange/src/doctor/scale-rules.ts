/** @file Scales by their names and shapes: homes, spellings, axes, and those of activations. */
import { blockOfScales } from '../quantize/matrix.ts';
import { type Finding, finding } from './finding.ts';
import { isFloat8, quantizationOf, type Rule, scalesIn } from './folder.ts';

/** Scales without a home, and codes without a scale. */
export const homes: Rule = (patient) => {
  const found: Finding[] = [];
  const scaled = new Set<string>();
  for (const { name, module, weight } of scalesIn(patient)) {
    scaled.add(module);
    if (weight === undefined)
      found.push(
        finding(
          'scale-without-weight',
          name,
          `there is no ${module}.weight`,
          'take the weight that it was made for, or remove it',
        ),
      );
    else if (!isFloat8(weight))
      found.push(
        finding(
          'scale-without-weight',
          name,
          `${module}.weight is ${weight.dtype}: the scale has nothing to scale`,
          'remove it, or take the quantised weight',
        ),
      );
  }
  for (const tensor of patient.tensors.values()) {
    const module = tensor.name.replace(/\.weight$/, '');
    if (isFloat8(tensor) && module !== tensor.name && !scaled.has(module))
      found.push(
        finding(
          'weight-without-scale',
          tensor.name,
          `${tensor.dtype} codes without ${module}.weight_scale`,
          'take the scale that it was made with: without it values are off by a factor',
        ),
      );
  }
  return found;
};

/** Names and shapes as the loader that the configuration names wants them. */
export const scales: Rule = (patient) => {
  const { quant_method: method, weight_block_size: blocks } = quantizationOf(patient);
  const found: Finding[] = [];
  for (const { name, suffix, module, scale, weight } of scalesIn(patient)) {
    const expected = method === 'fp8' && blocks != null ? 'weight_scale_inv' : 'weight_scale';
    if ((method === 'fp8' || method === 'compressed-tensors') && suffix !== expected)
      found.push(
        finding(
          'scale-name',
          name,
          `got ${suffix}, expected ${expected}, as quant_method ${method}${blocks == null ? '' : ' with blocks'} has it`,
          `rename it to ${module}.${expected}: both multiply`,
          {
            of: 'tensor',
            name,
            to: { name: `${module}.${expected}` },
          },
        ),
      );
    if (weight === undefined) continue;
    const [rows = 0, columns = 0] = weight.shape;
    if (scale.shape.length === 1 && scale.shape[0] === rows && rows > 1)
      found.push(
        finding('scale-shape', name, `got [${rows}], expected [${rows}, 1]`, 'give it the second axis', {
          ...{ of: 'tensor', name, to: { shape: [rows, 1] } },
        }),
      );
    else if (blockOfScales({ shape: scale.shape, dtype: scale.dtype }, rows, columns) === null)
      found.push(
        finding(
          'scale-shape',
          name,
          `got [${scale.shape.slice(0, 8)}], expected [1], [${rows}, 1] or one a block of [${rows}, ${columns}]`,
          'take the scale that the weight was made with',
        ),
      );
  }
  return found;
};

/** Static activations without their scales, or scales that a dynamic scheme drops. */
export const activations: Rule = (patient) => {
  const { activation_scheme: word, config_groups: groups } = quantizationOf(patient);
  const inputs = Object.values(Object(groups) as object).map(
    (group) => Object(Object(group).input_activations) as { dynamic?: unknown },
  );
  const isStatic = word === 'static' || inputs.some(({ dynamic }) => dynamic === false);
  const there = [...patient.tensors.keys()].filter((name) => name.endsWith('.input_scale'));
  const missing = isStatic
    ? scalesIn(patient).filter(({ module }) => !patient.tensors.has(`${module}.input_scale`))
    : [];
  if (missing.length > 0)
    return [
      finding(
        'activation-scales',
        `${missing[0]!.module}.input_scale`,
        `activations are static, and ${missing.length} modules have no input_scale`,
        'calibrate them, or say that activations are dynamic',
      ),
    ];
  if (isStatic || there.length === 0 || Object.keys(quantizationOf(patient)).length === 0) return [];
  return [
    finding(
      'activation-scales',
      there[0]!,
      `${there.length} scales of activations that the configuration, dynamic, drops`,
      'say that activations are static, if they were calibrated so',
    ),
  ];
};
