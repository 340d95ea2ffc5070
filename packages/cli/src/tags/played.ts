/** A pass of a scenario as its stations' time taggers record it. */
import { createHash } from 'node:crypto';
import { lightTime } from '@skykey/orbit';
import {
  createEvents,
  createPairs,
  type EventBin,
  type FlightTime,
  type LinkTrace,
  type PairStation,
  RECKONED_COLUMNS,
  RECORDED_COLUMNS,
  type Receiver,
  type Source,
  type TagColumn,
  TagOrder,
  type TimedColumns,
  TRUTH_COLUMNS,
} from '@skykey/photons';
import {
  jointScenarioPasses,
  type LinkScenario,
  linkTrace,
  type Scenario,
  type ScenarioPass,
  scenarioPasses,
  type TraceOptions,
  type Window,
} from '@skykey/scenario';
import { SPANS_DAYS } from '../budget/subject.ts';
import { type Flight, flightTo } from '../distill/flight-time.ts';
import { CliError } from '../error.ts';
import { DAY_MS, instant, iso, startOf } from '../interval.ts';
import { narrowed, stationsOf } from '../selection.ts';
import { type EffectOptions, type Effects, effectsOf } from './effects.ts';

export interface PlayOptions extends EffectOptions {
  readonly station?: string;
  readonly from?: string;
  readonly seconds?: number;
  readonly seed: number;
  /** With what Alice sent and Bob reckons. */
  readonly settings?: boolean;
  /** What Alice sends goes into a file of its own, so that what Bob reckons must be in his. */
  readonly emissions?: string;
  /** Times on a clock of the receiver's own, and no slots. */
  readonly raw?: boolean;
}

export interface Played extends Pick<Effects, 'assumptions'> {
  readonly passId: string;
  readonly satellite: string;
  /** One recorder each. */
  readonly stations: readonly string[];
  readonly startUtc: string;
  readonly durationS: number;
  readonly columns: readonly TagColumn[];
  readonly truthColumns: readonly TagColumn[];
  /** What a file that keeps words says beside pass and seed. */
  readonly effects: Effects['metadata'];
  /** Rows by station, in order of time over all blocks; `onBin` is lent each bin of pulses before its rows come. */
  blocks(onBin?: (bin: EventBin) => void): Generator<{ readonly fraction: number; readonly stations: readonly Rows[] }>;
  /** The two ends of a link of pulses, and how many it sends; null for entangled pairs. */
  readonly light: (() => PlayedLight) | null;
}

export interface PlayedLight {
  readonly linkId: string;
  readonly source: Source;
  readonly receiver: Receiver;
  readonly pulses: number;
  /** For what is sent and never seen. */
  readonly seed: number;
  /** For the receiver's clock. */
  readonly clockSeed: number;
  /** When slot 0 is sent. */
  readonly startMs: number;
  /** Flight time by the instant of reception. */
  flight(receivedMs: number): Flight;
}

export interface Rows {
  readonly rows: TimedColumns;
  readonly truth: TimedColumns;
}

/** What Bob's own file has when Alice's is another: the slots as he reckons them, and nothing of hers. */
const SLOT_COLUMNS: readonly TagColumn[] = ['time_ps', 'detector', 'slot', 'offset_ps'];

/** Truth of entangled pairs: there is no photon number and no setting of Alice's. */
const PAIR_TRUTH: readonly TagColumn[] = ['time_ps', 'cause', 'pair', 'guess'];

/**
 * The first pass with light from a moment on, or the beginning of it; of entangled pairs, over two stations. Light time and
 * Doppler are in every tag: its zero is the moment at which the satellite (or, going up, the station) begins to send.
 * Throws CliError, and what the scenario and its orbit throw.
 */
