import { z } from 'zod';

/** Where a value comes from. `published` names a source one can look up; `assumed` says why this value was taken. */
export interface Parameter<T> {
  readonly value: T;
  readonly basis: 'published' | 'assumed';
  readonly source: string;
}

/** Every message of this file says what would be right; `readDocument` puts it behind "it must be". */
const parameter = <T extends z.ZodType>(value: T) =>
  z.strictObject(
    {
      value,
      basis: z.enum(['published', 'assumed']),
      source: z.string('a text').min(3, 'a text that says where the value comes from'),
    },
    'an object of value, basis ("published" or "assumed") and source',
  );

const within = (low: number, high: number) => {
  const rule = `a number from ${low} to ${high}`;
  return z.number(rule).min(low, rule).max(high, rule);
};
const wholeNumber = (low: number, high: number) => {
  const rule = `a whole number from ${low} to ${high}`;
  return z.number(rule).int(rule).min(low, rule).max(high, rule);
};
const positive = z.number('a number above 0').positive('a number above 0');
const notNegative = z.number('a number of 0 or more').min(0, 'a number of 0 or more');
const share = within(0, 1);
const probability = z
  .number('a number above 0 and below 1')
  .positive('a number above 0 and below 1')
  .lt(1, 'a number above 0 and below 1');
/** What a session's verification tag of 128 bits gives over the longest key (`packages/distill`): 2^-109. */
const LEAST_CORRECTNESS = 2 ** -109;
const correctness = probability.min(
  LEAST_CORRECTNESS,
  `a number from ${LEAST_CORRECTNESS.toPrecision(3)} on, which is what a verification tag of 128 bits gives`,
);
const words = z.string('a text').min(1, 'a text that is not empty');
const identifier = z
  .string('a text')
  .regex(/^[a-z][a-z0-9-]{0,31}$/, 'a small letter, then small letters, digits and hyphens, 32 characters at most');
const instant = z.iso.datetime({ offset: false, error: 'a moment in UTC such as "2016-12-19T16:48:40Z"' });
const perIntensity = z.tuple([notNegative, notNegative, notNegative], 'three numbers: signal, decoy, weakest');

/** Proofs for a source of three intensities. `finitekey` is out of reach from here; a test of `planner` holds one to the other. */
export const DECOY_PROOFS = [
  'tilted',
  'tilted-one-way',
  'clopper-pearson',
  'lim2014-hoeffding',
  'lim2014-chernoff',
] as const;

const perMonth = z
  .array(share.nullable(), 'a list of twelve numbers from 0 to 1, null for a month without data')
  .length(12, 'a list of twelve numbers from 0 to 1, null for a month without data');

/**
 * Where the satellite is. Elements somebody measured; or elements made up from a few figures, at an epoch, and propagated
 * by SGP4 like measured ones (`walker` makes a whole constellation of one entry); or a place at the Moon by ephemeris.
 */
const orbit = z.discriminatedUnion('kind', [
  z.strictObject({
    kind: z.literal('elements'),
    lines: parameter(z.tuple([z.string('a text'), z.string('a text')], 'the two lines of an element set')),
  }),
  z.strictObject({
    kind: z.literal('keplerian'),
    epochUtc: parameter(instant),
    semiMajorAxisKm: parameter(positive),
    eccentricity: parameter(share),
    inclinationDeg: parameter(within(0, 180)),
    ascendingNodeDeg: parameter(within(0, 360)),
    argumentOfPerigeeDeg: parameter(within(0, 360)),
    meanAnomalyDeg: parameter(within(0, 360)),
  }),
  z.strictObject({
    kind: z.literal('sun-synchronous'),
    epochUtc: parameter(instant),
    altitudeKm: parameter(positive),
    /** Local mean solar time at the descending node, hours. */
    descendingNodeH: parameter(within(0, 24)),
    /** Angle from the ascending node along the orbit at the epoch. */
    argumentOfLatitudeDeg: parameter(within(0, 360)),
  }),
  z.strictObject({
    kind: z.literal('walker'),
    pattern: parameter(z.enum(['delta', 'star'])),
    epochUtc: parameter(instant),
    altitudeKm: parameter(positive),
    inclinationDeg: parameter(within(0, 180)),
    satellites: parameter(wholeNumber(1, 10_000)),
    planes: parameter(wholeNumber(1, 1000)),
    /** F of Walker's i:T/P/F. */
    phasing: parameter(wholeNumber(0, 999)),
    ascendingNodeDeg: parameter(within(0, 360)),
  }),
  z.strictObject({
    kind: z.literal('geostationary'),
    epochUtc: parameter(instant),
    longitudeDeg: parameter(within(-180, 180)),
  }),
  z.strictObject({
    kind: z.literal('lunar-orbit'),
    epochUtc: parameter(instant),
    semiMajorAxisKm: parameter(positive),
    eccentricity: parameter(share),
    /** Against the equator of the Moon. */
    inclinationDeg: parameter(within(0, 180)),
    ascendingNodeDeg: parameter(within(0, 360)),
    argumentOfPeriapsisDeg: parameter(within(0, 360)),
    meanAnomalyDeg: parameter(within(0, 360)),
  }),
  z.strictObject({
    kind: z.literal('lunar-surface'),
    latitudeDeg: parameter(within(-90, 90)),
    longitudeDeg: parameter(within(-180, 180)),
    heightM: parameter(within(-10_000, 11_000)),
  }),
]);

