/** @file All rules of the guard. A new one is one more file, and a line here. */
import { alignment } from './alignment.ts';
import { kurtosis } from './kurtosis.ts';
import { overflow } from './overflow.ts';
import { overshoot } from './overshoot.ts';
import { range } from './range.ts';
import type { RuleName, WatchRule } from './rule.ts';
import { underflow } from './underflow.ts';

export const watchRules: readonly WatchRule[] = [overshoot, range, overflow, underflow, kurtosis, alignment];

export const ruleOf = (name: RuleName): WatchRule => watchRules.find((rule) => rule.name === name)!;