export function played(whole: Scenario, options: PlayOptions): Played {
  const stations = stationsOf(whole, '--station', options.station);
  const pairs = whole.kind === 'entanglement';
  if (pairs && stations.length < 2) {
    throw new CliError('cli/station', `--station ${options.station}: pairs go to two stations; give both with a comma`);
  }
  if (pairs && options.settings) {
    throw new CliError('cli/option', '--settings: nobody sends settings with entangled pairs; leave it out');
  }
  const effects = effectsOf(options, pairs);
  const { seconds } = options;
  if (seconds !== undefined && !(seconds > 0)) {
    throw new CliError('cli/option', `--seconds ${seconds}: give a number above 0`);
  }
  const scenario = narrowed(whole, stations, whole.satellites);
  const fromMs = options.from === undefined ? startOf(whole) : instant('--from', options.from);
  const found = lit(scenario, fromMs, pairs);
  const endMs = Math.min(found.window.endMs, found.window.startMs + (seconds ?? Number.POSITIVE_INFINITY) * 1000);
  const window = { startMs: found.window.startMs, endMs };
  const seed = seedOf(`${options.seed} ${found.passId}`);
  const common = {
    passId: found.passId,
    satellite: found.arms[0]!.link.satellite.id,
    stations: found.arms.map(({ link }) => link.station.id),
    startUtc: iso(window.startMs),
    durationS: (window.endMs - window.startMs) / 1000,
    assumptions: effects.assumptions,
    effects: effects.metadata,
  };
  if (pairs) {
    const blocks = () => pairBlocks(found.arms, window, seed);
    return { ...common, columns: RECORDED_COLUMNS, truthColumns: PAIR_TRUTH, blocks, light: null };
  }
  const reckoned = options.emissions === undefined || options.raw ? RECORDED_COLUMNS : SLOT_COLUMNS;
  const columns = options.settings ? RECKONED_COLUMNS : reckoned;
  const arm = found.arms[0]!;
  const blocks: Played['blocks'] = (onBin) => {
    const light = effects.trace(seedOf(`${options.seed} ${found.passId} fading`));
    return pulseBlocks(arm, traceOf(arm, window, light), seed, columns.length, onBin);
  };
  const light = (): PlayedLight => {
    const source = sourceOf(arm);
    const { binS, channelTransmittance } = linkTrace(arm, { window });
    return {
      linkId: arm.link.id,
      source,
      receiver: arm.link.receiver,
      pulses: channelTransmittance.length * Math.round(binS * source.pulseRateHz),
      seed: seedOf(`${options.seed} ${found.passId} emissions`),
      clockSeed: seedOf(`${options.seed} ${found.passId} clock`),
      startMs: window.startMs,
      flight: (receivedMs) => {
        const { satellite, station, direction } = arm.link;
        return flightTo(satellite.target, station.station, direction, receivedMs);
      },
    };
  };
  return { ...common, columns, truthColumns: TRUTH_COLUMNS, blocks, light };
}

function seedOf(text: string): number {
  return createHash('sha256').update(text).digest().readUIntBE(0, 6);
}

function sourceOf({ link }: ScenarioPass): Source {
  if (link.source.kind !== 'decoy') throw new CliError('cli/pass', `${link.id} has no source of pulses`);
  return link.source;
}

function* pulseBlocks(
  pass: ScenarioPass,
  trace: LinkTrace,
  seed: number,
  columns: number,
  onBin: ((bin: EventBin) => void) | undefined,
): ReturnType<Played['blocks']> {
  const { receiver } = pass.link;
  const source = sourceOf(pass);
  const events = createEvents({ trace, source, receiver, seed });
  const order = new TagOrder();
  // Columns of the recording first, then those of the truth; `split` undoes it.
  const split = (all: TimedColumns): Rows => ({
    rows: all.slice(0, columns) as unknown as TimedColumns,
    truth: [all[0], ...all.slice(columns)],
  });
  while (events.remaining > 0) {
    const bin = events.next();
    onBin?.(bin);
    const { tags, slot, offsetPs, intensity, state, truth } = bin;
    const reckoned = [slot, offsetPs, intensity, state.map((one) => one >> 1), state.map((one) => one & 1)];
    const all: TimedColumns = [
      tags.timePs,
      tags.detector,
      ...reckoned.slice(0, columns - RECORDED_COLUMNS.length),
      truth.cause,
      truth.photons,
      truth.attacked,
      truth.guess,
    ];
    yield { fraction: 1 - events.remaining / events.bins, stations: [split(order.push(all))] };
  }
  const rest = order.end();
  if (rest) yield { fraction: 1, stations: [split(rest)] };
}

