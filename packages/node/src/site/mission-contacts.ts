/**
 * Passes to come of a mission, as contacts of its links: planned beside the process, for some days at once, since orbits do
 * not change their mind. The sky of a mission has no clouds, so chance is that of the counts alone.
 */
import type { Contact } from '@skykey/kme';
import type { Mission } from '@skykey/scenario';
import type { ContactPlan } from '../kme/outlook.ts';
import { laneCuts } from '../link/link.ts';

/** A pass that is expected to make key. */
export interface PlannedPass {
  readonly stationId: string;
  readonly startMs: number;
  readonly endMs: number;
  /** Secret bits of its session, in realisations. */
  readonly bits: Float64Array;
}

/** Plans the passes of a scenario that begin in an interval. */
export type PlanContacts = (scenario: string, fromMs: number, toMs: number) => Promise<readonly PlannedPass[]>;

const DAY_MS = 86_400_000;
const AHEAD_MS = 4 * DAY_MS;
/** Planned again when less is left. */
const LEAST_AHEAD_MS = 2 * DAY_MS;
/** A pass that has begun is still to bring key. */
const LONGEST_PASS_MS = 1_800_000;
/** From the last photon to a block at both ends; assumed. */
const DISTIL_MS = 30_000;
const RETRY_MS = 60_000;

export class MissionContacts {
  readonly #scenario: string;
  readonly #mission: Mission;
  readonly #planContacts: PlanContacts;
  readonly #onFault: (error: unknown) => void;
  #plan: ContactPlan | undefined;
  #planning = false;
  #failedMs = Number.NEGATIVE_INFINITY;

  /** `scenario`: as its processes are told it. */
  constructor(scenario: string, mission: Mission, planContacts: PlanContacts, onFault: (error: unknown) => void) {
    this.#scenario = scenario;
    this.#mission = mission;
    this.#planContacts = planContacts;
    this.#onFault = onFault;
  }

  /** What is known at mission time `nowMs`; has more planned when that is little. */
  at(nowMs: number): ContactPlan | undefined {
    const endMs = Date.parse(this.#mission.live.clock.endUtc);
    const untilMs = this.#plan?.untilMs ?? nowMs;
    const isShort = untilMs < endMs && untilMs - nowMs < LEAST_AHEAD_MS;
    if (isShort && !this.#planning && performance.now() - this.#failedMs > RETRY_MS) void this.#replan(nowMs, endMs);
    return this.#plan;
  }

  async #replan(nowMs: number, endMs: number): Promise<void> {
    this.#planning = true;
    try {
      const untilMs = Math.min(endMs, nowMs + AHEAD_MS);
      const passes = await this.#planContacts(this.#scenario, nowMs - LONGEST_PASS_MS, untilMs);
      // A pass that the end of the mission would cut is not begun.
      const contacts = passes.flatMap((pass) => (pass.endMs <= endMs ? this.#contactOf(pass) : []));
      this.#plan = { contacts, untilMs };
    } catch (error) {
      this.#failedMs = performance.now();
      this.#onFault(error);
    } finally {
      this.#planning = false;
    }
  }

  #contactOf({ stationId, startMs, endMs, bits }: PlannedPass): Contact[] {
    const { satellite, stations } = this.#mission;
    const station = stations.find(({ id }) => id === stationId);
    if (!station) return [];
    const { linkId, siteId } = station;
    const ends = { linkId, siteId, satelliteId: satellite.id };
    const net = bits.map((secret) => {
      const key = laneCuts(ends, Math.floor(secret / 8)).at(-1)!;
      return Math.max(0, key.to - key.from) * 8;
    });
    return [{ link: linkId, startMs, endMs, readyMs: Math.ceil(endMs) + DISTIL_MS, bits: net }];
  }
}
