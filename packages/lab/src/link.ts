/** The honest link of the studies: a pass of a scenario, with every change to it named. */
import type { AlarmLink } from '@skykey/alarm';
import { rangeWindows } from '@skykey/orbit';
import type { LinkTrace, Receiver, Source } from '@skykey/photons';
import { linkTrace, type Scenario, type ScenarioPass, scenarioPasses } from '@skykey/scenario';
import { declaredRows } from './declaration.ts';
import { demand, LabError } from './error.ts';
import { type Assumed, assumedFlaws, type Devices, otherFlaws, receiverFlaws, sourceFlawsOf } from './flaws.ts';
import { type KeyRules, sideChannelBound } from './key.ts';

export interface LinkRequest {
  readonly scenario: Scenario;
  /** The first pass with light for key from here on is taken. */
  readonly fromMs: number;
  /** The first station of the scenario when left out. */
  readonly stationId?: string;
  /**
   * About how many detections a clear pass is to have: the clock of the source is slowed down to it, which leaves loss,
   * background and error rate as they are. Left out: at full clock.
   */
  readonly detections?: number;
  /** Length of the part of the pass that is played, s, from its beginning; all of it when left out. For tests. */
  readonly seconds?: number;
  /** Left out: the usual ones. */
  readonly devices?: Devices;
}

/** A link that passes are played on. */
export interface LabLink {
  readonly passId: string;
  readonly trace: LinkTrace;
  readonly source: Source;
  readonly receiver: Receiver;
  /** What the alarm is told of it: the twin's prediction for a clear sky. */
  readonly alarm: AlarmLink;
  /** Of the noise of each detector, 1/s: dark counts, and what a moonless sky adds, by bin. */
  readonly darkHz: number;
  readonly skyHz: Float64Array;
  /** How counts become key, by the scenario. */
  readonly rules: KeyRules;
  /** Detections expected of a clear pass, dead time aside. */
  readonly detections: number;
  /** Everything in it that is not of the scenario. */
  readonly assumed: readonly Assumed[];
}

const DAY_MS = 86_400_000;
const BIN_MS = 500;
const DETECTORS = 4;
/** Changes to the scenario, with their reasons in `assumedOf`. */
const PULSE_RATE_HZ = 1e9;
const MAX_RANGE_KM = 1000;
const JITTER_PS = 100;
const GATE_NS = 0.8;

/** Throws LabError `lab/pass` where the scenario has no such pass, `lab/parameter` on figures out of range. */
export function labLink(request: LinkRequest): LabLink {
  const { scenario, detections, seconds, devices } = request;
  const pass = firstPass(request);
  const { link } = pass;
  const { source: declared, receiver: nominal, receiverDocument, optics } = link;
  if (declared.kind !== 'decoy' || declared.intensities.length !== 3) {
    throw new LabError(
      'lab/pass',
      `the scenario ${scenario.id} has no source with two decoys; the studies are for those (micius-2016-12-19)`,
    );
  }
  const window = nearWindow(pass);
  if (seconds !== undefined) demand('seconds', seconds, 1, (window.endMs - window.startMs) / 1000);
  const endMs = seconds === undefined ? window.endMs : window.startMs + Math.round((1000 * seconds) / BIN_MS) * BIN_MS;
  const flown = linkTrace(pass, { window: { ...window, endMs }, binS: BIN_MS / 1000 });
  const { kind: _, ...emission } = declared;
  const receiver: Receiver = {
    ...nominal,
    jitterPs: JITTER_PS,
    gateNs: GATE_NS,
    flaws: receiverFlaws(optics.wavelengthNm, devices),
  };
  const atFullClock = { ...emission, pulseRateHz: PULSE_RATE_HZ, flaws: sourceFlawsOf(devices) };
  const clear = expectedDetections(flown, atFullClock);
  if (detections !== undefined) demand('detections', detections, 1000, Math.floor(clear));
  // A bin holds a whole number of pulses.
  const pulsesPerBin = Math.round((PULSE_RATE_HZ * flown.binS * (detections ?? clear)) / clear);
  const source: Source = { ...atFullClock, pulseRateHz: pulsesPerBin / flown.binS };
  const noiseHz = flown.noisePerGate.map((noise) => noise / (nominal.gateNs * 1e-9));
  const darkHz = receiverDocument.darkRateHz.value;
  const rules = rulesOf(scenario);
  const trace: LinkTrace = {
    ...flown,
    noisePerGate: noiseHz.map((rate) => rate * GATE_NS * 1e-9),
  };
  return {
    passId: pass.passId,
    trace,
    source,
    receiver,
    alarm: {
      source,
      receiver,
      binS: trace.binS,
      bins: trace.channelTransmittance.length,
      channelTransmittance: trace.channelTransmittance,
      receiverTransmittance: trace.receiverTransmittance,
      noiseHz: new Float64Array(DETECTORS).fill(noiseHz.reduce((sum, rate) => sum + rate, 0) / noiseHz.length),
    },
    darkHz,
    skyHz: noiseHz.map((rate) => Math.max(0, rate - darkHz)),
    rules,
    detections: expectedDetections(flown, source),
    assumed: [
      ...changesOf(declared, nominal, source),
      keyRow(rules),
      ...assumedFlaws,
      ...(devices ? otherFlaws(devices) : []),
      ...declaredRows({ source, receiver }),
    ],
  };
}

