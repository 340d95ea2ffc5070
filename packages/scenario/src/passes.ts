/** When a scenario's links have light for key: passes, and the windows in them. */
import { closestApproach, look, type Pass, passes, passesOver, rangeWindows, sunClear } from '@skykey/orbit';
import { darkness, type Window } from './dark.ts';
import type { LinkScenario, SatelliteScenario, Scenario } from './model.ts';
import { BIN_S } from './terminal.ts';

/** A stay of one of the satellites over one of the stations, with the parts of it in which photons are exchanged. */
export interface ScenarioPass {
  /**
   * `<link>-<time of the closest approach, whole second, basic ISO format>`, for a stay that the interval cuts
   * `<link>-<its start>-<its end>`: unique for ever.
   */
  readonly passId: string;
  readonly link: LinkScenario;
  readonly pass: Pass;
  /**
   * Empty when the satellite is too far, too low, nearer than the channel was measured, or the sky too bright. They start
   * and end on whole bins. A pass of a low orbit has one, or two around a bright noon or midnight or past the Sun; a stay
   * of days has one a night; an eccentric orbit that is near twice in a stay has one each time.
   */
  readonly windows: readonly Window[];
  /** The first of them, null without any. */
  readonly window: Window | null;
}

export interface ScenarioPassQuery {
  readonly fromMs: number;
  readonly toMs: number;
  readonly satelliteId?: string;
  readonly stationId?: string;
  /** 10 when left out, or the station's own minimum where that is lower. */
  readonly minElevationDeg?: number;
}

const BIN_MS = BIN_S * 1000;
const SHORTEST_MS = 1000;

/**
 * The passes of a scenario's links (or of one satellite, one station) in an interval, in order of time: whole, but for
 * stays without rise or set, which the interval cuts. A window is what of a pass lies inside the station's `maxRangeKm`,
 * above its own minimum elevation, under a dark enough sky, far enough from the Sun and not behind the Moon; it counts as
 * none where the channel does not know all of it. That is a rule fixed in advance, never by what was measured nor by how
 * passes are listed. Throws OrbitError as `passes` of the orbit package does.
 */
export function scenarioPasses(scenario: Scenario, query: ScenarioPassQuery): ScenarioPass[] {
  const { fromMs, toMs, satelliteId, stationId } = query;
  const wanted = scenario.links.filter(
    ({ satellite, station }) =>
      (satelliteId === undefined || satellite.id === satelliteId) &&
      (stationId === undefined || station.id === stationId),
  );
  const found: ScenarioPass[] = [];
  for (const [{ target }, links] of Map.groupBy(wanted, ({ satellite }) => satellite)) {
    const least = ({ station }: LinkScenario): number =>
      query.minElevationDeg ?? Math.min(10, station.window.minElevationDeg);
    for (const [minElevationDeg, group] of Map.groupBy(links, least)) {
      const stations = group.map(({ station }) => station.station);
      // One propagation for all of them.
      for (const [i, list] of passesOver(target, stations, { fromMs, toMs, minElevationDeg }).entries()) {
        for (const pass of list) found.push(describe(group[i]!, pass, minElevationDeg));
      }
    }
  }
  return found.sort((a, b) => a.pass.aosMs - b.pass.aosMs);
}

function describe(link: LinkScenario, pass: Pass, minElevationDeg: number): ScenarioPass {
  const { target } = link.satellite;
  const { station, window } = link.station;
  const stays =
    minElevationDeg === window.minElevationDeg
      ? [pass]
      : passes(target, station, { fromMs: pass.aosMs, toMs: pass.losMs, minElevationDeg: window.minElevationDeg });
  const windows = stays.flatMap((stay) => windowsOf(link, stay));
  const cut = pass.clipped.start || pass.clipped.end;
  const times = cut ? `${stamp(pass.aosMs)}-${stamp(pass.losMs)}` : stamp(pass.tcaMs);
  return { passId: `${link.id}-${times}`, link, pass, windows, window: windows[0] ?? null };
}

/** `20161219t165214z` */
function stamp(utcMs: number): string {
  const whole = new Date(Math.round(utcMs / 1000) * 1000).toISOString();
  return whole.replace(/[-:]|\.\d+/g, '').toLowerCase();
}

