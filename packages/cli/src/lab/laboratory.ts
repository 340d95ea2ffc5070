/** Plays studies on one link with one baseline, going on where a folder's journals end. */
import type { Baseline } from '@skykey/alarm';
import {
  checkStudy,
  defectOf,
  edgeOf,
  headerOf,
  type LabLink,
  type PassOutcome,
  type Study,
  type Summary,
  summaryOf,
  type Tally,
  TRAINING_PASSES,
  tallyOf,
  train,
  visibilityOf,
} from '@skykey/lab';
import { day } from '../interval.ts';
import type { Progress } from '../progress.ts';
import { VERSION } from '../version.ts';
import { Crew } from './crew.ts';
import type { StudyFolder } from './folder.ts';
import { fingerprint, linkOf, type World } from './world.ts';

export interface Played {
  readonly study: Study;
  readonly summary: Summary;
  readonly tally: Tally;
  /** In the order of passes. */
  readonly outcomes: readonly PassOutcome[];
  /** On which they were played, each once, earliest first. */
  readonly days: readonly string[];
}

const FEWER_TRAINING_PASSES = 24;

export class Laboratory {
  readonly link: LabLink;
  readonly #world: World;
  readonly #seed: number;
  readonly #workers: number | undefined;
  readonly #folder: StudyFolder | null;
  readonly #progress: Progress;
  readonly #fingerprint: string;
  /** One for each state of the devices: sound, or with a defect. */
  readonly #crews = new Map<string, Crew>();
  readonly #baselines = new Map<string, Baseline>();

  constructor(
    world: World,
    options: {
      readonly seed: number;
      readonly folder: StudyFolder | null;
      readonly workers?: number | undefined;
      readonly progress: Progress;
    },
  ) {
    this.link = linkOf(world);
    this.#world = world;
    this.#seed = options.seed;
    this.#workers = options.workers;
    this.#folder = options.folder;
    this.#progress = options.progress;
    this.#fingerprint = fingerprint(this.link, options.seed);
  }

  /** Those who know what is usual on the link, its devices being as the study has them. */
  #crewOf(study: Study): Crew {
    const name = this.#devicesOf(study);
    const known = this.#crews.get(name);
    if (known) return known;
    const crew = new Crew(this.link, { world: this.#world, baseline: this.#baselineOf(study) }, this.#workers);
    this.#crews.set(name, crew);
    return crew;
  }

  #devicesOf(study: Study): string {
    return defectOf(study) ? `${this.#fingerprint}-${study.attack}-${study.strength}` : this.#fingerprint;
  }

  /** Learned now, or kept before. */
  #baselineOf(study: Study): Baseline {
    const name = this.#devicesOf(study);
    const known = this.#baselines.get(name);
    if (known) return known;
    const learn = () =>
      train(this.link, this.#seed, TRAINING_PASSES, {
        defect: defectOf(study),
        onPass: (done) =>
          this.#progress.report(done / TRAINING_PASSES, `${TRAINING_PASSES} clean passes, to learn what is usual`),
      });
    const baseline = this.#folder ? this.#folder.baseline(name, learn) : learn();
    this.#baselines.set(name, baseline);
    return baseline;
  }

  /**
   * The greatest strength with a key (`edgeOf`). A defect of the devices is another one at each strength that is tried; there
   * few passes are learned from, since only a border is searched for.
   */
  edge(study: Study): number | null {
    this.#progress.report(0, `where ${study.attack} leaves no key`);
    const baselineOf = (at: Study): Baseline => {
      const defect = defectOf(at);
      return defect ? train(this.link, this.#seed, FEWER_TRAINING_PASSES, { defect }) : this.#baselineOf(at);
    };
    return edgeOf(this.link, baselineOf, study);
  }

  /** Throws LabError or PhotonsError on a question that makes no sense. */
  async play(study: Study): Promise<Played> {
    const attack = checkStudy(study);
    const header = headerOf(study, { version: VERSION, world: this.#fingerprint });
    const kept = this.#folder?.journal(nameOf(study, this.#fingerprint), header);
    const found = kept?.found ?? [];
    const days = new Set(kept?.days);
    const outcomes = new Map(found.filter(({ pass }) => pass < study.passes).map((outcome) => [outcome.pass, outcome]));
    const missing = Array.from({ length: study.passes }, (_, pass) => pass).filter((pass) => !outcomes.has(pass));
    const crew = missing.length > 0 ? this.#crewOf(study) : null;
    await crew?.play(study, missing, (more) => {
      const today = day(Date.now());
      days.add(today);
      kept?.add(more, today);
      for (const outcome of more) outcomes.set(outcome.pass, outcome);
      const what = study.attack === 'none' ? 'clean passes' : `passes of ${study.attack} at ${study.strength}`;
      this.#progress.report(outcomes.size / study.passes, `${study.passes} ${what}`);
    });
    const ordered = [...outcomes.values()].sort((a, b) => a.pass - b.pass);
    const subject = { attack, class: visibilityOf(attack, study), strength: study.strength, seed: study.seed };
    return {
      study,
      summary: summaryOf(subject, ordered),
      tally: tallyOf(ordered),
      outcomes: ordered,
      days: [...days].sort(),
    };
  }

  async close(): Promise<void> {
    for (const crew of this.#crews.values()) await crew.dismiss();
  }
}

/** A name for a file; the header in it says all. */
function nameOf({ attack, strength, seed, level, assumptions, without, onset }: Study, world: string): string {
  const parts = [attack, ...(attack === 'none' ? [] : [String(strength)]), `seed-${seed}`];
  if (level === 'event') parts.push('event');
  if (onset === 'start') parts.push('start');
  if (assumptions === 'off') parts.push('off');
  if (without.length > 0) parts.push('without', ...without);
  return [...parts, world].join('-');
}
