/** One pass: weather, perhaps somebody on the line, photons, the alarm beside them, and the key that would be granted. */
import { type Baseline, createBank } from '@skykey/alarm';
import type { SideChannels } from '@skykey/finitekey';
import {
  type Attack,
  countEvents,
  counts,
  type Disturbance,
  events,
  MONITORS,
  type MonitorName,
  type Monitors,
  type Observation,
  type ObservedBin,
  type PassInput,
  seededRandom,
  usualMonitors,
} from '@skykey/photons';
import { type Assumption, assumptionOf, refusedBy, standing, withBackers } from './assumptions.ts';
import { declarationOf } from './declaration.ts';
import { KeyCounts, type KeyGranted } from './key.ts';
import type { LabLink } from './link.ts';
import { latencyOf, type PassOutcome } from './outcome.ts';
import { passSeed } from './random.ts';
import { weatherOf } from './weather.ts';

/** `count`: whole bins are drawn; `event`: every click, which some attacks need (`Attack.level`). Statistics are the same. */
export type Level = 'count' | 'event';

export interface Play {
  readonly link: LabLink;
  readonly attack: Attack;
  /** Of no meaning to an attack of kind `none`. */
  readonly strength: number;
  readonly seed: number;
  /** Number of the pass in its series. */
  readonly pass: number;
  readonly baseline: Baseline;
  readonly level: Level;
  /** Monitors that are not fitted. */
  readonly without: readonly MonitorName[];
  /**
   * `off`: of all assumptions that stand for every pass, the one that the attack's secrecy rests on is taken away, with its
   * monitor, its test and its term in the key length, and so are those that back it.
   */
  readonly assumptions: 'on' | 'off';
  /** `drawn`: the attack begins somewhere in the first half of the pass; `start`: it is there from the beginning. */
  readonly onset: 'drawn' | 'start';
}

/** Plays one pass and reckons what the alarm and the bound make of it. */
export function playPass(play: Play): PassOutcome {
  const { link, attack, pass, baseline } = play;
  const honest = honestInput(link, { seed: play.seed, series: attack.name, pass });
  const onsetS = attack.kind === 'none' ? null : onsetOf(play, honest.clear);
  const bank = createBank(link.alarm, baseline);
  const key = new KeyCounts(link.source, link.receiver);
  const taken = takenAway(play);
  const assumed = standing(taken);
  const hardS: number[] = [];
  let refused: string | null = null;
  const truth = { sifted: 0, knownBits: 0, detections: 0 };
  for (const { observation, ledger } of observed(play, inputOf(play, honest.input, onsetS))) {
    for (const finding of bank.observe(observation)) {
      if (finding.severity === 'hard') hardS.push(finding.atS);
      const by = refusedBy(assumed, finding);
      if (by) refused ??= `${by.name}: ${finding.message}`;
    }
    key.add(observation);
    truth.sifted += ledger.sifted;
    truth.knownBits += ledger.knownBits;
    truth.detections += sum(observation.single);
  }
  const conclusion = bank.conclude();
  const granted = release(play, taken, refused, key);
  return {
    pass,
    verdict: conclusion.verdict,
    hard: conclusion.hard,
    soft: conclusion.soft,
    score: conclusion.score,
    onsetS,
    latencyS: latencyOf(hardS, onsetS),
    detections: truth.detections,
    sifted: truth.sifted,
    knownBits: truth.knownBits,
    secretBits: granted.secretBits,
    leakageExcessBits: granted.secretBits > 0 ? truth.knownBits - (truth.sifted - granted.provenBits) : 0,
    refused: granted.refused,
    evidence: conclusion.evidence[0]?.message ?? null,
  };
}

/** Observations of a clean pass, to learn a baseline from; with the `defect` that a device of the link has. */
export function cleanPass(link: LabLink, seed: number, pass: number, defect?: Disturbance): Observation[] {
  const { input } = honestInput(link, { seed, series: 'training', pass });
  const disturbances = defect ? [...input.disturbances, defect] : input.disturbances;
  return Array.from(counts({ ...input, disturbances }), ({ observation }) => observation);
}

type HonestInput = PassInput & { readonly disturbances: readonly Disturbance[] };

function honestInput(
  link: LabLink,
  { seed, series, pass }: { readonly seed: number; readonly series: string; readonly pass: number },
): { readonly input: HonestInput; readonly clear: Float64Array } {
  const { trace, source, receiver } = link;
  const { disturbances, clear } = weatherOf(link, passSeed(seed, series, pass, 'weather'));
  return { input: { trace, source, receiver, seed: passSeed(seed, series, pass, 'photons'), disturbances }, clear };
}

