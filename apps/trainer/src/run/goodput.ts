/** @file Simulated runs of the plan on more and more ranks: goodput, and how often to write a checkpoint. */
import type { BenchTable } from '@octavo/bench';
import { bestInterval, type Cluster, goodputChart, goodputTable, type SweepPoint } from '@octavo/plan';
import { renderSvg } from '@octavo/report';
import { writeFileAtomically } from '@octavo/store';

/** What a simulation is told of a cluster. */
export interface GoodputRequest {
  readonly ranks: readonly number[];
  readonly mtbf: number;
  readonly restart: number;
  readonly write: number;
  readonly slowEvery: number;
  readonly seed: number;
  readonly svg: string | null;
}

/** A rank that is slow, and every step's jitter: assumed, since nothing is published of either. */
const SLOW = { lasts: 600, factor: 1.5 };
const JITTER = 0.005;

/** Of so many ranks: seconds of a step, and bytes of a checkpoint that each writes. */
export type Ranked = (ranks: number) => Promise<{ readonly step: number; readonly shard: number } | null>;

export async function simulated(
  request: GoodputRequest,
  ranked: Ranked,
  print: (table: BenchTable) => void,
): Promise<void> {
  const { mtbf, restart, write, slowEvery, seed, svg } = request;
  const points: SweepPoint[] = [];
  for (const ranks of request.ranks) {
    const planned = await ranked(ranks);
    if (!planned) continue;
    const cluster: Cluster = {
      ...{ ranks, restart, jitter: JITTER, rankBetweenFailures: 3600 * mtbf },
      checkpoint: Math.max(1, planned.shard / (write * 1e9)),
      slow: { ...SLOW, every: 3600 * slowEvery },
    };
    points.push(bestInterval(cluster, planned.step, seed));
  }
  print(
    goodputTable(
      points,
      `A rank fails once in ${mtbf} hours (Llama 3, arXiv 2407.21783, section 3.3.4: 419 in 54 days on 16,384, about 50,000); a restart takes ${restart} s; each rank writes its share of a checkpoint at ${write} GB/s, a second at least; once in ${slowEvery} hours a rank takes ${SLOW.factor} times as long for ${SLOW.lasts / 60} minutes, and every step ${JITTER * 100} % more in the mean: assumed. Seed ${seed}.`,
    ),
  );
  if (svg !== null) await writeFileAtomically(svg, await renderSvg(goodputChart(points)));
}
