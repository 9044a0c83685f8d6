/** @file What a configuration file in TypeScript imports. */
import type { z } from 'zod';
import type { configSchema } from './config/schema.ts';

/** What a configuration file may hold. */
export type UserConfig = z.input<typeof configSchema>;

/** The configuration as it is, checked by the compiler: `export default defineConfig({ … })`. */
export const defineConfig = (config: UserConfig): UserConfig => config;
