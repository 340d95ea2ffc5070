/** What a budget between two satellites is asked for: which two, from when to when, and what to know about it. */
import { type Clipped, intersatelliteLook, intersatelliteWindows } from '@skykey/orbit';
import {
  type Behind,
  budgetBetween,
  type Scenario,
  type SpaceLink,
  type SpaceRow,
  spaceLink,
  type Window,
} from '@skykey/scenario';
import { CliError } from '../error.ts';
import { clock, DAY_MS, instant, iso, startOf } from '../interval.ts';
import { GRAZING_KM } from '../passes/between.ts';
import { satellitesOf } from '../selection.ts';
import { checkStep, SPANS_DAYS, type SubjectOptions, stepOf } from './subject.ts';

export interface BetweenOptions extends SubjectOptions {
  readonly between?: string;
  readonly grazing?: number;
}

/** A row of a budget; what has no meaning for a range without a time is null. */
export type SpaceSight = Pick<SpaceRow, 'rangeKm' | 'model' | 'fading'> & {
  readonly [K in Exclude<keyof SpaceRow, 'rangeKm' | 'model' | 'fading'>]: SpaceRow[K] | null;
};

export interface BetweenSubject {
  /** Scenario and window (or moment, or range): what results are quoted by. */
  readonly run: string;
  readonly kind: 'pass' | 'moment' | 'geometry';
  readonly link: SpaceLink;
  readonly rows: readonly SpaceSight[];
  /** Null for a range. */
  readonly window: Window | null;
  /** Which ends of the window are not those of the sight. */
  readonly clipped: Clipped;
  readonly stepS: number | null;
  readonly grazingHeightKm: number;
}

const WHOLE: Clipped = { start: false, end: false };

/** @throws CliError, and what the scenario and its orbits throw */
export function betweenOf(scenario: Scenario, options: BetweenOptions): BetweenSubject {
  const { between = '', grazing = GRAZING_KM, at, from, pass, rangeKm, step } = options;
  for (const option of ['station', 'satellite', 'elevation'] as const) {
    if (options[option] !== undefined) {
      throw new CliError('cli/option', `--between with --${option}: leave one of the two out`);
    }
  }
  const ways = [at !== undefined, from !== undefined || pass !== undefined, rangeKm !== undefined];
  if (ways.filter(Boolean).length > 1) {
    throw new CliError('cli/option', 'give --at, or --from and --pass, or --range-km: one of the three');
  }
  checkStep(step);
  const chosen = satellitesOf(scenario, '--between', between);
  const [sender, receiver, ...more] = chosen;
  if (!sender || !receiver || more.length > 0) {
    throw new CliError(
      'cli/option',
      `--between takes two satellites with a comma, sender first; there ${chosen.length === 1 ? 'is 1' : `are ${chosen.length}`}`,
    );
  }
  const link = spaceLink(scenario, sender.id, receiver.id);
  if (rangeKm !== undefined) return atRange(scenario, link, rangeKm, grazing);
  if (at !== undefined) return atMoment(scenario, link, instant('--at', at), grazing);
  const fromMs =
    from === undefined ? startOf({ ...scenario, satellites: [sender, receiver] }) : instant('--from', from);
  const { startMs, endMs, clipped } = nextWindow(link, fromMs, pass ?? 1, grazing);
  const window = { startMs, endMs };
  const stepS = step ?? stepOf(window);
  return {
    run: `${scenario.id}/${link.id}-${stamp(startMs)}`,
    kind: 'pass',
    link,
    rows: budgetBetween(link, { ...window, stepS }),
    window,
    clipped,
    stepS,
    grazingHeightKm: grazing,
  };
}

/** `20261201t001312z` */
function stamp(utcMs: number): string {
  return iso(Math.round(utcMs / 1000) * 1000)
    .replace(/[-:]/g, '')
    .toLowerCase();
}

function atRange(scenario: Scenario, link: SpaceLink, rangeKm: number, grazingHeightKm: number): BetweenSubject {
  const at = { rangeKm, elevationDeg: 0 };
  const row: SpaceSight = {
    utcMs: null,
    rangeKm,
    rangeRateKmS: null,
    grazingHeightKm: null,
    light: null,
    sky: null,
    behind: null,
    model: link.model.loss(at),
    background: null,
    noisePerGate: null,
    fading: link.model.fading(at),
  };
  const run = `${scenario.id}/${link.id}-at-${rangeKm}km`;
  return { run, kind: 'geometry', link, rows: [row], window: null, clipped: WHOLE, stepS: null, grazingHeightKm };
}

