/** @file What a loader would trip over in a folder, said before it does; and the mends that lose nothing. */
import {
  entryBytes,
  INDEX_FILE,
  type SafetensorsRecord,
  type SafetensorsType,
  within,
  writeFileAtomically,
  writeSafetensors,
  writeShardIndex,
} from '@octavo/store';
import type { Finding } from './finding.ts';
import { openPatient, type Rule } from './folder.ts';
import { fused } from './fused-rules.ts';
import type { Mend } from './mends.ts';
import { activations, homes, names, shapes, types } from './scale-rules.ts';
import { configuration, index, leftOut, scheme, tied } from './structure-rules.ts';
import { codes, inverses, values } from './value-rules.ts';

const rules: readonly Rule[] = [
  ...[index, configuration, scheme, leftOut, fused, homes, types, shapes, names, values, inverses, codes],
  ...[activations, tied],
];

/** All findings, in the order of the rules; none is good news. Throws an `OctavoError` (exit code 2) for what is no model's folder. */
export async function examine(folder: string): Promise<readonly Finding[]> {
  const patient = await openPatient(folder);
  try {
    const found: Finding[] = [];
    for (const rule of rules) found.push(...(await rule(patient)));
    return found;
  } finally {
    await patient.close();
  }
}

/**
 * Applies the fixes of findings: each changed file is replaced as a whole, shards first, then the index, then `config.json`.
 * Returns the names of the files that changed.
 */
export async function fixFolder(folder: string, findings: readonly Finding[]): Promise<readonly string[]> {
  const patient = await openPatient(folder);
  try {
    const mends = new Map<string, Mend>();
    let json = patient.json;
    for (const { fix } of findings) {
      if (fix?.of === 'tensor') mends.set(fix.name, after(mends.get(fix.name), fix.to));
      if (fix?.of === 'config') json = { ...json, ...fix.set };
    }
    const changed: string[] = [];
    const home: { name: string; shard: string; byteLength: number }[] = [];
    for (const [shard, file] of patient.shards) {
      const records: SafetensorsRecord[] = [];
      for (const { name, shape, dtype, byteLength } of file.tensors) {
        const data = async () => (await file.read(name)).data;
        const record = { name, shape, dtype: dtype as SafetensorsType, data };
        const mended = mends.get(name)?.(record);
        records.push(...(mended ?? [record]));
        if (mended)
          for (const one of mended) home.push({ name: one.name, shard, byteLength: entryBytes(one) });
        else home.push({ name, shard, byteLength });
      }
      if (!file.tensors.some(({ name }) => mends.has(name))) continue;
      await writeSafetensors(within(folder, shard), records, file.metadata);
      changed.push(shard);
    }
    if (patient.hasIndex && (changed.length > 0 || findings.some(({ fix }) => fix?.of === 'index'))) {
      await writeShardIndex(folder, home);
      changed.push(INDEX_FILE);
    }
    if (json !== patient.json) {
      await writeFileAtomically(within(folder, 'config.json'), `${JSON.stringify(json, null, 2)}\n`);
      changed.push('config.json');
    }
    return changed;
  } finally {
    await patient.close();
  }
}

/** A mend of what another leaves. */
const after =
  (first: Mend | undefined, then: Mend): Mend =>
  (record) =>
    (first?.(record) ?? [record]).flatMap(then);
