import { createHash } from 'node:crypto';
import { look, type Pass, subpoint, subsolarPoint, sun } from '@skykey/orbit';
import { createEvents, type Emissions, type EventPass, gatedDetections, interceptResend } from '@skykey/photons';
import {
  BIN_S,
  declaredParameters,
  linkTrace,
  type Mission,
  type MissionStation,
  type ScenarioPass,
  scenarioPasses,
  type Window,
} from '@skykey/scenario';
import type { MomentState, PassState, ScheduleState, StationState, TapState } from '@skykey/telemetry';
import { NodeError } from '../error.ts';
import type { DeviceServer, EmissionSource } from '../wire/devices.ts';
import { MissionClock } from './clock.ts';
import { Tap } from './tap.ts';
import { Transmission } from './transmission.ts';

const DAY_MS = 86_400_000;
const BIN_MS = BIN_S * 1000;
/** The automatic speed falls this long before a pass rises. */
const LEAD_MS = 5_000;
/** Where the clock goes when a tap lies in wait: this long before the light of that link. */
const TAP_LEAD_MS = 15_000;
/** Wall time a tick may spend on photons; when it is spent, mission time waits. */
const PHOTON_BUDGET_MS = 70;

type UsefulPass = ScenarioPass & { readonly window: Window };

interface ActivePass {
  readonly pass: UsefulPass;
  readonly engine: EventPass;
  readonly tap: Tap;
  bin: number;
  /** Detections of the last bins, newest last, one mission second at most. */
  recent: number[];
}

/** Mission time up to which the light of a pass is made. */
function reachedMs({ pass, bin }: ActivePass): number {
  return pass.window.startMs + bin * BIN_MS;
}

/** Whether a moment lies between the first and the last photon of a window. */
function cuts(window: Window, utcMs: number): boolean {
  return utcMs > window.startMs && utcMs < window.endMs;
}

/** What of the sky must outlive its process. */
export interface SkyMemory {
  readonly utcMs: number;
  readonly seed: number;
}

/**
 * Physics: moves the satellite, makes photons while a station sees it, hands them to the devices, and never tells a
 * node more than its hardware would see. Knows nothing of keys.
 */
export class Sky implements EmissionSource {
  readonly mission: Mission;
  readonly seed: number;
  readonly clock: MissionClock;
  readonly passes: readonly ScenarioPass[];
  readonly #devices: () => DeviceServer;
  readonly #remember: (memory: SkyMemory) => void;
  /** Passes in which there is light, in the order in which it begins. */
  readonly #useful: readonly UsefulPass[];
  readonly #taps = new Map<string, TapState>();
  readonly #active = new Map<string, ActivePass>();
  readonly #records = new Map<string, Transmission>();
  readonly #parameters: ScheduleState['parameters'];
  readonly #paths = new Map<string, PassState['path']>();
  #track: { readonly fromMs: number; readonly points: (readonly [number, number])[] } | undefined;