function atMoment(scenario: Scenario, link: SpaceLink, utcMs: number, grazingHeightKm: number): BetweenSubject {
  const [one, other] = [link.from.target, link.to.target];
  const query = { fromMs: utcMs - 1000, toMs: utcMs + 1000, grazingHeightKm };
  if (!intersatelliteWindows(one, other, query).some(({ startMs, endMs }) => startMs <= utcMs && utcMs <= endMs)) {
    const height = intersatelliteLook(one, other, utcMs).grazingHeightKm;
    const why =
      height >= grazingHeightKm
        ? 'the Moon stands between'
        : height < 0
          ? 'the Earth stands between'
          : `their line comes down to ${height.toFixed(0)} km`;
    throw new CliError(
      'cli/pass',
      `--at ${iso(utcMs)}: ${link.from.id} and ${link.to.id} do not see each other at least ${grazingHeightKm} km above the ` +
        `Earth, ${why}; skykey passes --between says when they do`,
    );
  }
  const window = { startMs: utcMs, endMs: utcMs };
  return {
    run: `${scenario.id}/${link.id}-at-${iso(utcMs)}`,
    kind: 'moment',
    link,
    rows: budgetBetween(link, { ...window, stepS: 1 }),
    window,
    clipped: WHOLE,
    stepS: null,
    grazingHeightKm,
  };
}

interface Sight extends Window {
  readonly clipped: Clipped;
}

/** The so-manieth stretch of mutual visibility that begins from a moment on; of one that has no end, a day. */
function nextWindow(link: SpaceLink, fromMs: number, count: number, grazingHeightKm: number): Sight {
  if (count < 1) throw new CliError('cli/pass', `--pass ${count}: passes are counted from 1`);
  let seen = 0;
  for (const days of SPANS_DAYS) {
    const toMs = fromMs + days * DAY_MS;
    const windows = intersatelliteWindows(link.from.target, link.to.target, { fromMs, toMs, grazingHeightKm });
    // What the end of the search cuts is looked at again in a longer one.
    const sights = windows
      .filter(({ startMs }) => startMs >= fromMs)
      .map(dayOf)
      .filter(({ clipped, startMs, endMs }) => !clipped.end || endMs - startMs >= DAY_MS || days === SPANS_DAYS.at(-1));
    if (sights[count - 1]) return sights[count - 1]!;
    seen = windows.length;
  }
  const days = SPANS_DAYS.at(-1)!;
  throw new CliError(
    'cli/pass',
    `${link.from.id} and ${link.to.id} see each other ${seen} times at least ${grazingHeightKm} km above the Earth in the ` +
      `${days} days from ${iso(fromMs)}, and not ${count}; ask for another --from or --grazing`,
  );
}

function dayOf({ startMs, endMs, clipped }: Sight): Sight {
  if (endMs - startMs <= DAY_MS) return { startMs, endMs, clipped };
  return { startMs, endMs: startMs + DAY_MS, clipped: { start: clipped.start, end: true } };
}

/** An assumption: nearer to the Sun than this, what light a baffle lets in is for a telescope's maker to say. */
const SUN_NEAR_DEG = 10;
/** The same of the Earth's limb, where the Sun lights it. */
const LIMB_NEAR_DEG = 5;
/** The air at 50 km is in sunlight until the Sun is so low. */
const LIMB_DARK_DEG = -7.2;

const BEHIND: Readonly<Record<Exclude<Behind, 'sky'>, string>> = {
  earth: 'the Earth stands',
  air: 'air below 100 km stands',
  moon: 'the Moon stands',
  sun: 'the Sun stands',
};

/** What these rows leave in doubt. */
export function spaceWarnings({ link, rows, clipped, kind }: BetweenSubject): string[] {
  if (kind === 'geometry') return [];
  const { from, to } = link;
  const least = (of: (row: SpaceSight) => number): SpaceSight => rows.reduce((a, b) => (of(b) < of(a) ? b : a));
  const found = [
    'the background is zodiacal light and stars alone, a mean over the sky: Sun, Moon and Earth, airglow over its limb, ' +
      'and stray light from any of them are not in it',
  ];
  for (const [behind, words] of Object.entries(BEHIND)) {
    const hit = rows.filter((row) => row.behind === behind).length;
    if (hit === 0) continue;
    const part = rows.length === 1 ? '' : ` in ${hit} of ${rows.length} rows`;
    found.push(`${words} behind ${from.id} as ${to.id} sees it${part}; no background is known there`);
  }
  // Behind the Earth the Sun does no harm.
  const sunOf = ({ sky }: SpaceSight): number => (sky!.lowestHeightKm < 0 ? 180 : sky!.sunDeg);
  const sun = least(sunOf);
  if (sunOf(sun) < SUN_NEAR_DEG) {
    found.push(`${to.id} looks ${Math.max(0, sunOf(sun)).toFixed(1)}° past the Sun at ${clock(sun.utcMs!)} UTC`);
  }
  const limbOf = ({ sky }: SpaceSight): number =>
    sky!.lowestHeightKm >= 0 && sky!.sunElevationDeg > LIMB_DARK_DEG ? Math.max(0, sky!.earthDeg) : 180;
  const limb = least(limbOf);
  if (limbOf(limb) < LIMB_NEAR_DEG) {
    const { lowestHeightKm } = limb.sky!;
    found.push(
      `${to.id} looks ${limbOf(limb).toFixed(1)}° past the sunlit limb of the Earth at ${clock(limb.utcMs!)} UTC, ` +
        `${lowestHeightKm.toFixed(0)} km above the ground`,
    );
  }
  if (clipped.start || clipped.end) {
    const [before, after] = [clipped.start ? 'before' : '', clipped.end ? 'after' : ''];
    found.push(`they see each other ${[before, after].filter(Boolean).join(' and ')} these rows too`);
  }
  return found;
}
