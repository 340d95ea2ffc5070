import { createHash } from 'node:crypto';
import { look, type Pass, subpoint, subsolarPoint, sun } from '@skykey/orbit';
import { createPass, type Emissions, interceptResend } from '@skykey/photons';
import {
  BIN_S,
  declaredParameters,
  linkTrace,
  type Scenario,
  type ScenarioPass,
  type StationScenario,
  scenarioPasses,
} from '@skykey/scenario';
import type { PassState, SkyState, StationState, TapState } from '@skykey/telemetry';
import { MissionClock } from './clock.ts';
import type { DeviceServer, EmissionSource } from './devices.ts';
import { NodeError } from './error.ts';
import { Transmission } from './transmission.ts';

const DAY_MS = 86_400_000;
/** The automatic speed falls this long before a pass rises. */
const LEAD_MS = 5_000;
/** Where the clock goes when a tap lies in wait: this long before the light of that link. */
const TAP_LEAD_MS = 15_000;
/** Wall time a tick may spend on photons; when it is spent, mission time waits. */
const PHOTON_BUDGET_MS = 70;

interface ActivePass {
  readonly pass: ScenarioPass;
  readonly engine: ReturnType<typeof createPass>;
  bin: number;
  /** Detections of the last bins, newest last, one mission second at most. */
  recent: number[];
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
  readonly scenario: Scenario;
  readonly seed: number;
  readonly clock: MissionClock;
  readonly passes: readonly ScenarioPass[];
  readonly #devices: () => DeviceServer;
  readonly #taps = new Map<string, TapState>();
  readonly #active = new Map<string, ActivePass>();
  readonly #records = new Map<string, Transmission>();
  readonly #paths = new Map<string, PassState['path']>();
  #track: { readonly fromMs: number; readonly points: (readonly [number, number])[] } | undefined;

  constructor(options: { scenario: Scenario; memory: SkyMemory; devices: () => DeviceServer }) {
    this.scenario = options.scenario;
    this.seed = options.memory.seed;
    this.#devices = options.devices;
    const { clock } = this.scenario.document;
    const startMs = Date.parse(clock.startUtc);
    const endMs = Date.parse(clock.endUtc);
    this.passes = scenarioPasses(this.scenario, { fromMs: startMs, toMs: endMs });
    for (const station of this.scenario.stations) {
      this.#taps.set(station.linkId, { linkId: station.linkId, on: false, fraction: 1 });
    }
    const hurryUntilMs = Date.parse(clock.hurryUntilUtc);
    const useful = this.passes.filter((pass) => pass.window);
    const slowAt = (pass: Pass): number => pass.aosMs - LEAD_MS;
    this.clock = new MissionClock(Math.max(startMs, options.memory.utcMs), {
      autoSpeed: (utcMs) => {
        const within = useful.some(({ pass }) => utcMs >= slowAt(pass) && utcMs < pass.losMs);
        if (within) return clock.passSpeed;
        return utcMs < hurryUntilMs ? clock.gapSpeed : clock.laterGapSpeed;
      },
      nextSlowdownMs: (utcMs) => {
        const next = useful.find(({ pass }) => slowAt(pass) > utcMs);
        return next ? slowAt(next.pass) : Number.POSITIVE_INFINITY;
      },
      endMs,
      endReason: `the mission ends on ${clock.endUtc.slice(0, 10)}: the orbital elements of ${new Date(
        this.scenario.satellite.elements.epochMs,
      )
        .toISOString()
        .slice(0, 10)} are not good for longer`,
    });
    // A pass that an earlier process had begun is lost: a block is a fixed number of pulses, all or nothing.
    const broken = useful.find(({ window }) => window && this.clock.utcMs > window.startMs && this.clock.utcMs < window.endMs);
    if (broken?.window) this.clock.moveTo(broken.window.endMs);
  }

  memory(): SkyMemory {
    return { utcMs: this.clock.utcMs, seed: this.seed };
  }