function rulesOf({ document: { protocol } }: Scenario): KeyRules {
  return {
    epsSec: protocol.epsSec.value,
    epsCor: protocol.epsCor.value,
    proof: protocol.proof.value,
    reconciliationEfficiency: protocol.reconciliationEfficiency.value,
  };
}

function keyRow(rules: KeyRules): Assumed {
  const bound = sideChannelBound(rules) === 'chernoff' ? 'Chernoff' : 'Hoeffding';
  return {
    what: 'key length',
    value: `the lesser of ${rules.proof} and of Lim et al. 2014 (${bound}) with side channels paid for; error correction at ${rules.reconciliationEfficiency} times the Shannon limit`,
    why: 'the first is what a session releases, and knows of no side channel; how they are paid for is derived for the second alone',
  };
}

function firstPass({ scenario, fromMs, stationId }: LinkRequest): ScenarioPass {
  const station = stationId ?? scenario.stations[0]!.id;
  const toMs = fromMs + 3 * DAY_MS;
  const found = scenarioPasses(scenario, { fromMs, toMs, stationId: station }).find(({ window }) => window !== null);
  if (found) return found;
  throw new LabError(
    'lab/pass',
    `${scenario.id} has no pass with light for key over ${station} in the three days from ${new Date(fromMs).toISOString()}`,
  );
}

/** What of the first window is near enough, in whole bins. */
function nearWindow({ pass, link, window, passId }: ScenarioPass): {
  readonly startMs: number;
  readonly endMs: number;
} {
  const { satellite, station } = link;
  const near = rangeWindows(satellite.target, station.station, pass, MAX_RANGE_KM)
    .map((part) => {
      const startMs = Math.max(part.startMs, window!.startMs);
      const bins = Math.floor((Math.min(part.endMs, window!.endMs) - startMs) / BIN_MS);
      return { startMs, endMs: startMs + bins * BIN_MS };
    })
    .find(({ startMs, endMs }) => endMs > startMs);
  if (near) return near;
  throw new LabError(
    'lab/pass',
    `the pass ${passId} never comes within ${MAX_RANGE_KM} km; the studies need one that does`,
  );
}

/** Photo-electrons of Alice's light over the pass, to first order in the transmittance. */
function expectedDetections({ binS, channelTransmittance, receiverTransmittance }: LinkTrace, source: Source): number {
  const meanPhotons = source.intensities.reduce((sum, { meanPhotons: mu, probability }) => sum + mu * probability, 0);
  const light = channelTransmittance.reduce((sum, value) => sum + value, 0);
  return binS * source.pulseRateHz * meanPhotons * light * receiverTransmittance;
}

function changesOf(declared: Source, receiver: Receiver, source: Source): Assumed[] {
  return [
    {
      what: 'pulse rate',
      value: `${Number((source.pulseRateHz / 1e6).toPrecision(4))} MHz in place of ${declared.pulseRateHz / 1e6}`,
      why:
        source.pulseRateHz === PULSE_RATE_HZ
          ? 'what transmitters of today are built for; the loss stays that of the published pass'
          : 'the number of detections asked for; loss and background a gate stay what they are',
    },
    {
      what: 'range',
      value: `below ${MAX_RANGE_KM} km`,
      why: 'the part of the pass that makes nearly all of the key',
    },
    {
      what: 'jitter of a click',
      value: `${JITTER_PS} ps in place of ${receiver.jitterPs} (standard deviation)`,
      why: 'a slot is 1 ns long: slower detectors could not tell one from the next',
    },
    {
      what: 'gate',
      value: `${GATE_NS} ns in place of ${receiver.gateNs}`,
      why: 'four standard deviations of the jitter on either side, inside the slot',
    },
  ];
}
