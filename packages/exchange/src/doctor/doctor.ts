/** @file What a loader would trip over in a folder, said before it does; and the mends that lose nothing. */
import { join } from 'node:path';
import {
  decodeSafetensors,
  encodeSafetensors,
  INDEX_FILE,
  type SafetensorsRecord,
  type SafetensorsType,
  writeFileAtomically,
  writeSafetensors,
  writeShardIndex,
} from '@octavo/store';
import type { Finding, TensorFix } from './finding.ts';
import { openPatient, type Patient, type Rule } from './folder.ts';
import { activations, homes, scales } from './scale-rules.ts';
import { configuration, index, scheme, tied } from './structure-rules.ts';
import { values } from './value-rules.ts';

const rules: readonly Rule[] = [index, configuration, scheme, homes, scales, values, activations, tied];

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
    const tensors = new Map<string, TensorFix>();
    let json = patient.json;
    for (const { fix } of findings) {
      if (fix?.of === 'tensor') tensors.set(fix.name, { ...tensors.get(fix.name), ...fix.to });
      if (fix?.of === 'config') json = { ...json, ...fix.set };
    }
    const changed: string[] = [];
    for (const shard of patient.shards.keys())
      if ([...tensors.keys()].some((name) => patient.tensors.get(name)?.shard === shard)) {
        await rewrite(patient, shard, tensors);
        changed.push(shard);
      }
    if (patient.hasIndex && (changed.length > 0 || findings.some(({ fix }) => fix?.of === 'index'))) {
      const home = [...patient.tensors.values()].map(({ name, shard, byteLength }) => ({
        ...{ name: tensors.get(name)?.name ?? name, shard, byteLength },
      }));
      await writeShardIndex(folder, home);
      changed.push(INDEX_FILE);
    }
    if (json !== patient.json) {
      await writeFileAtomically(join(folder, 'config.json'), `${JSON.stringify(json, null, 2)}\n`);
      changed.push('config.json');
    }
    return changed;
  } finally {
    await patient.close();
  }
}

async function rewrite(
  { folder, shards }: Patient,
  shard: string,
  fixes: ReadonlyMap<string, TensorFix>,
): Promise<void> {
  const file = shards.get(shard)!;
  const records = file.tensors.map(({ name, dtype, shape }): SafetensorsRecord => {
    const fix = fixes.get(name);
    const type = dtype as SafetensorsType;
    return {
      ...{ name: fix?.name ?? name, dtype: type, shape: fix?.shape ?? shape },
      async data() {
        const { data } = await file.read(name);
        return fix?.inverse
          ? encodeSafetensors(
              type,
              decodeSafetensors(type, data).map((value) => 1 / value),
            )
          : data;
      },
    };
  });
  await writeSafetensors(join(folder, shard), records, file.metadata);
}