const beam = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('top-hat'), divergenceMicroRad: parameter(positive) }),
  z.strictObject({ kind: z.literal('gaussian'), divergenceMicroRad: parameter(positive) }),
  z.strictObject({
    kind: z.literal('aperture'),
    diameterM: parameter(positive),
    waistRadiusM: parameter(positive),
    obscurationDiameterM: parameter(notNegative),
  }),
]);

const source = z.discriminatedUnion('kind', [
  /** Phase-randomised weak pulses in three intensities. */
  z.strictObject({
    kind: z.literal('decoy'),
    pulseRateHz: parameter(positive),
    meanPhotons: parameter(perIntensity),
    probabilities: parameter(perIntensity),
    basisXProbability: parameter(share),
  }),
  /** Polarisation-entangled pairs, one photon to each of two stations. */
  z.strictObject({
    kind: z.literal('pairs'),
    pairRateHz: parameter(positive),
    visibility: parameter(share),
  }),
]);

const transmitter = z.strictObject({
  source,
  wavelengthNm: parameter(positive),
  beam,
  pointingJitterMicroRad: parameter(notNegative),
  pointingBiasMicroRad: parameter(notNegative),
  lossDb: parameter(notNegative),
});

const coupling = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('field-of-view') }),
  z.strictObject({ kind: z.literal('single-mode-fibre'), correctedModes: parameter(wholeNumber(1, 1000)) }),
]);

const receiver = z.strictObject({
  basisXProbability: parameter(share),
  misalignment: parameter(share),
  deadTimeNs: parameter(notNegative),
  jitterPs: parameter(notNegative),
  /** Of a receiver of pairs: the coincidence window. */
  gateNs: parameter(positive),
  detectorEfficiency: parameter(share),
  darkRateHz: parameter(notNegative),
  fieldOfViewMicroRad: parameter(positive),
  filterWidthNm: parameter(positive),
  diameterM: parameter(positive),
  obscurationDiameterM: parameter(notNegative),
  opticsTransmittance: parameter(share),
  pointingJitterMicroRad: parameter(notNegative),
  pointingBiasMicroRad: parameter(notNegative),
  coupling,
});

const air = z.strictObject({
  extinction: z.discriminatedUnion('kind', [
    z.strictObject({ kind: z.literal('modtran') }),
    z.strictObject({ kind: z.literal('zenith'), transmittance: parameter(share) }),
    z.strictObject({
      kind: z.literal('visibility'),
      visibilityKm: parameter(positive),
      law: parameter(z.enum(['kim', 'kruse'])),
      hazeScaleHeightKm: parameter(positive),
    }),
  ]),
  /** Left out where a published term already contains turbulence. */
  turbulence: z
    .strictObject({
      windMS: parameter(notNegative),
      groundCn2: parameter(notNegative),
      groundWindMS: parameter(notNegative),
    })
    .optional(),
});

/** What night is like at the station besides Sun and Moon. */
const sky = z.strictObject({
  /** Artificial zenith brightness in V, mcd/m^2 (Falchi et al., Science Advances 2:e1600377, 2016); the natural sky has 0.174. */
  artificialBrightnessMcdM2: parameter(notNegative),
});

/** What a satellite sees around the station: the background of an uplink, which needs it. */
const ground = z.strictObject({
  /** Share of sunlight and moonlight that goes up again, evenly in all directions. */
  albedo: parameter(share),
  /** Lights as the day/night band of VIIRS maps them, nW cm^-2 sr^-1. */
  cityRadianceNwCm2Sr: parameter(notNegative),
});

/** How often the sky is clear, by month from January, and how long and wide weather holds. */
const weather = z.strictObject({
  clearFraction: parameter(perMonth),
  correlationH: parameter(positive),
});

/** A loss against range that was measured on a pass: flown instead of the model, and shown beside it. */
const measured = z.strictObject({
  /** CSV `distance,loss` beside the scenario; the loss includes everything but the detectors. */
  file: parameter(z.string('a text').regex(/^[A-Za-z0-9._-]+\.csv$/, 'the name of a .csv file beside the scenario')),
  /** What holds nearer than the first range of the curve. */
  nearer: parameter(z.enum(['refuse', 'inverse-square'])),
});

