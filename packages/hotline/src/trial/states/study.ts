import { type AgreementHunt, Agreements, LIFE, PATIENCE, type World } from './agreements.ts';
import { type Found, search } from './breadth.ts';
import { leaks } from './leaks.ts';
import { type LineHunt, type LinePlace, Lines } from './lines.ts';
import type { Opened } from './opened.ts';
import { rewind } from './tape.ts';

/** Which hunts there are. The smaller ones run with every test; each has been left by every letter at its depth. */
export const LINE_HUNTS: readonly LineHunt[] = [
  {
    name: 'reopening',
    about: 'one alarm, approvals of both sides and their withdrawal, agreements with young and old key',
    bundles: 1,
    past: ['tap at a', 'a is heard', 'ann'],
    letters: {
      ...{ pia: 1, quin: 1, bob: 1, 'agree with fresh key': 1, 'agree with old key': 1 },
      ...{ 'ann takes it back': 1, 'a moment': 1, 'agree with fresh key, at a alone': 1 },
    },
  },
  {
    name: 'two alarms',
    about: 'an alarm at each desk, a crash, a store put back from a copy, words that come twice and out of order',
    bundles: 2,
    letters: {
      ...{ 'tap at a': 1, 'jam at b': 1, 'a starts anew': 1, 'b is put back from a copy': 1 },
      ...{ 'a moment': 1, 'agree with no key': 1 },
    },
  },
  {
    name: 'time',
    about: 'approvals that lapse, and a clock that is set back',
    bundles: 1,
    past: ['tap at a', 'a is heard', 'ann', 'bob', 'a is heard'],
    letters: { long: 1, 'the clock of a goes back': 1, pia: 1, quin: 1, 'agree with fresh key': 1, 'a moment': 1 },
  },
  {
    name: 'another alarm',
    about: 'a second alarm between approvals, a crash, an agreement that one desk completes alone',
    bundles: 1,
    past: ['tap at a', 'a is heard', 'bob'],
    letters: {
      ...{ 'jam at b': 1, ann: 2, pia: 1, quin: 1, 'agree with fresh key': 1 },
      ...{ 'agree with fresh key, at a alone': 1, 'b starts anew': 1 },
    },
  },
  {
    name: 'too late',
    about: 'all have approved, and then another alarm comes, or somebody takes it back',
    bundles: 1,
    past: ['tap at a', 'a is heard', 'ann', 'bob', 'a is heard', 'pia', 'quin', 'b is heard'],
    letters: {
      ...{ 'jam at b': 1, 'ann takes it back': 1, 'a moment': 1, 'b starts anew': 1, ann: 1 },
      ...{ 'agree with fresh key': 1, 'agree with fresh key, at a alone': 1 },
    },
  },
  {
    name: 'dry pools',
    about: 'pools that run dry and fill, keys without quantum key, silence, a guest who approves',
    bundles: 1,
    past: ['tap at a', 'a is heard', 'ann', 'bob', 'pia'],
    letters: {
      ...{ quin: 1, 'the pool of a is dry': 1, 'the pool of b is dry': 1, 'the pool of a is full': 1, silence: 1 },
      ...{ 'agree with no key': 1, 'agree with fresh key': 1, 'pia without role': 1 },
    },
  },
];

export const AGREEMENT_HUNTS: readonly AgreementHunt[] = [
  {
    name: 'loss',
    about: 'two desks that start: what is sent is lost, doubled and overtaken, and an offer is given up',
    past: 'acquainted',
    alphabet: { records: 1, wait: 1 },
  },
  {
    name: 'crash',
    about: 'a desk is killed and starts anew in the midst of an agreement',
    past: 'acquainted',
    alphabet: { records: 1, restart: 1 },
  },
  {
    name: 'copy',
    about: 'a store is put back from a copy',
    past: 'running',
    alphabet: { records: 1, restore: 1 },
  },
  {
    name: 'reader',
    about: 'memory and store of a desk are read, messages are changed; keys are renewed afterwards',
    past: 'running',
    alphabet: { records: 1, read: 1, alter: 1, wait: 1, waits: { 'eight minutes': LIFE } },
  },
  {
    name: 'dry',
    about: 'a key manager has nothing, or answers late',
    past: 'acquainted',
    alphabet: { records: 1, dry: 1, slowKeys: true },
  },
  {
    name: 'alarm',
    about: 'an alarm in the midst of agreements, and its approvals',
    past: 'running',
    alphabet: { records: 1, alarm: 1, approve: 2, wait: 1, waits: { 'twelve seconds': PATIENCE } },
  },
];

/** Where a hunt of lines gives up: they are kept in memory. */
const LINE_STATES = 500_000;

