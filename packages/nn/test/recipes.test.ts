import { describe, expect, it } from 'vitest';
import { extendRecipe, recipeOf, recipes, smoothingOf, smoothLayer, validateRecipe } from '../src/index.ts';

describe('named recipes', () => {
  it('are all valid, survive JSON, and carry the names of the design', () => {
    for (const recipe of Object.values(recipes)) {
      expect(validateRecipe(JSON.parse(JSON.stringify(recipe)))).toEqual(recipe);
    }
    const named = [
      'bf16',
      'fp8',
      'fp8-w3-bf16',
      'fp8-smooth',
      'fp8-smooth-folded',
      'fp8-smooth-token',
      'fp8-full',
      'fp8-authors',
      'fp8-current',
      'fp8-block',
      'mxfp8',
    ];
    expect(Object.keys(recipes)).toEqual(expect.arrayContaining(named));
  });

  it('lists what exists when asked for what does not', () => {
    expect(() => recipeOf('fp9')).toThrow(/got "fp9", expected one of fp32, bf16, fp8,/);
    expect(() => recipeOf('toString')).toThrow(/unknown recipe/);
  });
});

describe('smoothing layer by layer', () => {
  it('a layer that is named differs, the others follow the recipe', () => {
    const one = smoothLayer(recipeOf('fp8'), 2);
    expect([0, 1, 2].map((layer) => smoothingOf(one, layer))).toEqual(['none', 'none', 'channel']);
    const but = smoothLayer(smoothLayer(recipeOf('fp8-smooth'), 0, 'none'), 1, 'token');
    expect([0, 1, 2].map((layer) => smoothingOf(but, layer))).toEqual(['none', 'token', 'channel']);
    expect(recipeOf('fp8')).not.toHaveProperty('smoothLayers');
    expect(validateRecipe(JSON.parse(JSON.stringify(but)))).toEqual(but);
    expect(extendRecipe({ extends: 'fp8', smoothLayers: { 2: 'channel' } }).smoothLayers).toEqual({
      2: 'channel',
    });
  });

  it('says which layer or word is impossible', () => {
    const of = (smoothLayers: object) => () =>
      validateRecipe({ ...recipeOf('fp8'), smoothLayers: smoothLayers as Record<string, 'channel'> });
    expect(of({ first: 'channel' })).toThrow(/smoothLayers: got "first", expected the number of a layer/);
    expect(of({ '-1': 'channel' })).toThrow(/smoothLayers: got "-1"/);
    expect(of({ 0: 'row' })).toThrow(
      /smoothLayers\.0: got "row", expected one of none, channel, channel-folded, token/,
    );
  });
});

describe('the optimizer of a recipe', () => {
  it('bounds second moments everywhere but in the paper’s code, and rounds the master by itself', () => {
    for (const { name, optimizer } of Object.values(recipes))
      expect(optimizer.moment2Rule, name).toBe(name === 'fp8-authors' ? 'plain' : 'bounded');
    const { optimizer } = extendRecipe({ extends: 'fp8-full', optimizer: { masterRounding: 'stochastic' } });
    expect(optimizer).toEqual({ ...recipeOf('fp8-full').optimizer, masterRounding: 'stochastic' });
  });

  it('is read as it was meant where a run of before left it', () => {
    const { masterRounding: _, moment2Rule: __, ...before } = recipeOf('fp8-full').optimizer;
    const { optimizer } = validateRecipe({
      ...recipeOf('fp8-full'),
      optimizer: { ...before, rounding: 'stochastic' } as typeof before & typeof optimizer,
    });
    expect(optimizer).toMatchObject({ masterRounding: 'stochastic', moment2Rule: 'plain' });
  });

  it('refuses words that it does not know', () => {
    const of = (optimizer: object) => () => extendRecipe({ extends: 'fp8-full', optimizer });
    expect(of({ moment2Rule: 'floor' })).toThrow(
      /optimizer\.moment2Rule: got "floor", expected one of plain, bounded/,
    );
    expect(of({ masterRounding: 'up' })).toThrow(/optimizer\.masterRounding: got "up"/);
    expect(of({ rounding: null })).toThrow(/optimizer\.rounding: got null/);
  });
});

