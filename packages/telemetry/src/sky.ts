/** Event `schedule`: what is known in advance; told at the beginning and when the next passes change. */
export interface ScheduleState {
  readonly scenario: string;
  readonly title: string;
  /** Sub-satellite track around now, [longitudeDeg, latitudeDeg], past to future, about one orbit. */
  readonly track: readonly (readonly [number, number])[];
  /** Coming and current passes in order of time, at least one for each station. */
  readonly passes: readonly PassState[];
  /** Where each quantity comes from: the whole list of a scenario's parameters. */
  readonly parameters: readonly ParameterState[];
}

/** Event `sky`, about four a second: the simulated physics at this moment. */
export interface MomentState {
  /** Mission time, ms since 1970 UTC. */
  readonly utcMs: number;
  readonly clock: ClockState;
  readonly satellite: {
    readonly id: string;
    readonly name: string;
    readonly latitudeDeg: number;
    readonly longitudeDeg: number;
    readonly heightKm: number;
    /** Null for a body by ephemeris, which has no elements that age. */
    readonly elementsEpochUtc: string | null;
  };
  /** Point on Earth with the Sun in the zenith. */
  readonly subsolar: { readonly latitudeDeg: number; readonly longitudeDeg: number };
  readonly stations: readonly StationState[];
  readonly taps: readonly TapState[];
}

/** Both together: everything in it is simulated and labelled so. */
export type SkyState = ScheduleState & MomentState;

export interface ClockState {
  /** `auto` slows down for passes and hurries between them; `fixed` is a speed somebody chose. */
  readonly mode: 'auto' | 'fixed';
  readonly paused: boolean;
  /** Present speed as a multiple of real time. */
  readonly speed: number;
  /** Why the clock stands still although nobody paused it, if so (elements too old …). */
  readonly stopped?: string;
}

export interface StationState {
  readonly id: string;
  readonly name: string;
  /** The site (city) it serves: `beijing`. */
  readonly siteId: string;
  readonly latitudeDeg: number;
  readonly longitudeDeg: number;
  readonly linkId: string;
  readonly elevationDeg: number;
  readonly azimuthDeg: number;
  readonly rangeKm: number;
  readonly sunElevationDeg: number;
  /** `idle` below the window, `quantum` while photons are exchanged. */
  readonly beam: 'idle' | 'quantum';
  /** Loss of the channel now, receiver's detectors not included; null when the channel says nothing at this range. */
  readonly lossDb: number | null;
  /** The loss term by term, as far as the channel has terms. */
  readonly lossTerms: readonly { readonly name: string; readonly lossDb: number; readonly source: string }[];
  /** Clicks a second of mission time over the last mission second; 0 outside a window. */
  readonly detectionRateHz: number;
}

export interface PassState {
  readonly passId: string;
  readonly stationId: string;
  readonly linkId: string;
  readonly aosMs: number;
  readonly tcaMs: number;
  readonly losMs: number;
  readonly maxElevationDeg: number;
  readonly minRangeKm: number;
  /** Quantum window inside the pass; null when the pass has none (too far, too light). */
  readonly window: { readonly startMs: number; readonly endMs: number } | null;
  /** Elevation (deg) and azimuth (deg) along the pass, for a polar plot. */
  readonly path: readonly {
    readonly utcMs: number;
    readonly azimuthDeg: number;
    readonly elevationDeg: number;
    readonly rangeKm: number;
  }[];
}

/** The adversary's switch, part of the simulated sky. */
export interface TapState {
  readonly linkId: string;
  readonly on: boolean;
  /** Share of pulses intercepted and resent, 0..1. */
  readonly fraction: number;
}

export interface ParameterState {
  readonly path: string;
  readonly value: string;
  readonly basis: 'published' | 'assumed';
  readonly source: string;
}