function inputOf(play: Play, honest: HonestInput, onsetS: number | null): PassInput {
  const { link, attack, strength } = play;
  const monitors = fitted(notFitted(play));
  if (onsetS === null) return { ...honest, monitors };
  const time = { fromS: onsetS, toS: durationS(link) };
  const adversary = attack.create(strength, time);
  const disturbances = [...honest.disturbances, adversary];
  // Whatever else she does, she may as well keep the light that is lost: nobody sees it, and it is hers in the bound.
  return { ...honest, monitors, disturbances, ...(attack.kind === 'attack' ? { collects: time } : {}) };
}

function* observed({ level, link, seed, attack, pass }: Play, input: PassInput): Generator<ObservedBin> {
  if (level === 'count') {
    yield* counts(input);
    return;
  }
  const random = seededRandom(passSeed(seed, attack.name, pass, 'settlement'));
  for (const bin of events(input)) yield countEvents(bin, link, random);
}

const durationS = ({ trace }: LabLink): number => trace.channelTransmittance.length * trace.binS;

/** Where less of the light than this comes through, there is nothing to attack yet. */
export const LEAST_CLEAR = 0.1;
/** Bins of a link before anybody comes: what is told from a step needs the time before it. */
const BEFORE = 16;

/** Bins in which an attack with a drawn onset may begin. */
function drawnBins({ trace }: LabLink): { readonly first: number; readonly end: number } {
  const end = Math.ceil(trace.channelTransmittance.length / 2);
  return { first: Math.min(BEFORE, end - 1), end };
}

/** The same as time, s of the pass. */
export function drawnOnset(link: LabLink): { readonly fromS: number; readonly toS: number } {
  const { first, end } = drawnBins(link);
  return { fromS: first * link.trace.binS, toS: end * link.trace.binS };
}

/**
 * Somewhere in the first half of the pass but its first eight seconds, so that there is a link before the attack, and time
 * to see it; not in a bin that a cloud has closed, unless all are.
 */
function onsetOf({ link, attack, seed, pass, onset }: Play, clear: Float64Array): number {
  if (onset === 'start') return 0;
  const random = seededRandom(passSeed(seed, attack.name, pass, 'onset'));
  const { first, end } = drawnBins(link);
  const half = Array.from({ length: end - first }, (_, i) => first + i);
  const open = half.filter((bin) => clear[bin]! >= LEAST_CLEAR);
  const bins = open.length > 0 ? open : half;
  const at = bins.length * random.uniform();
  return (bins[Math.floor(at)]! + (at % 1)) * link.trace.binS;
}

/** The assumptions that a pass is played without. */
function takenAway({ attack, assumptions }: Pick<Play, 'attack' | 'assumptions'>): readonly Assumption[] {
  const rests = assumptions === 'off' ? assumptionOf(attack) : null;
  return rests ? withBackers(rests) : [];
}

/** Monitors that the pass does without. */
export function notFitted(play: Pick<Play, 'attack' | 'assumptions' | 'without'>): readonly MonitorName[] {
  const monitors = takenAway(play).flatMap(({ monitor }) => monitor ?? []);
  return [...new Set([...play.without, ...monitors])];
}

function fitted(without: readonly MonitorName[]): Monitors {
  return Object.fromEntries(
    MONITORS.map((name) => [
      name,
      { ...usualMonitors[name], fitted: usualMonitors[name].fitted && !without.includes(name) },
    ]),
  ) as unknown as Monitors;
}

/**
 * The key of the pass: none where a check that stands refuses it, else what is left when everything is paid for that is
 * declared of the devices. Neither asks who is on the line. Other alarms of the link's statistics have no part in it.
 */
function release(
  { attack, link, strength }: Play,
  taken: readonly Assumption[],
  refused: string | null,
  counted: KeyCounts,
): Pick<KeyGranted, 'secretBits' | 'provenBits' | 'refused'> {
  if (refused !== null) return { secretBits: 0, provenBits: 0, refused };
  const defect = attack.kind === 'none' ? undefined : attack.create(strength, NEVER);
  const declared: SideChannels = declarationOf(link, defect);
  const paid = Object.entries(declared).filter(([name]) => !taken.some(({ pays }) => pays.some((one) => one === name)));
  return counted.key(link.rules, Object.fromEntries(paid));
}

/** What a device has from its first day is there before anybody comes. */
const NEVER = { fromS: Number.POSITIVE_INFINITY, toS: Number.POSITIVE_INFINITY } as const;

const sum = (values: Float64Array): number => values.reduce((total, value) => total + value, 0);
