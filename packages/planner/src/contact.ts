/** A contact plan: which link makes key when, and how much, for those who wait for it. */
import { PlannerError } from './error.ts';
import { harvest } from './harvest.ts';
import { type PlanRequest, prepare } from './plan.ts';
import { serve } from './service.ts';

/** A service of the schedule: a stretch of light that makes one block of key. */
export interface PlannedContact {
  /** Of the window; services that share one share its id. */
  readonly id: string;
  readonly satelliteId: string;
  /** One station, or the two ends of entangled pairs. */
  readonly stationIds: readonly string[];
  readonly startMs: number;
  readonly endMs: number;
  /**
   * Net secret bits in every realisation, whole. The same place in every contact is the same weather, which stays as
   * correlated in time and between stations as the plan has it: sums and minima are taken place by place.
   */
  readonly bits: Float64Array;
}

/**
 * What the schedule of `plan` brings, contact by contact in order of end, with the same draws for the same request. Where
 * the period makes one block, no contact has key of its own.
 * @throws as `plan`; PlannerError `planner/parameter` where blocks are made of the whole period
 */
export function contacts(request: PlanRequest): PlannedContact[] {
  const { found, skies, keys, rules } = prepare(request);
  if (rules.blocks === 'period') {
    throw new PlannerError(
      'planner/parameter',
      'blocks is "period": a contact plan needs key by pass, so ask for blocks "pass"',
    );
  }
  const planned: PlannedContact[] = [];
  const { services } = serve(found, skies, keys, rules);
  harvest(found, services, skies, rules, request.seed, ({ satelliteId, stationIds, service, bits }) => {
    const { opportunity, startMs, endMs } = service!;
    planned.push({ id: found[opportunity]!.id, satelliteId, stationIds, startMs, endMs, bits: bits.map(Math.floor) });
  });
  return planned;
}