export interface HuntOutcome extends Found {
  readonly name: string;
  readonly about: string;
  readonly kind: 'line' | 'agreement';
  /** Ways in which one desk was found to be. */
  readonly desks: number;
  /** Times that a desk left black. */
  readonly openings: number;
  /** Places from which a fair line was tried. */
  readonly fair: number;
}

export interface HuntLimits {
  readonly depth: number;
  readonly states?: number | undefined;
  /** From every so many-th place a fair line is tried; 0 for none. */
  readonly fairEvery?: number;
  readonly first?: boolean;
  readonly onProgress?: ((states: number, depth: number) => void) | undefined;
}

export async function huntLines(opened: Opened, hunt: LineHunt, limits: HuntLimits): Promise<HuntOutcome> {
  const lines = new Lines(opened, hunt);
  const begun = lines.begin();
  const tried = sampled<LinePlace>(limits.fairEvery ?? 0);
  const moves = (place: LinePlace) => {
    if (!tried.isDue()) return begun.moves(place);
    const unlike = lines.unlike(lines.fair(place, 8, true));
    if (!unlike) return begun.moves(place);
    return [{ letter: 'a fair line', to: place, broken: unlike }];
  };
  const found = await search({ ...begun, moves }, clean(limits));
  const { name, about } = hunt;
  return { name, about, kind: 'line', ...found, desks: lines.size.desks, openings: lines.openings, fair: tried.count };
}

export async function huntAgreements(opened: Opened, hunt: AgreementHunt, limits: HuntLimits): Promise<HuntOutcome> {
  rewind();
  const agreements = new Agreements(opened, hunt);
  const begun = await agreements.begin();
  const tried = sampled<World>(limits.fairEvery ?? 0);
  const moves = async (world: World) => {
    const calm = await agreements.calm({ ...world, used: { ...world.used, 'dry a': 0, 'dry b': 0 } }, 60);
    if (agreements.settled(calm)) return begun.moves(world);
    return [{ letter: 'a fair line', to: world, broken: 'on a fair line the desks do not come to the same keys' }];
  };
  const every = (world: World) => (tried.isDue() ? moves(world) : begun.moves(world));
  const found = await search({ ...begun, moves: every }, clean(limits));
  const { name, about } = hunt;
  return { name, about, kind: 'agreement', ...found, desks: agreements.size.desks, openings: 0, fair: tried.count };
}

function sampled<_S>(every: number): { isDue: () => boolean; count: number } {
  let seen = 0;
  const tried = {
    count: 0,
    isDue: () => {
      const due = every > 0 && seen++ % every === 0;
      if (due) tried.count++;
      return due;
    },
  };
  return tried;
}

function clean({ depth, states, first, onProgress }: HuntLimits) {
  return { depth, ...(states && { states }), ...(first && { first }), ...(onProgress && { onProgress }) };
}

export interface StatesOutcome {
  readonly depth: number;
  readonly states: number;
  readonly transitions: number;
  readonly hunts: readonly HuntOutcome[];
  readonly leaks: readonly ReturnType<typeof leaks>[];
  readonly violations: readonly { readonly hunt: string; readonly rule: string; readonly path: readonly string[] }[];
}

/** All hunts, to the depth; then the leaks. `opened` is the shipped code, see `openShipped`. */
export async function playStates(
  opened: Opened,
  options: {
    readonly depth: number;
    /** Places of one hunt at most, after which it says that it was not exhausted. */
    readonly agreementStates?: number;
    readonly onProgress?: (done: number, what: string) => void;
  },
): Promise<StatesOutcome> {
  const { depth, agreementStates, onProgress } = options;
  const hunts: HuntOutcome[] = [];
  const of = LINE_HUNTS.length + AGREEMENT_HUNTS.length;
  const told = (name: string) => (states: number, at: number) =>
    onProgress?.(hunts.length / of, `the hunts: "${name}", ${states} states, depth ${at}`);
  for (const hunt of LINE_HUNTS) {
    hunts.push(
      await huntLines(opened, hunt, { depth, states: LINE_STATES, fairEvery: 500, onProgress: told(hunt.name) }),
    );
  }
  for (const hunt of AGREEMENT_HUNTS) {
    const limits = { depth, states: agreementStates, fairEvery: 200, onProgress: told(hunt.name) };
    hunts.push(await huntAgreements(opened, hunt, limits));
  }
  const leaked = [leaks(opened.combine, 3), leaks(opened.combine, 3, ['qkd'])];
  const sum = (of: 'states' | 'transitions') => hunts.reduce((all, hunt) => all + hunt[of], 0);
  return {
    ...{ depth, states: sum('states'), transitions: sum('transitions'), hunts, leaks: leaked },
    violations: [
      ...hunts.flatMap(({ name, violations }) => violations.map((one) => ({ hunt: name, ...one }))),
      ...leaked.flatMap(({ violations }) => violations.map((rule) => ({ hunt: 'leaks', rule, path: [] }))),
    ],
  };
}
