import type {
  LinkState,
  NodeState,
  PassState,
  ProcessState,
  SatelliteState,
  SiteState,
  SkyState,
  StationState,
  TapState,
} from '@skykey/telemetry';

/** Everything the overview knows, put together from the events of one connection. */
export interface Observed {
  readonly sky: SkyState | null;
  /** `performance.now()` when `sky` arrived. */
  readonly skyReceivedMs: number;
  readonly satellites: Readonly<Record<string, SatelliteState>>;
  readonly sites: Readonly<Record<string, SiteState>>;
  readonly processes: readonly ProcessState[];
  readonly connection: Connection;
}

/** `lost` while the browser tries again; what is shown then is the last that was heard. */
export type Connection = 'connecting' | 'live' | 'lost';

export const NOTHING_OBSERVED: Observed = {
  sky: null,
  skyReceivedMs: 0,
  satellites: {},
  sites: {},
  processes: [],
  connection: 'connecting',
};

export type ObservedEvent =
  | { readonly kind: 'sky'; readonly sky: SkyState; readonly receivedMs: number }
  | { readonly kind: 'node'; readonly node: NodeState }
  | { readonly kind: 'processes'; readonly processes: readonly ProcessState[] }
  | { readonly kind: 'connection'; readonly connection: Connection };

/** Parts of `SkyState` that change rarely: kept by reference while equal, so that their views rest. */
const RESTFUL = ['track', 'passes', 'parameters', 'taps', 'clock'] as const;

export function observe(before: Observed, event: ObservedEvent): Observed {
  switch (event.kind) {
    case 'sky':
      return { ...before, sky: settle(before.sky, event.sky), skyReceivedMs: event.receivedMs };
    case 'node': {
      const { node } = event;
      return node.kind === 'site'
        ? { ...before, sites: { ...before.sites, [node.nodeId]: node } }
        : { ...before, satellites: { ...before.satellites, [node.nodeId]: node } };
    }
    case 'processes':
      return { ...before, processes: event.processes };
    case 'connection':
      return before.connection === event.connection ? before : { ...before, connection: event.connection };
  }
}

function settle(before: SkyState | null, after: SkyState): SkyState {
  if (before === null) return after;
  const settled = { ...after } as Record<string, unknown>;
  for (const part of RESTFUL) {
    if (before[part] === after[part]) continue;
    if (JSON.stringify(before[part]) === JSON.stringify(after[part])) settled[part] = before[part];
  }
  return settled as unknown as SkyState;
}

/** One satellite-to-station link seen from all sides: the sky, the station's process, the satellite's. */
export interface LinkView {
  readonly linkId: string;
  readonly satelliteName: string;
  readonly siteId: string;
  readonly siteName: string;
  readonly station: StationState;
  readonly ground: LinkState | null;
  readonly space: LinkState | null;
  readonly site: SiteState | null;
  readonly tap: TapState | null;
  /** The graver of what the two parties say. */
  readonly state: LinkState['state'];
}

const GRAVITY = { idle: 0, session: 1, dropped: 2 } as const;

/** In the order of the sky's stations. */
export function linkViews(observed: Observed): readonly LinkView[] {
  const { sky } = observed;
  if (sky === null) return [];
  const sites = Object.values(observed.sites);
  const satellites = Object.values(observed.satellites);
  return sky.stations.map((station) => {
    const site = sites.find((candidate) => candidate.link.linkId === station.linkId) ?? null;
    const ground = site?.link ?? null;
    const space =
      satellites.flatMap((satellite) => satellite.links).find((link) => link.linkId === station.linkId) ?? null;
    const groundState = ground?.state ?? 'idle';
    const spaceState = space?.state ?? 'idle';
    return {
      linkId: station.linkId,
      satelliteName: sky.satellite.name,
      siteId: station.siteId,
      siteName: site?.name ?? capitalised(station.siteId),
      station,
      ground,
      space,
      site,
      tap: sky.taps.find((tap) => tap.linkId === station.linkId) ?? null,
      state: GRAVITY[spaceState] > GRAVITY[groundState] ? spaceState : groundState,
    };
  });
}

function capitalised(id: string): string {
  return id.charAt(0).toUpperCase() + id.slice(1);
}

/**
 * The pass a viewer should look at: the one going on (a pass with a quantum window before one without), else the next
 * with a window, else the next.
 */
export function presentPass(passes: readonly PassState[], utcMs: number): PassState | null {
  const running = passes.filter((pass) => pass.aosMs <= utcMs && utcMs <= pass.losMs);
  const coming = passes.filter((pass) => pass.aosMs > utcMs).toSorted((a, b) => a.aosMs - b.aosMs);
  return (
    running.find((pass) => pass.window !== null) ??
    running[0] ??
    coming.find((pass) => pass.window !== null) ??
    coming[0] ??
    null
  );
}
