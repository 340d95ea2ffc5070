/** What a scenario says, in the words of `orbit`, `optics` and `photons`. */
import type { Channel, Climate, Link } from '@skykey/optics';
import type { Station, Target } from '@skykey/orbit';
import type { Receiver, Source } from '@skykey/photons';
import type {
  LiveDocument,
  ReceiverDocument,
  SatelliteDocument,
  ScenarioDocument,
  StationDocument,
  TransmitterDocument,
} from './schema.ts';

/** One satellite, or one of a constellation that was written as one entry (`<id>-<number>`). */
export interface SatelliteScenario {
  readonly id: string;
  readonly name: string;
  readonly target: Target;
  /** Made up from a few figures, not measured: its passes happen in no real sky. */
  readonly synthetic: boolean;
  readonly document: SatelliteDocument;
}

/** A ground station and its rules. */
export interface StationScenario {
  readonly id: string;
  readonly siteId: string | null;
  readonly station: Station;
  readonly window: { readonly maxRangeKm: number; readonly minElevationDeg: number; readonly sunBelowDeg: number };
  /** Null where the scenario says nothing about weather. */
  readonly climate: Climate | null;
  readonly document: StationDocument;
}

/** What the sending end emits. */
export type LinkSource =
  | ({ readonly kind: 'decoy' } & Source)
  | { readonly kind: 'pairs'; readonly pairRateHz: number; readonly visibility: number };

/** Everything between one satellite and one station. */
export interface LinkScenario {
  /** `<satellite>-<site>`, or `<satellite>-<station>` where the station has no site. */
  readonly id: string;
  readonly satellite: SatelliteScenario;
  readonly station: StationScenario;
  readonly direction: 'down' | 'up';
  readonly source: LinkSource;
  readonly receiver: Receiver;
  /** Of the receiver, wherever it is. */
  readonly detectorEfficiency: number;
  /** The optics of the link as `optics` takes them. */
  readonly optics: Link;
  /** The budget computed from `optics`. */
  readonly model: Channel;
  /** A loss curve measured on this link, null where there is none. */
  readonly measured: Channel | null;
  /** What is flown: the measured curve where there is one, else the model. */
  readonly channel: Channel;
  readonly transmitterDocument: TransmitterDocument;
  readonly receiverDocument: ReceiverDocument;
}

/** Everything between two satellites, one of which sends. */
export interface SpaceLink
  extends Pick<
    LinkScenario,
    'source' | 'receiver' | 'detectorEfficiency' | 'optics' | 'model' | 'transmitterDocument' | 'receiverDocument'
  > {
  /** `<sender>-<receiver>`. */
  readonly id: string;
  readonly direction: 'space';
  readonly from: SatelliteScenario;
  readonly to: SatelliteScenario;
}

export interface Scenario {
  readonly id: string;
  readonly title: string;
  readonly kind: ScenarioDocument['link'];
  readonly satellites: readonly SatelliteScenario[];
  readonly stations: readonly StationScenario[];
  /** Every satellite with every station, satellites first. */
  readonly links: readonly LinkScenario[];
  readonly weatherCorrelationKm: number;
  readonly document: ScenarioDocument;
}

/** A station of a mission: it belongs to a site and is linked to the one satellite. */
export interface MissionStation extends StationScenario {
  readonly siteId: string;
  readonly linkId: string;
  readonly link: LinkScenario;
  readonly receiver: Receiver;
  readonly detectorEfficiency: number;
  readonly channel: Channel;
}

/** A scenario that runs with all its processes: one satellite with a decoy source, stations below it, a site each. */
export interface Mission {
  readonly id: string;
  readonly title: string;
  readonly satellite: SatelliteScenario;
  readonly source: Source;
  readonly stations: readonly MissionStation[];
  readonly live: LiveDocument;
  readonly scenario: Scenario;
  readonly document: ScenarioDocument;
}
