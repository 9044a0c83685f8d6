/** @file `@octavo/plan`: what a training step takes on one device or thousands, before anything is bought or started. */
export { goodputChart } from './goodput/chart.ts';
export { dalyInterval, expectedGoodput, type Rhythm, youngInterval } from './goodput/interval.ts';
export { type Cluster, type Outcome, rhythmOf, type Spent, simulate } from './goodput/simulate.ts';
export { bestInterval, goodputTable, type SweepPoint } from './goodput/sweep.ts';
export type { Hardware, Published } from './hardware/hardware.ts';
export { hardware, hardwareOf } from './hardware/index.ts';
export { type Calibration, calibrate, type Now } from './host/calibrate.ts';
export { CHECKED, type CheckOptions, clockFor, hostCheck } from './host/check.ts';
export { hostHardware } from './host/hardware.ts';
export { checkLayout, type Layout, peakOf, replicas, ZERO, type Zero } from './layout.ts';
export { EXCHANGES, type Exchange, type Traffic, trafficOf } from './network.ts';
export { paperTables } from './paper.ts';
export { type PlanOptions, planStep, type StepPlan } from './plan-step.ts';
export { type Clock, roofline } from './roofline.ts';
export { assumptionsOf, memoryTable, type NamedPlan, timeTable } from './tables.ts';
export { type Held, type Operation, type Phase, type Trace, traceStep } from './trace.ts';