describe('extending a recipe', () => {
  it('fills a policy of another kind in with its defaults, and changes one of the same kind only', () => {
    const cast = (policy: object) => ({ linear: { output: { input: { policy } } } });
    const policyOf = (policy: object) =>
      extendRecipe({ extends: 'fp8', ...cast(policy) }).linear.output.input?.policy;
    expect(policyOf({ kind: 'current' })).toEqual({ kind: 'current', margin: 0, powerOfTwo: false });
    expect(policyOf({ margin: 2 })).toMatchObject({ kind: 'delayed', history: 16, margin: 2 });
    expect(() => policyOf({ kind: 'current', history: 2 })).toThrow(
      '[nn] recipe linear.output.input.policy.history: got an unknown key, expected one of margin, powerOfTwo',
    );
  });

  it.each<[unknown, string]>([
    [undefined, '[nn] recipe: got nothing, expected an object with keys name, summary'],
    [{ extends: 'fp9' }, '[nn] recipe extends: got "fp9", expected one of fp32, bf16'],
    [{ extends: 'fp8', fp8: 1 }, '[nn] recipe fp8: got an unknown key, expected one of name, summary'],
    [{ extends: 'fp8', name: '..' }, '[nn] recipe name: got "..", expected a name of letters'],
    [{ extends: 'fp8', summary: 'a\nb' }, 'summary: got "a\\nb", expected a sentence'],
    [{ extends: 'fp8', activations: 'fp16' }, 'activations: got "fp16", expected one of bf16, fp32'],
    [{ extends: 'fp8', linear: { output: [] } }, 'linear.output: got [], expected an object with keys'],
    [{ extends: 'fp8', linear: null }, 'linear: got null, expected an object with keys output'],
    [{ extends: 'fp8', overrides: { up: null } }, 'overrides.up: got an unknown key, expected one of qkv'],
    [{ extends: 'fp8', overrides: { down: {} } }, 'overrides.down.output: got nothing'],
    [{ extends: 'fp8', optimizer: { powerOfTwo: 1 } }, 'optimizer.powerOfTwo: got 1, expected true or false'],
    [
      { extends: 'bf16', linear: { gradInput: { grad: { format: 'e5m2' } } } },
      'linear.gradInput.grad.policy: got nothing, expected a policy: there is no cast here',
    ],
  ])('names what is wrong with %j', (given, message) => {
    const judge = () =>
      given === undefined ? validateRecipe(given) : extendRecipe(given as { extends: string });
    expect(judge).toThrow(message);
  });

  it('replaces one leaf and keeps the rest', () => {
    const recipe = extendRecipe({ extends: 'fp8', linear: { output: { input: { format: 'e4m3' } } } });
    expect(recipe.linear.output.input).toEqual({ ...recipes.fp8!.linear.output.input, format: 'e4m3' });
    expect(recipe.linear.output.weight).toEqual(recipes.fp8!.linear.output.weight);
    expect(recipe.name).toBe('fp8-custom');
  });

  it('says in its summary what it changes, unless it has a summary of its own', () => {
    const summary = (parts: object): string => extendRecipe({ extends: 'fp8-smooth', ...parts }).summary;
    expect(
      summary({ linear: { output: { input: { format: 'e4m3', policy: { history: 4 } }, weight: null } } }),
    ).toBe(
      'fp8-smooth, but linear.output.input.format e4m3, linear.output.input.policy.history 4, linear.output.weight not cast',
    );
    expect(summary({ smoothSwiglu: 'channel-folded', optimizer: { moment2: 'bf16' } })).toBe(
      'fp8-smooth, but smoothSwiglu channel-folded, optimizer.moment2 bf16',
    );
    expect(summary({ smoothLayers: { 3: 'none' } })).toBe('fp8-smooth, but smoothLayers.3 none');
    expect(summary({ overrides: { down: recipes.bf16!.linear } })).toMatch(/ not cast, and 2 more$/);
    expect(summary({ linear: { output: { input: { policy: { kind: 'fixed', scale: 2 } } } } })).toBe(
      'fp8-smooth, but linear.output.input.policy fixed',
    );
    expect(summary({ name: 'mine' })).toBe('fp8-smooth under another name');
    expect(summary({ summary: 'my words' })).toBe('my words');
  });

  it('replaces a policy of another kind whole, and null unquantises', () => {
    const current = { kind: 'current' as const, margin: 1, powerOfTwo: true };
    const recipe = extendRecipe({
      extends: 'fp8',
      linear: { output: { input: { policy: current }, weight: null } },
    });
    expect(recipe.linear.output.input!.policy).toEqual(current);
    expect(recipe.linear.output.weight).toBeNull();
  });

  it('says which part is impossible', () => {
    expect(() => extendRecipe({ extends: 'fp8', smoothSwiglu: 'row' as 'none' })).toThrow(
      /recipe smoothSwiglu: got "row", expected one of none, channel, channel-folded, token/,
    );
    expect(() => extendRecipe({ extends: 'mxfp8', smoothLayers: { 1: 'channel' } })).toThrow(
      /got channel with granularity mx for the input of down, expected granularity tensor there, or channel-folded/,
    );
    expect(extendRecipe({ extends: 'mxfp8', smoothSwiglu: 'channel-folded' }).name).toBe('mxfp8-custom');
    const w3 = {
      extends: 'fp8-block',
      smoothSwiglu: 'channel' as const,
      overrides: { down: recipes.bf16!.linear },
    };
    expect(extendRecipe(w3).smoothSwiglu).toBe('channel');
    const linear = (part: object) => ({ extends: 'fp8', linear: { output: { input: part } } });
    expect(() => extendRecipe(linear({ format: 'e8m0' }))).toThrow(/linear\.output\.input\.format: got e8m0/);
    expect(() => extendRecipe(linear({ format: 'fp33' }))).toThrow(/fp33/);
    expect(() => extendRecipe(linear({ granularity: { kind: 'row' } }))).toThrow(
      /linear\.output\.input\.granularity: got row with policy delayed/,
    );
    expect(() => extendRecipe({ extends: 'fp8', optimizer: { moment2: 'e8m0' } })).toThrow(
      /optimizer\.moment2/,
    );
  });
});
