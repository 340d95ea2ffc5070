/** Many passes of one attack at one strength: what decides them, in pieces that any worker may play. */
import { type Baseline, learnBaseline } from '@skykey/alarm';
import {
  type Attack,
  attackNamed,
  type Disturbance,
  MONITORS,
  type MonitorName,
  type Visibility,
} from '@skykey/photons';
import { assumptionOf } from './assumptions.ts';
import { demand, LabError } from './error.ts';
import type { JournalHeader } from './journal.ts';
import type { LabLink } from './link.ts';
import type { PassOutcome } from './outcome.ts';
import { cleanPass, type Level, notFitted, playPass } from './play.ts';

/** A question to the lab, as plain data: it crosses to workers, and the same question has the same answer on any number. */
export interface Study {
  /** Of the catalogue, `none` for clean passes. */
  readonly attack: string;
  readonly strength: number;
  readonly passes: number;
  readonly seed: number;
  readonly level: Level;
  readonly without: readonly MonitorName[];
  readonly assumptions: 'on' | 'off';
  readonly onset: 'drawn' | 'start';
}

/** Clean passes that a baseline is learned from; never those that are tested. */
export const TRAINING_PASSES = 200;

/**
 * Checks a question before anything is played.
 * @throws LabError `lab/parameter`, PhotonsError `photons/attack` or `photons/strength`
 */
export function checkStudy(study: Study): Attack {
  const attack = attackNamed(study.attack);
  demand('passes', study.passes, 1, 2 ** 20 - 1, 'whole');
  demand('seed', study.seed, 0, Number.MAX_SAFE_INTEGER, 'whole');
  for (const name of study.without) {
    if (!MONITORS.includes(name)) {
      throw new LabError('lab/parameter', `there is no monitor ${name}; they are ${MONITORS.join(', ')}`);
    }
  }
  if (study.assumptions === 'off' && !assumptionOf(attack)) {
    throw new LabError(
      'lab/assumption',
      `${attack.name} rests on no assumption that could be off: the decoy bound alone answers it`,
    );
  }
  if (attack.level === 'event' && study.level !== 'event') {
    throw new LabError('lab/parameter', `${attack.name} can only be played click by click; its level is event`);
  }
  if (attack.kind !== 'none') attack.create(study.strength);
  return attack;
}

/** The class of an attack where these monitors are fitted: an attack that only a missing monitor would see is D3. */
export function visibilityOf(attack: Attack, study: Pick<Study, 'without' | 'assumptions'>): Visibility | null {
  const monitor = assumptionOf(attack)?.monitor;
  const blind = monitor && notFitted({ ...study, attack }).includes(monitor);
  return attack.visibility === 'D2' && blind ? 'D3' : attack.visibility;
}

/** The defect of a device on which an attack lives, for as long as nobody makes use of it; null for most. */
export function defectOf({ attack, strength }: Pick<Study, 'attack' | 'strength'>): (() => Disturbance) | null {
  const found = attackNamed(attack);
  const never = Number.POSITIVE_INFINITY;
  return found.defect ? () => found.create(strength, { fromS: never, toS: never }) : null;
}

/**
 * Learns what a clean link looks like, with its weather in it, and with the `defect` of a device that was always there.
 * `onPass` hears of each pass.
 */
export function train(
  link: LabLink,
  seed: number,
  passes: number,
  { onPass, defect }: { readonly onPass?: (done: number) => void; readonly defect?: (() => Disturbance) | null } = {},
): Baseline {
  demand('training passes', passes, 2, 2 ** 20 - 1, 'whole');
  function* clean() {
    for (let pass = 0; pass < passes; pass++) {
      yield cleanPass(link, seed, pass, defect?.());
      onPass?.(pass + 1);
    }
  }
  return learnBaseline(link.alarm, clean());
}

/** Plays these passes; each is what it is, whatever was played before it. */
export function* playPasses(
  link: LabLink,
  baseline: Baseline,
  study: Study,
  passes: readonly number[],
): Generator<PassOutcome> {
  const attack = attackNamed(study.attack);
  for (const pass of passes) yield playPass({ ...study, attack, link, baseline, pass });
}

/** What a journal of it is headed by: all that its passes depend on but for their number. */
export function headerOf(study: Study, world: { readonly version: string; readonly world: string }): JournalHeader {
  const { passes: _, ...rest } = study;
  return { ...world, ...rest };
}