  /** `remember` writes the memory down: called before the light of a pass begins, so that no crash makes it come twice. */
  constructor(options: {
    mission: Mission;
    memory: SkyMemory;
    devices: () => DeviceServer;
    remember: (memory: SkyMemory) => void;
  }) {
    this.mission = options.mission;
    this.seed = options.memory.seed;
    this.#devices = options.devices;
    this.#remember = options.remember;
    this.#parameters = declaredParameters(this.mission.document);
    const { clock } = this.mission.live;
    const startMs = Date.parse(clock.startUtc);
    const endMs = Date.parse(clock.endUtc);
    this.passes = scenarioPasses(this.mission.scenario, { fromMs: startMs, toMs: endMs });
    for (const station of this.mission.stations) {
      this.#taps.set(station.linkId, { linkId: station.linkId, on: false, fraction: 1 });
    }
    const hurryUntilMs = Date.parse(clock.hurryUntilUtc);
    // A pass that the end of the mission would cut is not begun.
    const useful = this.passes.filter((pass): pass is UsefulPass => pass.window !== null && pass.window.endMs <= endMs);
    this.#useful = useful.toSorted((a, b) => a.window.startMs - b.window.startMs);
    const slowAt = (pass: Pass): number => pass.aosMs - LEAD_MS;
    this.clock = new MissionClock(Math.max(startMs, options.memory.utcMs), {
      autoSpeed: (utcMs) => {
        const within = useful.some(({ pass }) => utcMs >= slowAt(pass) && utcMs < pass.losMs);
        if (within) return clock.passSpeed;
        return utcMs < hurryUntilMs ? clock.gapSpeed : clock.laterGapSpeed;
      },
      nextSlowdownMs: (utcMs) => {
        const next = useful.find(({ pass }) => slowAt(pass) > utcMs);
        const hurryEndsMs = utcMs < hurryUntilMs ? hurryUntilMs : Number.POSITIVE_INFINITY;
        return Math.min(next ? slowAt(next.pass) : Number.POSITIVE_INFINITY, hurryEndsMs);
      },
      endMs,
      endReason: `the mission ends on ${clock.endUtc.slice(0, 10)}${this.#whyItEnds()}. To play it again, start with another data folder (--data)`,
    });
    // A pass that an earlier process had begun is lost: a block is a fixed number of pulses, all or nothing.
    for (const { window } of this.#useful) if (cuts(window, this.clock.utcMs)) this.clock.moveTo(window.endMs);
  }

  /** A process that starts from it finds every pass that has begun behind it, or in its middle and lost. */
  memory(): SkyMemory {
    const begun = [...this.#active.values()].map(({ pass }) => pass.window.startMs + 1);
    return { utcMs: Math.max(this.clock.utcMs, ...begun), seed: this.seed };
  }

  /** Moves mission time forward by `elapsedMs` of wall time, with all the photons that fall into it. */
  async tick(elapsedMs: number, wallMs: () => number): Promise<void> {
    const deadline = wallMs() + PHOTON_BUDGET_MS;
    const target = await this.#begin(this.clock.target(elapsedMs));
    // Light of several links is made in the order of time, so that mission time has passed all of it.
    let behind = this.#furthestBehind(target);
    while (behind && wallMs() < deadline) {
      await this.#playBin(behind);
      behind = this.#furthestBehind(target);
    }
    this.clock.moveTo(behind ? reachedMs(behind) : target);
    await this.#devices().clock(this.clock.utcMs);
  }

  /** What the transmitter sent in these slots: recorded where a detection needed it, drawn from the source otherwise. */
  emissions(passId: string, slots: Float64Array): Emissions {
    const record = this.#records.get(passId);
    if (!record) throw new NodeError('sky/no-pass', `the transmitter has no record of a pass "${passId}"`);
    return record.at(slots);
  }

  /** Switches the adversary of a link. A tap that is switched on while no light is there lies in wait for the next. */
  tap(linkId: string, on: boolean, fraction: number): void {
    if (!this.#taps.has(linkId)) {
      throw new NodeError(
        'sky/link',
        `there is no link "${linkId}"; the links are ${[...this.#taps.keys()].join(', ')}`,
      );
    }
    if (!(fraction > 0 && fraction <= 1)) {
      throw new NodeError(
        'sky/fraction',
        `fraction is ${fraction}; it is the share of pulses intercepted, above 0 and at most 1`,
      );
    }
    this.#taps.set(linkId, { linkId, on, fraction });
    if (!on || this.#active.size) return;
    const next = this.#next(linkId);
    if (!next) return;
    const waitFromMs = next.window.startMs - TAP_LEAD_MS;
    // The light of another link is not cut in two for it.
    const cut = this.#useful.find(({ window }) => cuts(window, waitFromMs));
    this.clock.moveTo(cut ? cut.window.startMs : waitFromMs);
  }

  /** Moves the clock to shortly before the next pass that can be used. Throws while one is running. */
  skip(): void {
    if (this.#active.size) throw new NodeError('sky/busy', 'a pass is running: its photons cannot be skipped');
    const next = this.#next();
    if (!next) throw new NodeError('sky/end', 'there is no further pass before the mission ends');
    this.clock.moveTo(next.pass.aosMs - LEAD_MS);
  }

  schedule(): ScheduleState {
    const { mission } = this;
    const utcMs = this.clock.utcMs;
    return {
      scenario: mission.id,
      title: mission.title,
      track: this.#trackAround(utcMs),
      passes: this.#passStates(utcMs),
      parameters: this.#parameters,
    };
  }

  moment(): MomentState {
    const { satellite, stations } = this.mission;
    const utcMs = this.clock.utcMs;
    return {
      utcMs,
      clock: this.clock.state(),
      satellite: {
        id: satellite.id,
        name: satellite.name,
        ...subpoint(satellite.target, utcMs),
        elementsEpochUtc: this.#elementsEpochUtc(),
      },
      subsolar: subsolarPoint(utcMs),
      stations: stations.map((station) => this.#stationState(station, utcMs)),
      taps: [...this.#taps.values()],
    };
  }

  #elementsEpochUtc(): string | null {
    const { target } = this.mission.satellite;
    return target.kind === 'sgp4' ? new Date(target.epochMs).toISOString() : null;
  }

  #whyItEnds(): string {
    const epochUtc = this.#elementsEpochUtc();
    return epochUtc ? `: the orbital elements of ${epochUtc.slice(0, 10)} are not good for longer` : '';
  }

  #next(linkId?: string): UsefulPass | undefined {
    return this.#useful.find(
      ({ window, link }) => window.startMs > this.clock.utcMs && (!linkId || link.id === linkId),
    );
  }

  /** Begins the passes that are due by `target`, but none while one runs that ends before it: mission time waits there. */
  async #begin(target: number): Promise<number> {
    for (const pass of this.#useful) {
      const { startMs } = pass.window;
      if (startMs < this.clock.utcMs || this.#active.has(pass.passId)) continue;
      if (startMs > target) break;
      if ([...this.#active.values()].some((active) => active.pass.window.endMs <= startMs)) return startMs;
      await this.#start(pass);
    }
    return target;
  }

  async #start(pass: UsefulPass): Promise<void> {
    const { mission } = this;
    const { link } = pass;
    const trace = linkTrace(pass);
    const seed = createHash('sha256').update(`${this.seed} ${pass.passId}`).digest().readUIntBE(0, 6);
    const tap = new Tap();
    const engine = createEvents({ trace, source: mission.source, receiver: link.receiver, seed, disturbances: [tap] });
    const pulsesPerBin = Math.round(BIN_S * mission.source.pulseRateHz);
    this.#records.set(pass.passId, new Transmission({ seed, source: mission.source, pulsesPerBin }));
    // Two passes are enough: a session is over long before the next but one begins.
    for (const passId of [...this.#records.keys()].slice(0, -2)) this.#records.delete(passId);
    this.#active.set(pass.passId, { pass, engine, tap, bin: 0, recent: [] });
    this.#remember(this.memory());
    await this.#devices().announce(
      {
        passId: pass.passId,
        linkId: link.id,
        startMs: pass.window.startMs,
        pulses: engine.bins * pulsesPerBin,
        binS: BIN_S,
      },
      `receiver ${link.station.id}`,
      `transmitter ${mission.satellite.id}`,
    );
  }

  /** The running pass of which the next bin comes first, if there is one to be made before `target`. */
  #furthestBehind(target: number): ActivePass | undefined {
    let found: ActivePass | undefined;
    for (const active of this.#active.values()) {
      if (reachedMs(active) + BIN_MS > target) continue;
      if (!found || reachedMs(active) < reachedMs(found)) found = active;
    }
    return found;
  }

  async #playBin(active: ActivePass): Promise<void> {
    const { pass, engine } = active;
    const receiver = `receiver ${pass.link.station.id}`;
    const { on, fraction } = this.#taps.get(pass.link.id)!;
    active.tap.adversary = on ? interceptResend.create(fraction) : undefined;
    const bin = engine.next();
    const { detections, emissions } = gatedDetections(bin, pass.link.receiver.gateNs);
    this.#records.get(pass.passId)!.add(emissions);
    active.bin++;
    active.recent = [...active.recent.slice(-9), detections.slot.length];
    await this.#devices().detections(receiver, detections, bin.firstSlot + bin.pulses);
    if (active.bin < engine.bins) return;
    this.#active.delete(pass.passId);
    await this.#devices().finish(pass.passId, true, receiver, `transmitter ${this.mission.satellite.id}`);
  }

  #stationState(station: MissionStation, utcMs: number): StationState {
    const at = look(this.mission.satellite.target, station.station, utcMs);
    const active = [...this.#active.values()].find(({ pass }) => pass.link === station.link);
    const visible = at.elevationDeg > 0 && station.channel.covers(at);
    const budget = visible ? station.channel.loss(at) : null;
    return {
      id: station.id,
      name: station.station.name,
      siteId: station.siteId,
      latitudeDeg: station.station.latitudeDeg,
      longitudeDeg: station.station.longitudeDeg,
      linkId: station.linkId,
      elevationDeg: at.elevationDeg,
      azimuthDeg: at.azimuthDeg,
      rangeKm: at.rangeKm,
      sunElevationDeg: sun(station.station, utcMs).elevationDeg,
      beam: active ? 'quantum' : 'idle',
      lossDb: budget ? budget.totalDb : null,
      lossTerms: budget ? budget.terms : [],
      detectionRateHz: active?.recent.length
        ? active.recent.reduce((sum, count) => sum + count, 0) / (active.recent.length * BIN_S)
        : 0,
    };
  }

  #trackAround(utcMs: number): readonly (readonly [number, number])[] {
    if (this.#track && Math.abs(utcMs - this.#track.fromMs) < 120_000) return this.#track.points;
    const points: (readonly [number, number])[] = [];
    for (let minute = -47; minute <= 47; minute++) {
      const at = subpoint(this.mission.satellite.target, utcMs + minute * 60_000);
      points.push([Math.round(at.longitudeDeg * 100) / 100, Math.round(at.latitudeDeg * 100) / 100]);
    }
    this.#track = { fromMs: utcMs, points };
    return points;
  }

  /** The running pass and the next ones, at least one a station. */
  #passStates(utcMs: number): PassState[] {
    const ahead = this.passes.filter(({ pass }) => pass.losMs > utcMs && pass.aosMs < utcMs + 3 * DAY_MS);
    const shown = ahead.slice(0, 6);
    for (const station of this.mission.stations) {
      const first = ahead.find((pass) => pass.link === station.link && pass.window);
      if (first && !shown.includes(first)) shown.push(first);
    }
    return shown.map((entry) => ({
      passId: entry.passId,
      stationId: entry.link.station.id,
      linkId: entry.link.id,
      aosMs: entry.pass.aosMs,
      tcaMs: entry.pass.tcaMs,
      losMs: entry.pass.losMs,
      maxElevationDeg: entry.pass.maxElevationDeg,
      minRangeKm: entry.pass.minRangeKm,
      window: entry.window,
      path: this.#path(entry),
    }));
  }

  #path(entry: ScenarioPass): PassState['path'] {
    let path = this.#paths.get(entry.passId);
    if (!path) {
      const steps = 40;
      const { aosMs, losMs } = entry.pass;
      path = Array.from({ length: steps + 1 }, (_, i) => {
        const utcMs = aosMs + ((losMs - aosMs) * i) / steps;
        const at = look(this.mission.satellite.target, entry.link.station.station, utcMs);
        return {
          utcMs: Math.round(utcMs),
          azimuthDeg: Math.round(at.azimuthDeg * 100) / 100,
          elevationDeg: Math.round(at.elevationDeg * 100) / 100,
          rangeKm: Math.round(at.rangeKm * 10) / 10,
        };
      });
      this.#paths.set(entry.passId, path);
    }
    return path;
  }
}