  /** Moves mission time forward by `elapsedMs` of wall time, with all the photons that fall into it. */
  async tick(elapsedMs: number, wallMs: () => number): Promise<void> {
    const target = this.clock.target(elapsedMs);
    const deadline = wallMs() + PHOTON_BUDGET_MS;
    for (const pass of this.passes) {
      const { window } = pass;
      if (!window || window.startMs > target || window.endMs <= this.clock.utcMs) continue;
      if (!this.#active.has(pass.passId) && this.clock.utcMs <= window.startMs) await this.#begin(pass);
    }
    let reached = target;
    for (const active of this.#active.values()) reached = Math.min(reached, await this.#play(active, target, deadline, wallMs));
    this.clock.moveTo(reached);
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
      throw new NodeError('sky/link', `there is no link "${linkId}"; the links are ${[...this.#taps.keys()].join(', ')}`);
    }
    if (!(fraction > 0 && fraction <= 1)) {
      throw new NodeError('sky/fraction', `fraction is ${fraction}; it is the share of pulses intercepted, above 0 and at most 1`);
    }
    this.#taps.set(linkId, { linkId, on, fraction });
    if (!on || this.#active.size) return;
    const next = this.#next(linkId);
    if (next?.window) this.clock.moveTo(next.window.startMs - TAP_LEAD_MS);
  }

  /** Moves the clock to shortly before the next pass that can be used. Throws while one is running. */
  skip(): void {
    if (this.#active.size) throw new NodeError('sky/busy', 'a pass is running: its photons cannot be skipped');
    const next = this.#next();
    if (!next) throw new NodeError('sky/end', 'there is no further pass before the mission ends');
    this.clock.moveTo(next.pass.aosMs - LEAD_MS);
  }

  state(): SkyState {
    const { scenario } = this;
    const utcMs = this.clock.utcMs;
    const { elements } = scenario.satellite;
    return {
      scenario: scenario.id,
      title: scenario.title,
      utcMs,
      clock: this.clock.state(),
      satellite: {
        id: scenario.satellite.id,
        name: scenario.satellite.name,
        ...subpoint(elements, utcMs),
        elementsEpochUtc: new Date(elements.epochMs).toISOString(),
      },
      track: this.#trackAround(utcMs),
      subsolar: subsolarPoint(utcMs),
      stations: scenario.stations.map((station) => this.#stationState(station, utcMs)),
      passes: this.#passStates(utcMs),
      taps: [...this.#taps.values()],
      parameters: declaredParameters(scenario.document),
    };
  }

  #next(linkId?: string): ScenarioPass | undefined {
    return this.passes.find(
      ({ window, station }) => window && window.startMs > this.clock.utcMs && (!linkId || station.linkId === linkId),
    );
  }

  async #begin(pass: ScenarioPass): Promise<void> {
    const { scenario } = this;
    const trace = linkTrace(scenario, pass);
    const seed = createHash('sha256').update(`${this.seed} ${pass.passId}`).digest().readUIntBE(0, 6);
    const engine = createPass({ trace, source: scenario.source, receiver: pass.station.receiver, seed });
    const pulsesPerBin = Math.round(BIN_S * scenario.source.pulseRateHz);
    this.#records.set(pass.passId, new Transmission({ seed, source: scenario.source, pulsesPerBin }));
    // Two passes are enough: a session is over long before the next but one begins.
    for (const passId of [...this.#records.keys()].slice(0, -2)) this.#records.delete(passId);
    this.#active.set(pass.passId, { pass, engine, bin: 0, recent: [] });
    await this.#devices().announce(
      {
        passId: pass.passId,
        linkId: pass.station.linkId,
        startMs: pass.window!.startMs,
        pulses: engine.bins * pulsesPerBin,
        binS: BIN_S,
      },
      `receiver ${pass.station.id}`,
      `transmitter ${scenario.satellite.id}`,
    );
  }

  /** Makes the photons of a pass up to `target`; returns how far it came, for mission time to wait there. */
  async #play(active: ActivePass, target: number, deadline: number, wallMs: () => number): Promise<number> {
    const { pass, engine } = active;
    const { startMs } = pass.window!;
    const receiver = `receiver ${pass.station.id}`;
    const wanted = Math.min(engine.bins, Math.floor((target - startMs) / (BIN_S * 1000)));
    const tap = this.#taps.get(pass.station.linkId)!;
    const adversary = tap.on ? interceptResend(tap.fraction) : undefined;
    const record = this.#records.get(pass.passId)!;
    while (active.bin < wanted && wallMs() < deadline) {
      const bin = engine.next(adversary);
      record.add(bin.emissions);
      active.bin++;
      active.recent = [...active.recent.slice(-9), bin.detections.slot.length];
      await this.#devices().detections(receiver, bin.detections, bin.firstSlot + bin.pulses);
    }
    if (active.bin === engine.bins) {
      this.#active.delete(pass.passId);
      await this.#devices().finish(pass.passId, true, receiver, `transmitter ${this.scenario.satellite.id}`);
      return target;
    }
    return active.bin < wanted ? startMs + active.bin * BIN_S * 1000 : target;
  }

  #stationState(station: StationScenario, utcMs: number): StationState {
    const at = look(this.scenario.satellite.elements, station.station, utcMs);
    const active = [...this.#active.values()].find(({ pass }) => pass.station === station);
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
      const at = subpoint(this.scenario.satellite.elements, utcMs + minute * 60_000);
      points.push([Math.round(at.longitudeDeg * 100) / 100, Math.round(at.latitudeDeg * 100) / 100]);
    }
    this.#track = { fromMs: utcMs, points };
    return points;
  }

  /** The running pass and the next ones, at least one a station. */
  #passStates(utcMs: number): PassState[] {
    const ahead = this.passes.filter(({ pass }) => pass.losMs > utcMs && pass.aosMs < utcMs + 3 * DAY_MS);
    const shown = ahead.slice(0, 6);
    for (const station of this.scenario.stations) {
      const first = ahead.find((pass) => pass.station === station && pass.window);
      if (first && !shown.includes(first)) shown.push(first);
    }
    return shown.map((entry) => ({
      passId: entry.passId,
      stationId: entry.station.id,
      linkId: entry.station.linkId,
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
        const at = look(this.scenario.satellite.elements, entry.station.station, utcMs);
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
