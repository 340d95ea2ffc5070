/** Whether more leaks than the bound grants: decided by the passes that have a key, and by nothing else. */
import { type Attack, attacks } from '@skykey/photons';
import { assumptionOf } from './assumptions.ts';
import type { Devices } from './flaws.ts';
import {
  type Claim,
  type EdgeOf,
  type LongStudy,
  type Section,
  type Series,
  type SeriesResult,
  seriesOf,
  strengthsOf,
} from './series.ts';

const hostile = attacks.filter(({ kind }) => kind !== 'none');

/**
 * Other devices, on which the payment or the check of an assumption is needed by itself: of the usual ones what is paid for
 * all the rest, and the bound's own slack, may cover it. Receivers are worn, a transmitter is steady.
 */
const OTHERS: Readonly<Record<string, Devices>> = {
  'mismatch-bound': 'worn-windows',
  'back-flash-bound': 'worn-back-flash',
};

/** Of the strength from which on there is no key: just below it, and where nearly every pass has one. */
const EDGES = [1, 0.7] as const;
/** Of all passes, those of each attack with its assumption taken away: enough to show what then happens. */
const SHOWN = 0.002;

/** Rounded down: not back over the edge. */
function twoDigits(value: number): number {
  const unit = 10 ** (Math.floor(Math.log10(value)) - 1);
  return Number((Math.floor(value / unit) * unit).toPrecision(2));
}

/** The attack on the usual devices and, where its secrecy rests on an assumption, on those of that assumption. */
const played = hostile.flatMap((attack): { readonly attack: Attack; readonly devices: Devices | null }[] => {
  const rests = assumptionOf(attack);
  const usual = { attack, devices: null };
  return rests ? [usual, { attack, devices: OTHERS[rests.name] ?? 'steady' }] : [usual];
});

function seriesAt(
  { attack, devices }: (typeof played)[number],
  strength: number,
  { passes, seed, assumptions = 'on' }: { passes: number; seed: number; assumptions?: 'on' | 'off' },
): Series {
  return seriesOf({ attack: attack.name, strength, passes, seed, onset: 'start', assumptions }, { devices });
}

/** Usual and greatest, and those just below the border of the key as it is with the assumption, or without. */
function allStrengthsOf(
  one: (typeof played)[number],
  edgeOf: EdgeOf,
  { seed, assumptions }: { seed: number; assumptions: 'on' | 'off' },
): number[] {
  const strengths = strengthsOf(one.attack);
  const edge = edgeOf(seriesAt(one, Math.max(...strengths), { passes: 1, seed, assumptions }));
  const below = edge === null ? [] : EDGES.map((part) => twoDigits(part * edge));
  return [...new Set([...below, ...strengths])].sort((a, b) => a - b);
}

export const leakage: LongStudy = {
  name: 'leakage',
  title: 'Whether more leaks than the bound grants',
  question:
    'Every attack and every fault of the catalogue, from the beginning of the pass, with what is known counted bit by bit: at its usual and at its greatest strength, and at two just below the one from which on there is no key, which is searched for on one pass. Then with the assumption that its secrecy rests on taken away, the strengths found in the same way. Whoever attacks also keeps all the light that is lost.',
  passes: 10_000,
  series(passes, seed, edgeOf) {
    const points = (ones: typeof played, assumptions: 'on' | 'off') =>
      ones.flatMap((one) =>
        allStrengthsOf(one, edgeOf, { seed, assumptions }).map((strength) => ({ one, strength, assumptions })),
      );
    const on = points(played, 'on');
    const resting = played.filter(({ attack }) => assumptionOf(attack) !== null);
    // Rounded up over those that are played in full: the others, click by click, come on top.
    const full = on.filter(({ one }) => one.attack.level !== 'event').length;
    const each = Math.ceil(passes / full);
    const few = Math.ceil(SHOWN * passes);
    return [
      ...on.map(({ one, ...at }) => seriesAt(one, at.strength, { passes: each, seed })),
      ...points(resting, 'off').map(({ one, strength, assumptions }) =>
        seriesAt(one, strength, { passes: few, seed, assumptions }),
      ),
    ];
  },
  claims(results) {
    const on = results.filter(({ study }) => study.assumptions === 'on');
    const off = results.filter(({ study }) => study.assumptions === 'off');
    return [
      secret('every attack and fault', on),
      ...played
        .map((one) => ({ one, of: on.filter((result) => isOf(result, one)) }))
        .filter(({ of }) => of.length > 0)
        .map(({ one, of }) => secret(subject(one), of)),
      ...[...Map.groupBy(off, (result) => assumptionOf(attackOf(result))!.name)].map(([name, of]) => shown(name, of)),
    ];
  },
  sections: (results) => {
    const off = results.filter(({ study }) => study.assumptions === 'off');
    return off.length === 0 ? [] : [withoutAssumption(off)];
  },
};