/** The windows of a stay above the least elevation of the station. */
function windowsOf(link: LinkScenario, stay: Pass): Window[] {
  const { target } = link.satellite;
  const { station, window, document } = link.station;
  const sunAvoidanceDeg = document.window.sunAvoidanceDeg?.value;
  const near = rangeWindows(target, station, stay, window.maxRangeKm);
  const dark = near.flatMap((part) => darkness(station, window.sunBelowDeg, part));
  const clear =
    sunAvoidanceDeg === undefined ? dark : dark.flatMap((part) => sunClear(target, station, part, sunAvoidanceDeg));
  return wholeBins(clear).filter((part) => covered(link, part));
}

/** Whether the channel knows a window: the middles of its first and last bin, and where the satellite is nearest in it. */
function covered({ satellite: { target }, station: { station }, channel }: LinkScenario, window: Window): boolean {
  const ends = [window.startMs + BIN_MS / 2, window.endMs - BIN_MS / 2].map((utcMs) => look(target, station, utcMs));
  return [...ends, closestApproach(target, station, window)].every((at) => channel.covers(at));
}

/** What of each stretch is whole bins, if it is worth having. */
function wholeBins(stretches: readonly Window[]): Window[] {
  return stretches
    .map((stretch) => {
      const startMs = Math.ceil(stretch.startMs / BIN_MS) * BIN_MS;
      return { startMs, endMs: startMs + Math.floor((stretch.endMs - startMs) / BIN_MS) * BIN_MS };
    })
    .filter(({ startMs, endMs }) => endMs - startMs >= SHORTEST_MS);
}

/** Two stations under one satellite at once, as entangled pairs need it. */
export interface JointScenarioPass {
  /** `<satellite>-<one end>-<other end>-<time at which both have begun>`: unique for ever. */
  readonly passId: string;
  readonly satellite: SatelliteScenario;
  /** The pass over either station, whole. */
  readonly arms: readonly [ScenarioPass, ScenarioPass];
  /** From when to when both see the satellite. */
  readonly startMs: number;
  readonly endMs: number;
  /** What the windows of both arms have in common. */
  readonly windows: readonly Window[];
  readonly window: Window | null;
}

/**
 * The stays of every satellite over two stations at once, each pair of stations for itself, in order of time; `stationIds`
 * picks one pair. Throws as `scenarioPasses`.
 */
export function jointScenarioPasses(
  scenario: Scenario,
  query: Omit<ScenarioPassQuery, 'stationId'> & { readonly stationIds?: readonly [string, string] },
): JointScenarioPass[] {
  const { stationIds, ...rest } = query;
  const byLink = Map.groupBy(scenarioPasses(scenario, rest), ({ link }) => link);
  const found: JointScenarioPass[] = [];
  for (const satellite of scenario.satellites) {
    const links = scenario.links.filter((link) => link.satellite === satellite);
    const wanted = stationIds ? links.filter(({ station }) => stationIds.includes(station.id)) : links;
    for (const [i, one] of wanted.entries()) {
      for (const other of wanted.slice(i + 1)) {
        for (const here of byLink.get(one) ?? []) {
          for (const there of byLink.get(other) ?? []) {
            const joint = both(satellite, here, there);
            if (joint && joint.startMs < query.toMs && joint.endMs > query.fromMs) found.push(joint);
          }
        }
      }
    }
  }
  return found.sort((a, b) => a.startMs - b.startMs);
}

function both(satellite: SatelliteScenario, here: ScenarioPass, there: ScenarioPass): JointScenarioPass | null {
  const startMs = Math.max(here.pass.aosMs, there.pass.aosMs);
  const endMs = Math.min(here.pass.losMs, there.pass.losMs);
  if (startMs >= endMs) return null;
  const common = here.windows.flatMap((a) =>
    there.windows.map((b) => ({ startMs: Math.max(a.startMs, b.startMs), endMs: Math.min(a.endMs, b.endMs) })),
  );
  const windows = common.filter((window) => window.endMs - window.startMs >= SHORTEST_MS);
  const end = ({ link: { station } }: ScenarioPass): string => station.siteId ?? station.id;
  return {
    passId: `${satellite.id}-${end(here)}-${end(there)}-${stamp(startMs)}`,
    satellite,
    arms: [here, there],
    startMs,
    endMs,
    windows,
    window: windows[0] ?? null,
  };
}
