/** One pass: weather, perhaps somebody on the line, photons, the alarm beside them, and the key that would be granted. */
import { type Baseline, type Conclusion, createBank, type Finding } from '@skykey/alarm';
import {
  type Attack,
  attackNamed,
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
import { assumptionOf } from './assumptions.ts';
import { KeyCounts, type KeyGranted } from './key.ts';
import type { LabLink } from './link.ts';
import type { PassOutcome } from './outcome.ts';
import { passSeed } from './random.ts';
import { weatherOf } from './weather.ts';

/** `count`: whole bins are drawn; `event`: every click. Both have the same statistics. */
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
  /** `off`: what the attack's secrecy rests on is taken away: its monitor, or its term in the key length. */
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
  const assumption = play.assumptions === 'on' ? assumptionOf(attack) : null;
  const refusals: Finding[] = [];
  const truth = { sifted: 0, knownBits: 0, detections: 0 };
  for (const { observation, ledger } of observed(play, inputOf(play, honest.input, onsetS))) {
    for (const finding of bank.observe(observation)) {
      if (finding.severity === 'hard' && assumption?.refuses(finding)) refusals.push(finding);
    }
    key.add(observation);
    truth.sifted += ledger.sifted;
    truth.knownBits += ledger.knownBits;
    truth.detections += sum(observation.single);
  }
  const conclusion = bank.conclude();
  const granted = release(play, refusals, key);
  return {
    pass,
    verdict: conclusion.verdict,
    hard: conclusion.hard,
    soft: conclusion.soft,
    score: conclusion.score,
    onsetS,
    latencyS: latencyOf(conclusion, onsetS),
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
  // Whoever leaves the pulses alone may as well keep the light that is lost: nobody sees it, and it is hers in the bound.
  if (attack.kind === 'attack' && !('act' in adversary)) disturbances.push(collector.create(1, time));
  return { ...honest, monitors, disturbances };
}

function* observed({ level, link, seed, attack, pass }: Play, input: PassInput): Generator<ObservedBin> {
  if (level === 'count') {
    yield* counts(input);
    return;
  }
  const random = seededRandom(passSeed(seed, attack.name, pass, 'settlement'));
  for (const bin of events(input)) yield countEvents(bin, link, random);
}

const collector = attackNamed('beam-splitting');

const durationS = ({ trace }: LabLink): number => trace.channelTransmittance.length * trace.binS;

/** Where less of the light than this comes through, there is nothing to attack yet. */
const LEAST_CLEAR = 0.1;
/** Bins of a link before anybody comes: what is told from a step needs the time before it. */
const BEFORE = 16;

/**
 * Somewhere in the first half of the pass but its first eight seconds, so that there is a link before the attack, and time
 * to see it; not in a bin that a cloud has closed, unless all are.
 */
function onsetOf({ link, attack, seed, pass, onset }: Play, clear: Float64Array): number {
  if (onset === 'start') return 0;
  const random = seededRandom(passSeed(seed, attack.name, pass, 'onset'));
  const length = Math.ceil(clear.length / 2);
  const half = Array.from({ length }, (_, bin) => bin).slice(Math.min(BEFORE, length - 1));
  const open = half.filter((bin) => clear[bin]! >= LEAST_CLEAR);
  const bins = open.length > 0 ? open : half;
  const at = bins.length * random.uniform();
  return (bins[Math.floor(at)]! + (at % 1)) * link.trace.binS;
}

/** Monitors that the pass does without. */
export function notFitted({ attack, assumptions, without }: Pick<Play, 'attack' | 'assumptions' | 'without'>) {
  const monitor = assumptions === 'off' ? assumptionOf(attack)?.monitor : null;
  return monitor ? [...new Set([...without, monitor])] : without;
}

function fitted(without: readonly MonitorName[]): Monitors {
  return Object.fromEntries(
    MONITORS.map((name) => [
      name,
      { ...usualMonitors[name], fitted: usualMonitors[name].fitted && !without.includes(name) },
    ]),
  ) as unknown as Monitors;
}

function latencyOf({ firstHardS }: Conclusion, onsetS: number | null): number | null {
  if (firstHardS === null || onsetS === null || firstHardS < onsetS) return null;
  return firstHardS - onsetS;
}

/**
 * The key of the pass. Alarms of the link's statistics have no part in it: secrecy is not theirs to promise. What an attack's
 * secrecy rests on has: its monitor refuses the key, or its side channel is paid for, unless that is taken away.
 */
function release(
  { attack, link, strength, assumptions }: Play,
  refusals: readonly Finding[],
  counted: KeyCounts,
): KeyGranted {
  const assumption = assumptions === 'on' ? assumptionOf(attack) : null;
  const key = counted.key(link.rules, assumption?.pays(link, attack, strength) ?? {});
  const refusal = refusals[0];
  return refusal ? { ...key, secretBits: 0, refused: `${assumption!.name}: ${refusal.message}` } : key;
}

const sum = (values: Float64Array): number => values.reduce((total, value) => total + value, 0);