const attackOf = ({ study }: Series): Attack => hostile.find(({ name }) => name === study.attack)!;
const isOf = ({ study, devices }: Series, one: (typeof played)[number]): boolean =>
  study.attack === one.attack.name && devices === one.devices;
const subject = ({ attack, devices }: (typeof played)[number]): string =>
  `${attack.name}${devices === null ? '' : ` on ${devices} devices`}`;
const bits = (n: number): string => Math.round(n).toLocaleString('en');

/** Over the passes with a key. */
function account(results: readonly SeriesResult[]) {
  const sum = (of: (result: SeriesResult) => number): number =>
    results.reduce((total, result) => total + of(result), 0);
  const granting = results.filter(({ tally }) => tally.granted > 0);
  const worst = granting.toSorted((a, b) => b.tally.worstExcessBits! - a.tally.worstExcessBits!)[0];
  return {
    passes: sum(({ summary }) => summary.passes),
    granted: sum(({ tally }) => tally.granted),
    violated: sum(({ tally }) => tally.violated),
    worst,
  };
}

/** Never more than the bound grants: nothing is said where no pass has a key. */
function secret(what: string, results: readonly SeriesResult[]): Claim {
  const { passes, granted, violated, worst } = account(results);
  const strengths = [...new Set(results.map(({ study }) => study.strength))];
  const at = new Set(results.map(({ study }) => study.attack)).size > 1 ? '' : ` at ${strengths.join(', ')}`;
  const says = `${what}${at}: never more than the bound grants`;
  if (!worst) return { says, measured: `no key in any of ${bits(passes)} passes`, holds: null };
  const excess = worst.tally.worstExcessBits!;
  const least =
    excess > 0
      ? `more in ${violated}, by up to ${bits(excess)} bits at ${worst.study.attack} ${worst.study.strength}`
      : `at least ${bits(-excess)} bits to spare (${worst.study.attack} ${worst.study.strength})`;
  return { says, measured: `${bits(granted)} of ${bits(passes)} passes with a key; ${least}`, holds: violated === 0 };
}

/** With an assumption taken away more is known than the bound grants, in one series of it at least. */
function shown(name: string, results: readonly SeriesResult[]): Claim {
  const { passes, granted, violated, worst } = account(results);
  return {
    says: `without ${name} more is known than the bound grants: the test can fail`,
    measured: worst
      ? `in ${violated} of ${granted} passes with a key (${passes} played); at most ${bits(worst.tally.worstExcessBits!)} bits, ${subject({ attack: attackOf(worst), devices: worst.devices })} ${worst.study.strength}`
      : `no key in any of ${passes} passes`,
    holds: worst ? violated > 0 : null,
  };
}

function withoutAssumption(results: readonly SeriesResult[]): Section {
  return {
    title: 'With the assumption taken away',
    says: 'Every series that was played so. Shown: more was known than the bound grants, in one pass at least.',
    columns: ['assumption', 'attack', 'strength', 'passes', 'with a key', 'violated', 'worst excess, bits', 'shown'],
    rows: results.map((result) => {
      const { study, summary, tally } = result;
      const attack = attackOf(result);
      return [
        assumptionOf(attack)!.name,
        subject({ attack, devices: result.devices }),
        study.strength,
        summary.passes,
        tally.granted,
        tally.violated,
        tally.worstExcessBits === null ? '' : bits(tally.worstExcessBits),
        tally.violated > 0 ? 'yes' : `no: ${why(result)}`,
      ];
    }),
  };
}

function why({ tally }: SeriesResult): string {
  if (tally.worstExcessBits === null) return `no key (${tally.refusal ?? 'no reason given'})`;
  return `what is still paid for, and the bound's own slack, cover what is known`;
}