function* pairBlocks(arms: readonly ScenarioPass[], window: Window, seed: number): ReturnType<Played['blocks']> {
  const [one, other] = arms as [ScenarioPass, ScenarioPass];
  const { source } = one.link;
  if (source.kind !== 'pairs') throw new CliError('cli/pass', `${one.link.id} has no source of pairs`);
  const traces = [traceOf(one, window), traceOf(other, window)] as const;
  const pass = createPairs({
    source,
    stations: [pairStation(one.link, traces[0]), pairStation(other.link, traces[1])],
    binS: traces[0].binS,
    seed,
  });
  while (pass.remaining > 0) {
    const { stations } = pass.next();
    yield {
      fraction: 1 - pass.remaining / pass.bins,
      stations: stations.map(({ tags, truth }) => ({
        rows: [tags.timePs, tags.detector],
        truth: [tags.timePs, truth.cause, truth.pair, truth.guess],
      })),
    };
  }
}

function pairStation({ receiver }: LinkScenario, trace: LinkTrace): PairStation {
  const { basisXProbability, misalignment, deadTimeNs, jitterPs, gateNs } = receiver;
  return {
    transmittance: trace.channelTransmittance.map((one) => one * trace.receiverTransmittance),
    noiseHz: trace.noisePerGate.map((one) => one / (gateNs * 1e-9)),
    receiver: { basisXProbability, misalignment, deadTimeNs, jitterPs },
    ...(trace.flight ? { flight: trace.flight } : {}),
  };
}

function traceOf(pass: ScenarioPass, window: Window, light: TraceOptions = {}): LinkTrace {
  const trace = linkTrace(pass, { window, ...light });
  return { ...trace, flight: flightOf(pass.link, window.startMs, trace) };
}

/** A parabola through each bin, met at its ends by the next one. */
function flightOf({ satellite, station, direction }: LinkScenario, startMs: number, trace: LinkTrace): FlightTime {
  const bins = trace.channelTransmittance.length;
  const { binS } = trace;
  const delayPs = Float64Array.from({ length: 2 * bins + 1 }, (_, half) => {
    const { delayS, rate } = lightTime(
      satellite.target,
      station.station,
      startMs + (half / 2) * binS * 1000,
      direction,
    );
    // Going down, the delay is told for the moment of reception: that of light sent now is longer by what it grows meanwhile.
    return (direction === 'down' ? delayS / (1 - rate) : delayS) * 1e12;
  });
  const flight = {
    atStartPs: new Float64Array(bins),
    ratePsPerS: new Float64Array(bins),
    curvaturePsPerS2: new Float64Array(bins),
  };
  for (let bin = 0; bin < bins; bin++) {
    const [start, middle, end] = delayPs.subarray(2 * bin, 2 * bin + 3) as unknown as [number, number, number];
    flight.atStartPs[bin] = start;
    flight.ratePsPerS[bin] = (4 * middle - 3 * start - end) / binS;
    flight.curvaturePsPerS2[bin] = (4 * (start + end - 2 * middle)) / binS ** 2;
  }
  return flight;
}

interface Lit {
  readonly passId: string;
  readonly arms: readonly ScenarioPass[];
  readonly window: Window;
}

/** The first stretch with light from a moment on. */
function lit(scenario: Scenario, fromMs: number, pairs: boolean): Lit {
  for (const days of SPANS_DAYS) {
    const query = { fromMs, toMs: fromMs + days * DAY_MS };
    const found = pairs
      ? jointScenarioPasses(scenario, query)
      : scenarioPasses(scenario, query).map((pass) => ({ ...pass, arms: [pass] }));
    for (const { passId, arms, windows } of found) {
      const window = windows.find(({ startMs }) => startMs >= fromMs);
      if (window) return { passId, arms, window };
    }
  }
  const days = SPANS_DAYS.at(-1)!;
  throw new CliError(
    'cli/pass',
    `${scenario.id} has no pass with light for key in the ${days} days from ${iso(fromMs)}; give another --from`,
  );
}
