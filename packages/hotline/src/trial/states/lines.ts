import { createHash } from 'node:crypto';
import {
  type Alarm,
  type ControlMessage,
  DEFAULT_POLICY,
  decodeControl,
  ENGLISH,
  encodeControl,
  type LineEvent,
  type LineMachine,
  type LineState,
  type Sentences,
} from '../../state/index.ts';
import type { Hunt, Move } from './breadth.ts';
import { otherSide, SIDES, type Side } from './desk.ts';
import type { Opened } from './opened.ts';

/** Two lines, as the shipped machine keeps them, the people at both desks, and a line between them that loses and repeats. */
export interface LinePlace {
  readonly a: number;
  readonly b: number;
  /** Ms since the morning, by a clock that nobody sets. */
  readonly realMs: number;
  /** By how much the clock of the first desk is behind. */
  readonly backMs: number;
  /** What each side told last and may still come, oldest first. */
  readonly wire: readonly number[];
  readonly used: Readonly<Record<string, number>>;
  readonly witness: Witness;
}

/** What somebody knows who does not look into the machines. */
interface Witness {
  /** Who has agreed to what at his own desk, and has not taken it back. */
  readonly said: readonly {
    readonly person: string;
    readonly side: Side;
    readonly about: string;
    readonly atMs: number;
  }[];
  /** Since when each desk holds it for decided. */
  readonly decidedMs: Readonly<Record<Side, number | null>>;
}

export interface LineHunt {
  readonly name: string;
  readonly about: string;
  /** Letters, and how often each may be used. */
  readonly letters: Readonly<Record<string, number>>;
  /** Bundles of each side that may still come. */
  readonly bundles: number;
  /** Letters that have happened already. */
  readonly past?: readonly string[];
}

const MORNING = Date.UTC(2031, 4, 4, 12);
const TTL = DEFAULT_POLICY.approvalMinutes * 60_000;
const KEY = DEFAULT_POLICY.authenticationFloorBits + 48 * DEFAULT_POLICY.bitsPerHour[1];
const PERSONS: Readonly<Record<string, Side>> = { ann: 'a', bob: 'a', pia: 'b', quin: 'b' };

/** The names of the sentences in their place, for speed. */
const TERSE = Object.fromEntries(Object.keys(ENGLISH).map((name) => [name, () => name])) as unknown as Sentences;

interface Local {
  readonly state: LineState;
  readonly broken: string | undefined;
}

interface Stepped {
  readonly to: number;
  /** What it tells, as one bundle; -1 for nothing. */
  readonly tells: number;
  readonly broken: string | undefined;
}

export class Lines {
  readonly #machines: Readonly<Record<Side, LineMachine>>;
  readonly #hunt: LineHunt;
  readonly #locals: Local[] = [];
  readonly #byDigest = new Map<string, number>();
  readonly #steps = new Map<string, Stepped>();
  readonly #bundles: { readonly from: Side; readonly messages: readonly ControlMessage[] }[] = [];
  readonly #bundleOf = new Map<string, number>();
  readonly #copies: Partial<Record<Side, LineState>> = {};
  openings = 0;

  constructor({ LineMachine: Machine }: Opened, hunt: LineHunt) {
    const machine = (direction: 1 | 2, selfName: string, peerName: string) =>
      new Machine({ policy: DEFAULT_POLICY, conversation: 'search', direction, selfName, peerName }, TERSE);
    this.#machines = { a: machine(1, 'a', 'b'), b: machine(2, 'b', 'a') };
    this.#hunt = hunt;
  }