const satellite = z.strictObject({
  id: identifier,
  name: words,
  orbit,
  /** Has it on a downlink, with pairs, and to send to another satellite. */
  transmitter: transmitter.optional(),
  /** Has it on an uplink, and to receive from another satellite. */
  receiver: receiver.optional(),
});

const station = z.strictObject({
  id: identifier,
  name: words,
  /** The site whose keys the station's photons become, where the scenario has sites. */
  siteId: identifier.optional(),
  latitudeDeg: parameter(within(-90, 90)),
  longitudeDeg: parameter(within(-180, 180)),
  altitudeM: parameter(within(-500, 9000)),
  transmitter: transmitter.optional(),
  receiver: receiver.optional(),
  air,
  sky,
  ground: ground.optional(),
  measured: measured.optional(),
  window: z.strictObject({
    maxRangeKm: parameter(positive),
    minElevationDeg: parameter(within(0, 89)),
    /**
     * The Sun must stand below this elevation at the station. By day the sky is what limits a link, and sky is sunlight:
     * on a Fraunhofer line, where the Sun itself is dark, there is less of it. A filter of 0.1 nm at 854.214 nm (Ca II)
     * lets in 0.23 of the sky beside the line, one of 1 nm 0.70; at 656.281 nm (H alpha) it is 0.19 and 0.67
     * (`fraunhoferDepth` of optics).
     */
    sunBelowDeg: parameter(within(-90, 90)),
    /**
     * The satellite must stand at least this far from the centre of the Sun, whether that is up or not; what a telescope
     * bears, and more than the Sun's disc. Must be there where `sunBelowDeg` allows light while the disc is up.
     */
    sunAvoidanceDeg: parameter(within(0.3, 180)).optional(),
  }),
  /** Without it nothing can be planned, only computed for a clear sky. */
  weather: weather.optional(),
});

/** Everything two sites need to run the scenario with all its processes. */
const live = z.strictObject({
  sites: z
    .array(
      z.strictObject({
        id: identifier,
        name: words,
        stationId: identifier,
      }),
    )
    .min(1, 'a list of one site at least'),
  monitorProbability: parameter(share),
  expectedQber: parameter(share),
  qberDrift: parameter(share),
  softFalseAlarm: parameter(probability),
  hardQber: parameter(share),
  hardFalseAlarm: parameter(probability),
  courieredBytes: parameter(wholeNumber(1024, 1_048_576)),
  clock: z.strictObject({
    startUtc: instant,
    /** The mission clock stops here: the elements are too old to go on. */
    endUtc: instant,
    /** Automatic speed while a pass is above the horizon, multiples of real time. */
    passSpeed: positive,
    /** Automatic speed between passes until `hurryUntilUtc`, and after it. */
    gapSpeed: positive,
    hurryUntilUtc: instant,
    laterGapSpeed: positive,
  }),
});

/** The file format `skykey-scenario/2`. */
export const scenarioDocument = z.strictObject({
  format: z.literal('skykey-scenario/2'),
  id: identifier,
  title: words,
  description: words,
  /** Who sends: the satellite to one station, a station to the satellite, or the satellite to two stations at once. */
  link: z.enum(['downlink', 'uplink', 'entanglement']),
  satellites: z.array(satellite).min(1, 'a list of one satellite at least'),
  stations: z.array(station).min(1, 'a list of one station at least'),
  /** Distance at which the weather of two stations is still correlated by 1/e, km. */
  weatherCorrelationKm: parameter(positive),
  /** Under which rules counts become key. */
  protocol: z.strictObject({
    epsSec: parameter(probability),
    epsCor: parameter(correctness),
    /** Of keys from decoy pulses, by its name in `@skykey/finitekey`; pairs have one of their own. */
    proof: parameter(z.enum(DECOY_PROOFS)),
    /** How a live session corrects errors; `auto`: as round-trip time and error rate ask for. */
    method: parameter(z.enum(['auto', 'cascade', 'ldpc'])),
    /** Bits disclosed over the Shannon limit when a plan reckons with errors to correct; a live session measures it. */
    reconciliationEfficiency: parameter(within(1, 3)),
  }),
  live: live.optional(),
});

export type ScenarioDocument = z.infer<typeof scenarioDocument>;
export type SatelliteDocument = z.infer<typeof satellite>;
export type StationDocument = z.infer<typeof station>;
export type OrbitDocument = z.infer<typeof orbit>;
export type TransmitterDocument = z.infer<typeof transmitter>;
export type ReceiverDocument = z.infer<typeof receiver>;
export type LiveDocument = z.infer<typeof live>;
export type MeasuredDocument = z.infer<typeof measured>;
