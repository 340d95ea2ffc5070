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
const words = z.string('a text').min(1, 'a text that is not empty');
const identifier = z
  .string('a text')
  .regex(/^[a-z][a-z0-9-]{0,31}$/, 'a small letter, then small letters, digits and hyphens, 32 characters at most');
const instant = z.iso.datetime({ offset: false, error: 'a moment in UTC such as "2016-12-19T16:48:40Z"' });
const perIntensity = z.tuple([notNegative, notNegative, notNegative], 'three numbers: signal, decoy, weakest');
const suites = z.enum(['one-time-pad', 'aes-256-gcm']);

const receiver = z.strictObject({
  basisXProbability: parameter(share),
  misalignment: parameter(share),
  deadTimeNs: parameter(notNegative),
  jitterPs: parameter(notNegative),
  gateNs: parameter(positive),
  detectorEfficiency: parameter(share),
  darkRateHz: parameter(notNegative),
  fieldOfViewMicroRad: parameter(positive),
  filterWidthNm: parameter(positive),
  diameterM: parameter(positive),
  obscurationDiameterM: parameter(notNegative),
  opticsTransmittance: parameter(share),
});

const channel = z.discriminatedUnion('kind', [
  z.strictObject({
    kind: z.literal('curve'),
    /** CSV `distance,loss` beside the scenario; the loss includes everything but the detectors. */
    file: parameter(z.string('a text').regex(/^[A-Za-z0-9._-]+\.csv$/, 'the name of a .csv file beside the scenario')),
    /** What holds nearer than the first range of the curve. */
    nearer: parameter(z.enum(['refuse', 'inverse-square'])),
  }),
  z.strictObject({
    kind: z.literal('model'),
    beam: parameter(z.enum(['top-hat', 'gaussian'])),
  }),
]);

const station = z.strictObject({
  id: identifier,
  name: words,
  siteId: identifier,
  latitudeDeg: parameter(within(-90, 90)),
  longitudeDeg: parameter(within(-180, 180)),
  altitudeM: parameter(within(-500, 9000)),
  receiver,
  channel,
  window: z.strictObject({
    maxRangeKm: parameter(positive),
    minElevationDeg: parameter(within(0, 89)),
    /** The Sun must stand below this elevation at the station. */
    sunBelowDeg: parameter(within(-90, 90)),
  }),
});

/** The file format `skykey-scenario/1`. */
export const scenarioDocument = z.strictObject({
  format: z.literal('skykey-scenario/1'),
  id: identifier,
  title: words,
  description: words,
  satellite: z.strictObject({
    id: identifier,
    name: words,
    elements: parameter(z.tuple([z.string('a text'), z.string('a text')], 'the two lines of an element set')),
    source: z.strictObject({
      pulseRateHz: parameter(positive),
      meanPhotons: parameter(perIntensity),
      probabilities: parameter(perIntensity),
      basisXProbability: parameter(share),
      wavelengthNm: parameter(positive),
      divergenceMicroRad: parameter(positive),
      pointingJitterMicroRad: parameter(notNegative),
      transmitterLossDb: parameter(notNegative),
    }),
  }),
  stations: z.array(station).min(1, 'a list of one station at least'),
  sites: z
    .array(
      z.strictObject({
        id: identifier,
        name: words,
        stationId: identifier,
        /** What the site's desk seals with, and what it accepts. */
        suite: suites,
        accepts: z.array(suites).min(1, 'a list of one suite at least'),
      }),
    )
    .min(1, 'a list of one site at least'),
  protocol: z.strictObject({
    epsSec: parameter(probability),
    epsCor: parameter(probability),
    bound: parameter(z.enum(['hoeffding', 'chernoff'])),
    monitorProbability: parameter(share),
    expectedQber: parameter(share),
    qberDrift: parameter(share),
    softFalseAlarm: parameter(probability),
    hardQber: parameter(share),
    hardFalseAlarm: parameter(probability),
    courieredBytes: parameter(wholeNumber(1024, 1_048_576)),
  }),
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

export type ScenarioDocument = z.infer<typeof scenarioDocument>;
export type StationDocument = z.infer<typeof station>;