  get size(): { readonly desks: number; readonly steps: number } {
    return { desks: this.#locals.length, steps: this.#steps.size };
  }

  begin(): Hunt<LinePlace> {
    const { name, about, past = [] } = this.#hunt;
    let place: LinePlace = {
      ...{ a: this.#at(this.#machines.a.begin(MORNING), 'a'), b: this.#at(this.#machines.b.begin(MORNING), 'b') },
      ...{ realMs: 0, backMs: 0, wire: [], used: {}, witness: { said: [], decidedMs: { a: null, b: null } } },
    };
    place = this.#agree(place, SIDES, 'fresh').to;
    for (const side of SIDES) {
      place = this.#event(place, side, { type: 'stock', sendBits: KEY, receiveBits: KEY, madeAfterMs: 0 }).to;
    }
    place = this.fair(place, 6);
    for (const side of SIDES) this.#copies[side] = this.#locals[place[side]]!.state;
    for (const letter of past) {
      const move = this.#moves({ ...place, used: {} }, true).find((one) => one.letter === letter);
      if (!move || move.broken) throw new Error(`the past of ${name} cannot be: ${letter} ${move?.broken}`);
      place = { ...move.to, used: {} };
    }
    return { name, about, start: place, keyOf, moves: (at) => this.#moves(at, false) };
  }

  stateOf(place: LinePlace, side: Side): LineState {
    return this.#locals[place[side]]!.state;
  }

  #moves(place: LinePlace, all: boolean): readonly Move<LinePlace>[] {
    const moves: Move<LinePlace>[] = [];
    const { letters } = this.#hunt;
    const may = (letter: string): boolean => all || (place.used[letter] ?? 0) < (letters[letter] ?? 0);
    const spent = (letter: string): LinePlace => ({
      ...place,
      used: { ...place.used, [letter]: (place.used[letter] ?? 0) + 1 },
    });
    const add = (letter: string, make: (from: LinePlace) => Move<LinePlace>): void => {
      if (may(letter)) moves.push({ ...make(spent(letter)), letter });
    };
    for (const side of SIDES) {
      const told = place.wire.filter((at) => this.#bundles[at]!.from === side);
      for (const [i, at] of told.entries()) {
        const letter = `${side} is heard${i === told.length - 1 ? '' : `, ${told.length - 1 - i} words late`}`;
        moves.push({ ...this.#hear(place, otherSide(side), at), letter });
      }
    }
    for (const [letter, side, id] of [
      ['tap at a', 'a', 'tap'],
      ['jam at b', 'b', 'jam'],
    ] as const) {
      add(letter, (from) => this.#event(from, side, { type: 'alarm', alarm: alarmOf(id, side) }));
    }
    for (const [person, side] of Object.entries(PERSONS)) {
      const request = this.stateOf(place, side).request;
      if (request === null) continue;
      add(person, (from) => {
        const said = [
          ...from.witness.said.filter((one) => one.person !== person),
          { person, side, about: request, atMs: from.realMs },
        ].sort((x, y) => (x.person < y.person ? -1 : 1));
        const witnessed = { ...from, witness: { ...from.witness, said } };
        return this.#event(witnessed, side, { type: 'approval', person, name: person, roles: ['approver'], request });
      });
      add(`${person} takes it back`, (from) => {
        const said = from.witness.said.filter((one) => one.person !== person);
        const witnessed = { ...from, witness: { ...from.witness, said } };
        return this.#event(witnessed, side, { type: 'approval-withdrawn', person, request });
      });
      add(`${person} without role`, (from) =>
        this.#event(from, side, {
          type: 'approval',
          person: `${person}'s guest`,
          name: 'x',
          roles: ['speaker'],
          request,
        }),
      );
    }
    for (const key of ['fresh', 'old', 'no'] as const) {
      add(`agree with ${key} key`, (from) => this.#agree(from, SIDES, key));
      for (const side of SIDES) {
        add(`agree with ${key} key, at ${side} alone`, (from) => this.#agree(from, [side], key));
      }
    }
    for (const [letter, ms] of [
      ['a moment', 600],
      ['long', TTL],
      ['silence', 11_000],
    ] as const) {
      add(letter, (from) => this.#pass(from, ms));
    }
    add('the clock of a goes back', (from) =>
      this.#event({ ...from, backMs: from.backMs + TTL / 2 }, 'a', { type: 'tick' }),
    );
    for (const side of SIDES) {
      add(`${side} starts anew`, (from) => this.#event(from, side, { type: 'started', restored: false }));
      add(`${side} is put back from a copy`, (from) => {
        const copied = { ...from, [side]: this.#at(this.#copies[side]!, side) };
        return this.#event(copied, side, { type: 'started', restored: true });
      });
      add(`the pool of ${side} is dry`, (from) => this.#count(from, side, 0));
      add(`the pool of ${side} is full`, (from) => this.#count(from, side, KEY));
    }
    return moves.map((move) => this.#judge(place, move));
  }

  #count(from: LinePlace, side: Side, bits: number): Move<LinePlace> {
    const madeAfterMs = this.stateOf(from, side).keysMadeAfterMs;
    return this.#event(from, side, { type: 'stock', sendBits: bits, receiveBits: bits, madeAfterMs });
  }

  #pass(from: LinePlace, ms: number): Move<LinePlace> {
    const later = { ...from, realMs: from.realMs + ms };
    const one = this.#event(later, 'a', { type: 'tick' });
    const other = this.#event(one.to, 'b', { type: 'tick' });
    return { ...other, broken: one.broken ?? other.broken };
  }

  #hear(place: LinePlace, side: Side, at: number): Move<LinePlace> {
    let to = place;
    let broken: string | undefined;
    for (const message of this.#bundles[at]!.messages) {
      const move = this.#event(
        to,
        side,
        { type: 'peer', message },
        `${at} ${message.type} ${'person' in message ? message.person : ''}`,
      );
      to = move.to;
      broken ??= move.broken;
      if (message.type !== 'alarm') continue;
      const { standing, closed } = this.stateOf(to, side);
      if (!standing.some(({ id }) => id === message.alarm.id) && !closed.includes(message.alarm.id)) {
        broken ??= 'an alarm that was heard does not stand';
      }
    }
    return { letter: '', to, broken };
  }

  /** An agreement that both desks complete, or one alone. Both name the request that both want to reopen, or come to none. */
  #agree(place: LinePlace, at: readonly Side[], key: 'fresh' | 'old' | 'no'): Move<LinePlace> {
    const [a, b] = SIDES.map(
      (side) => this.#machines[side].view(this.stateOf(place, side)).freshAgreement?.reopens ?? null,
    );
    const reopens = a === b ? a! : null;
    const number = Object.keys(place.used).reduce(
      (sum, name) => sum + (name.startsWith('agree') ? place.used[name]! : 0),
      1,
    );
    let to = place;
    let broken: string | undefined;
    for (const side of at) {
      const now = clockOf(place, side);
      const { keysMadeAfterMs } = this.stateOf(place, side);
      const qkdMadeAtMs = key === 'no' ? null : key === 'fresh' ? now + 1 : Math.min(now, keysMadeAfterMs);
      const id = number.toString(16).padStart(32, '0');
      const move = this.#event(to, side, { type: 'epoch', id, qkdMadeAtMs, reopens });
      to = move.to;
      broken ??= move.broken;
    }
    return { letter: '', to, broken };
  }

  /** Everything arrives for a while, and keys are agreed on at both. */
  fair(from: LinePlace, rounds: number, agree = false): LinePlace {
    let place: LinePlace = { ...from, wire: [] };
    if (agree) place = this.#agree({ ...place, used: { ...place.used, agree: 50 } }, SIDES, 'no').to;
    for (let round = 0; round < rounds; round++) {
      for (const at of place.wire) place = this.#hear(place, otherSide(this.#bundles[at]!.from), at).to;
      place = { ...this.#pass({ ...place, wire: [] }, 600).to };
    }
    return { ...place, wire: [] };
  }

  /** After both have heard everything nothing differs that people see. */
  unlike(place: LinePlace): string | undefined {
    const [a, b] = SIDES.map((side) => this.#machines[side].view(this.stateOf(place, side))) as [View, View];
    const said = (view: View, side: 'own' | 'peer') => JSON.stringify(view.alarm?.approvals[side] ?? null);
    if (a.level !== b.level) return 'on a fair line the desks stay at different levels';
    if (a.request !== b.request) return 'on a fair line the desks ask their people different things';
    if (JSON.stringify(a.alarms) !== JSON.stringify(b.alarms)) return 'on a fair line the desks list different alarms';
    // Where a clock is behind, approvals of the other desk come from its future and do not count: as they must. And what
    // one desk decided in time may have lapsed before the other heard of it: people agree once more (two-desks.test.ts).
    if (place.backMs > 0 || place.realMs >= TTL) return undefined;
    if (said(a, 'own') !== said(b, 'peer') || said(a, 'peer') !== said(b, 'own')) {
      return 'on a fair line the desks count different approvals';
    }
    return undefined;
  }

  #event(place: LinePlace, side: Side, event: Bare, name = JSON.stringify(event)): Move<LinePlace> {
    const atMs = clockOf(place, side);
    const key = `${place[side]} ${side} ${atMs} ${name}`;
    let step = this.#steps.get(key);
    if (!step) {
      step = this.#step(side, this.stateOf(place, side), { ...event, atMs } as LineEvent);
      this.#steps.set(key, step);
    }
    let { wire } = place;
    if (step.tells >= 0) {
      const told = wire.filter((at) => this.#bundles[at]!.from === side && at !== step.tells);
      const gone = told.slice(0, Math.max(0, told.length + 1 - this.#hunt.bundles));
      wire = [...wire.filter((at) => !gone.includes(at) && at !== step.tells), step.tells];
    }
    return { letter: '', to: { ...place, [side]: step.to, wire }, broken: step.broken };
  }

  #step(side: Side, before: LineState, event: LineEvent): Stepped {
    const machine = this.#machines[side];
    const { state, consequences } = machine.reduce(before, event);
    const told = consequences.flatMap((one) => (one.type === 'tell' ? [one.message] : []));
    const tells = told.length > 0 ? this.#bundle(side, told) : -1;
    const to = this.#at(state, side);
    return { to, tells, broken: lineRule(before, state, event, consequences) ?? this.#locals[to]!.broken };
  }

  #bundle(from: Side, told: readonly ControlMessage[]): number {
    // As bytes and back, as on the line; the alarm last told comes again in the state.
    const bytes = told.map((message) => encodeControl(message));
    const id = createHash('sha1').update(from).update(Buffer.concat(bytes)).digest('base64');
    const known = this.#bundleOf.get(id);
    if (known !== undefined) return known;
    const at = this.#bundles.push({ from, messages: bytes.map((each) => decodeControl(each)) }) - 1;
    this.#bundleOf.set(id, at);
    return at;
  }

  #at(state: LineState, side: Side): number {
    const id = createHash('sha1').update(side).update(JSON.stringify(state)).digest('base64');
    const known = this.#byDigest.get(id);
    if (known !== undefined) return known;
    const at = this.#locals.push({ state, broken: placeRule(this.#machines[side], state) }) - 1;
    this.#byDigest.set(id, at);
    return at;
  }

  #judge(before: LinePlace, { letter, to, broken }: Move<LinePlace>): Move<LinePlace> {
    const decidedMs = { ...to.witness.decidedMs };
    let wrong = broken;
    for (const side of SIDES) {
      const [was, is] = [this.stateOf(before, side), this.stateOf(to, side)];
      if (is.decided !== was.decided) decidedMs[side] = is.decided ? to.realMs : null;
      if (letter.endsWith('copy')) continue;
      const gone = was.standing.filter(({ id }) => !is.standing.some((one) => one.id === id));
      if (gone.length === 0) continue;
      this.openings++;
      wrong ??= this.#opened(before, side, letter, was.request);
    }
    return { letter, to: { ...to, witness: { ...to.witness, decidedMs } }, broken: wrong };
  }

  /** The rule of the hotline reference, sections 10 and 13: two persons on each side, for exactly these alarms, in time. */
  #opened({ witness, realMs }: LinePlace, side: Side, letter: string, request: string | null): string | undefined {
    if (!letter.startsWith('agree with fresh key')) return 'black was left by something else than a fresh agreement';
    const sinceMs = witness.decidedMs[side] ?? realMs;
    for (const each of SIDES) {
      const persons = witness.said.filter(
        (one) => one.side === each && one.about === request && sinceMs - one.atMs < TTL,
      );
      if (persons.length < 2) return 'black was left without two approvers of each side';
    }
    return undefined;
  }
}

type View = ReturnType<LineMachine['view']>;
type Bare = LineEvent extends infer E ? (E extends LineEvent ? Omit<E, 'atMs'> : never) : never;

function clockOf({ realMs, backMs }: LinePlace, side: Side): number {
  return MORNING + realMs - (side === 'a' ? backMs : 0);
}

function alarmOf(id: string, side: Side): Alarm {
  return {
    id,
    class: id === 'tap' ? 'tap' : 'jam',
    foundBy: side,
    link: `sky ${side}`,
    reason: 'errors',
    atMs: MORNING,
  };
}

/** Of one desk, after one event. */
function lineRule(
  before: LineState,
  after: LineState,
  event: LineEvent,
  consequences: readonly { readonly type: string }[],
): string | undefined {
  const lost = before.standing.some(({ id }) => !after.standing.some((one) => one.id === id));
  if (lost && event.type !== 'epoch') return 'an alarm was forgotten';
  if (lost && after.standing.length > 0) return 'some alarms were closed and others not';
  const { epoch } = after;
  if (lost && !(epoch?.qkdMadeAtMs && epoch.qkdMadeAtMs > before.keysMadeAfterMs)) {
    return 'black was left without quantum key made after the alarm';
  }
  if (after.keysMadeAfterMs < before.keysMadeAfterMs) return 'keys from before an alarm came back';
  const fresh = after.standing.filter(({ id }) => !before.standing.some((one) => one.id === id)).length;
  const types = consequences.map(({ type }) => type);
  if (fresh > 0 && types.slice(0, 2).join() !== 'media-stop,lock') return 'an alarm does not stop first';
  if (types.filter((type) => type === 'quarantine').length !== fresh) return 'keys of a link are not set aside';
  return undefined;
}

/** Of one desk, wherever it is. */
function placeRule(machine: LineMachine, state: LineState): string | undefined {
  const black = state.standing.length + state.peer.standing.length > 0;
  if ((state.joint.level === 'black') !== black)
    return 'an alarm stands and the line is not black, or the other way round';
  if ((state.request !== null) !== black) return 'there is nothing to approve, or something without an alarm';
  if (black && state.keysMadeAfterMs === 0 && state.standing.length > 0)
    return 'keys from before an alarm are not set aside';
  const may = machine.permissions(state);
  const content = [may.text, may.sealedText, may.file, may.sealedFile, may.call, may.sealedSpeech];
  if (black && content.some(({ allowed }) => allowed)) return 'something may leave at black';
  const hybrid = may.text.allowed || may.file.allowed || may.call.allowed;
  if (hybrid && (state.epoch === null || state.epoch.qkdMadeAtMs === null)) {
    return 'something may leave under keys without quantum key, which the policy asks for';
  }
  return undefined;
}

function keyOf({ a, b, realMs, backMs, wire, used, witness }: LinePlace): string {
  let key = `${a} ${b} ${realMs} ${backMs} ${wire.join()} ${witness.decidedMs.a} ${witness.decidedMs.b}`;
  for (const name of Object.keys(used).sort()) key += ` ${name}${used[name]}`;
  for (const { person, about, atMs } of witness.said) key += ` ${person}${about.slice(0, 8)}${atMs}`;
  return key;
}
