/** @file Scales by their names, shapes and types: homes, spellings, axes, and those of activations. */
import { expectationOf, expectedSuffix, shapeMend } from './expectation.ts';
import { type Finding, finding, ofTensor } from './finding.ts';
import { inputScalesIn, isFloat8, quantizationOf, type Rule, type ScalePair, scalesIn } from './folder.ts';
import { inFloat32, removed, renamed, repeated, reshaped, retyped } from './mends.ts';
import { inWords, isFloat, type Reading, readingsOf } from './reading.ts';

/** Scales without a home, and codes without a scale. Those of fused matrices are another rule's. */
export const homes: Rule = (patient) => {
  const found: Finding[] = [];
  const scaled = new Set<string>();
  for (const { name, module, weight } of scalesIn(patient)) {
    scaled.add(module);
    if (isFused({ module })) continue;
    if (weight === undefined)
      found.push(
        finding(
          'scale-without-weight',
          name,
          `there is no ${module}.weight`,
          'take the weight that it was made for, or remove it',
        ),
      );
    else if (!isFloat8(weight) && !isRaw(weight.dtype))
      found.push(
        finding(
          'scale-without-weight',
          name,
          `${module}.weight is ${weight.dtype}: the scale has nothing to scale`,
          'remove it, or take the quantised weight',
        ),
      );
  }
  const fused = new Set([...scaled].filter((module) => isFused({ module })));
  for (const tensor of patient.tensors.values()) {
    const module = tensor.name.replace(/\.weight$/, '');
    const whole = module.replace(/\.[qkv]_proj$/, '.qkv_proj').replace(/\.(gate|up)_proj$/, '.gate_up_proj');
    if (isFloat8(tensor) && module !== tensor.name && !scaled.has(module) && !fused.has(whole))
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

/** Of matrices that another rule speaks about. */
const isFused = ({ module }: Pick<ScalePair, 'module'>): boolean => /\.(qkv|gate_up)_proj$/.test(module);

/** Bytes that may be codes without saying so. */
const isRaw = (dtype: string): boolean => dtype === 'U8' || dtype === 'I8';

/** Codes by another type's name. */
export const types: Rule = (patient) => {
  const { scheme } = expectationOf(patient);
  return scalesIn(patient).flatMap(({ name, scale, weight }): Finding[] => {
    const found: Finding[] = [];
    if (weight && scheme && isRaw(weight.dtype))
      found.push(
        ofTensor(
          'weight-type',
          weight.name,
          `got ${weight.dtype}, expected F8_E4M3, as the configuration and its scale say`,
          'call the same bytes F8_E4M3',
          retyped('F8_E4M3'),
        ),
      );
    else if (weight && isFloat8(weight) && weight.dtype !== 'F8_E4M3')
      found.push(
        finding(
          'weight-type',
          weight.name,
          `got ${weight.dtype}, expected F8_E4M3: loaders read its codes as those`,
          'octavo convert FOLDER OUT --quantize fp8-channel encodes its values anew',
        ),
      );
    const isMx = scheme === 'mxfp8';
    const fits = isMx ? /^(U8|F8_E8M0)$/.test(scale.dtype) : isFloat(scale.dtype) && scale.dtype !== 'F64';
    if (scheme && !fits && !(scheme === 'fp8-block' && scale.dtype === 'F8_E8M0'))
      found.push(
        ofTensor(
          'scale-type',
          name,
          `got ${scale.dtype}, expected ${isMx ? 'U8, powers of two' : 'F32 or BF16'}`,
          isMx ? 'quantise the weight again' : 'write its numbers in float32',
          !isMx && /^(F64|U8|F8_E8M0)$/.test(scale.dtype) ? inFloat32 : null,
        ),
      );
    return found;
  });
};

/** Shapes as the loader that the configuration names wants them. */
export const shapes: Rule = (patient) => {
  const { scheme, dialect } = expectationOf(patient);
  return scalesIn(patient).flatMap((pair): Finding[] => {
    const { name, scale, weight } = pair;
    if (weight === undefined || isFused(pair) || !(isFloat8(weight) || isRaw(weight.dtype))) return [];
    const [rows = 0, columns = 0] = weight.shape;
    const got = `got [${scale.shape.slice(0, 8)}]`;
    const made = scheme && shapeMend(pair, scheme);
    if (made?.by === 'as it is' || (scheme === 'fp8' && dialect === 'fp8' && scale.shape.length === 0))
      return [];
    if (made)
      return [
        ofTensor(
          'scale-shape',
          name,
          `${got}, expected [${made.shape.join(', ')}]`,
          made.by === 'layout' ? 'lay the same numbers out so' : 'write its number for all of them',
          (made.by === 'layout' ? reshaped : repeated)(made.shape),
        ),
      ];
    const expected = scheme
      ? `the scales of ${scheme} for [${rows}, ${columns}]`
      : `[1], [${rows}, 1] or one a block of [${rows}, ${columns}]`;
    return [
      finding(
        'scale-shape',
        name,
        `${got}, expected ${expected}`,
        'take the scale that the weight was made with',
      ),
    ];
  });
};

/** Names as the loader that the configuration names wants them; what the values are is proven, not read off the name. */
export const names: Rule = async (patient) => {
  const suffix = expectedSuffix(expectationOf(patient));
  if (suffix === null) return [];
  const readings = await readingsOf(patient);
  const all = scalesIn(patient);
  return [...new Set(all.map(({ module }) => module))].flatMap((module): Finding[] => {
    const pairs = all.filter((pair) => pair.module === module);
    const expected = `${module}.${suffix}`;
    const [kept] = [...pairs].sort((a, b) => rank(b, readings, suffix) - rank(a, readings, suffix));
    return pairs
      .filter((pair) => pair !== kept || pair.name !== expected)
      .map((pair) => {
        const reading = readings.get(pair.name);
        const proof = reading ? `; its values are ${inWords(reading)}` : '';
        const got = `got ${pair.suffix}, expected ${suffix}${proof}`;
        return pair === kept
          ? ofTensor('scale-name', pair.name, got, `rename it to ${expected}`, renamed(expected))
          : ofTensor(
              'scale-name',
              pair.name,
              `${got}, and ${kept!.suffix} scales the same weight`,
              `remove it: by the values ${kept!.suffix} is meant`,
              readings.get(kept!.name)?.way === 'multiply' ? removed : null,
            );
      });
  });
};

/** How likely a scale is the one that loaders want: it multiplies, it has the name. */
const rank = (
  { name, suffix }: ScalePair,
  readings: ReadonlyMap<string, Reading>,
  expected: string,
): number => {
  const way = readings.get(name)?.way;
  return way === 'multiply' ? 4 : way === 'divide' ? 0 : suffix === expected ? 3 : 2;
};

/** Static activations without their scales, scales that a dynamic scheme drops, other names and shapes of them. */
export const activations: Rule = (patient) => {
  const { activation_scheme: word, config_groups: groups, quant_method: method } = quantizationOf(patient);
  const inputs = Object.values(Object(groups) as object).map(
    (group) => Object(Object(group).input_activations) as { dynamic?: unknown },
  );
  const isStatic = word === 'static' || inputs.some(({ dynamic }) => dynamic === false);
  const there = inputScalesIn(patient);
  const modules = new Set(there.map(({ module }) => module));
  const missing = isStatic ? scalesIn(patient).filter(({ module }) => !modules.has(module)) : [];
  const found: Finding[] = [];
  if (missing.length > 0)
    found.push(
      finding(
        'activation-scales',
        `${missing[0]!.module}.input_scale`,
        `activations are static, and ${missing.length} modules have no input_scale`,
        'calibrate them (octavo convert --calibrate), or say that activations are dynamic',
      ),
    );
  if (!isStatic && there.length > 0 && expectationOf(patient).wrong?.kind !== 'no-scheme')
    found.push(
      finding(
        'activation-scales',
        there[0]!.name,
        `${there.length} scales of activations that the configuration, dynamic, drops`,
        'say that activations are static, if they were calibrated so',
      ),
    );
  for (const { name, module, suffix, scale } of there) {
    if (suffix !== 'input_scale' && !(suffix === 'activation_scale' && method === 'fp8'))
      found.push(
        ofTensor(
          'scale-name',
          name,
          `got ${suffix}, expected input_scale`,
          `rename it to ${module}.input_scale`,
          modules.size === there.length ? renamed(`${module}.input_scale`) : null,
        ),
      );
    const one = scale.shape.every((axis) => axis === 1);
    if (!one || scale.shape.length > 1 || (scale.shape.length === 0 && method === 'compressed-tensors'))
      found.push(
        ofTensor(
          'scale-shape',
          name,
          `got [${scale.shape.slice(0, 8)}], expected [1]`,
          one ? 'lay it out so' : 'calibrate with one scale a matrix',
          one ? reshaped([1]) : null,
        ),
      );
  }
  return found;
};
