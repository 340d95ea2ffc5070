import type { Alarm } from '../alarm.ts';
import type { Consequence, LineEvent } from '../events.ts';
import type { LineOptions } from '../joint.ts';
import { worse } from '../level.ts';
import { LineMachine } from '../line.ts';
import type { LineState } from '../line-state.ts';
import type { LinePolicy } from '../policy.ts';
import { spendable } from '../reserve.ts';
import { ENGLISH, type Sentences } from '../sentences.ts';
import { EPOCHS, hoursOfKey, JAM, NOON, TAP, TTL } from './desk.ts';

/**
 * All that can happen to one desk, to a given depth, from a given past; and beside every state what a witness knows who
 * does not look into the machine: which alarms the desk has heard of, who has agreed to what and when by a clock that
 * nobody can set back.
 */
export interface SearchResult {
  readonly states: number;
  readonly transitions: number;
  /** Transitions in which the desk itself left black. */
  readonly openings: number;
}

/** Why a transition breaks a rule: the letters that led there, and the rule. */
export class Violation extends Error {}

const ALARMS: Readonly<Record<string, Alarm>> = { X: TAP, Y: JAM, Z: { ...JAM, id: 'alarm-zone' } };

/** The names of the sentences in their place, for speed. */
const TERSE = Object.fromEntries(Object.keys(ENGLISH).map((name) => [name, () => name])) as unknown as Sentences;

/** What one person has said, as the witness saw it. */
interface Said {
  readonly person: string;
  readonly side: 'own' | 'peer';
  readonly about: string;
  readonly realMs: number;
}

interface Witness {
  /** Rises with every wait, whatever the desk's clock says. */
  readonly realMs: number;
  /** Ids that the desk has heard of and not reopened after. */
  readonly heard: readonly string[];
  readonly peerStands: readonly string[];
  readonly over: readonly string[];
  readonly said: readonly Said[];
  /** At one time enough approvals stood for exactly these alarms, and nothing has undone it since. */
  readonly agreed: boolean;
}

interface Place {
  readonly state: LineState;
  readonly witness: Witness;
  readonly path: string;
}

export interface Letter {
  readonly name: string;
  readonly event: (state: LineState, witness: Witness) => LineEvent;
  readonly witness?: (witness: Witness, state: LineState) => Witness;
}

function about({ heard, peerStands }: Witness): string {
  return [...new Set([...heard, ...peerStands])].sort().join();
}

function hears(witness: Witness, ids: readonly string[]): Witness {
  const fresh = ids.filter((id) => !witness.over.includes(id) && !witness.heard.includes(id));
  return fresh.length === 0 ? witness : { ...witness, heard: [...witness.heard, ...fresh].sort() };
}

/** The rule of hotline reference, sections 10 and 13: two distinct approvers on each side, for exactly these alarms, in time. */
function agrees(witness: Witness): boolean {
  const now = about(witness);
  const counts = (side: 'own' | 'peer'): number =>
    new Set(
      witness.said
        .filter((said) => said.side === side && said.about === now && witness.realMs - said.realMs < TTL)
        .map(({ person }) => person),
    ).size;
  return now !== '' && counts('own') >= 2 && counts('peer') >= 2;
}

function says(person: string, side: 'own' | 'peer') {
  return (witness: Witness): Witness => ({
    ...witness,
    said: [
      ...witness.said.filter((said) => said.person !== person || said.side !== side),
      { person, side, about: about(witness), realMs: witness.realMs },
    ].sort((a, b) => (a.side + a.person < b.side + b.person ? -1 : 1)),
  });
}

const at = (state: LineState): { atMs: number } => ({ atMs: state.clock.nowMs });

function own(person: string, roles: ('speaker' | 'approver')[] = ['approver']): Letter {
  return {
    name: roles.includes('approver') ? person : `${person} without role`,
    event: (state) => ({ ...at(state), type: 'approval', person, name: person, roles, request: state.request ?? '' }),
    ...(roles.includes('approver') && { witness: says(person, 'own') }),
  };
}

function approval(state: LineState, person: string, direction: 1 | 2, request: string): LineEvent {
  const approvedMs = state.clock.nowMs;
  const message = { type: 'approval', direction, request, person, name: person, approvedMs, withdrawnMs: 0 } as const;
  return { ...at(state), type: 'peer', message };
}

const NOTHING = '0'.repeat(64);

function peers(person: string): Letter {
  return {
    name: person,
    event: (state) => approval(state, person, 2, state.request ?? NOTHING),
    witness: says(person, 'peer'),
  };
}

function epoch(name: string, made: 'fresh' | 'old' | 'none', named: 'current' | 'none' | 'other'): Letter {
  return {
    name,
    event: (state) => ({
      ...at(state),
      type: 'epoch',
      id: EPOCHS[2]!,
      qkdMadeAtMs:
        made === 'none' ? null : made === 'fresh' ? state.clock.highestMs + 1 : Math.max(0, state.keysMadeAfterMs),
      reopens: named === 'current' ? state.request : named === 'other' ? NOTHING : null,
    }),
  };
}

function stock(name: string, hours: number): Letter {
  return {
    name,
    event: (state) => ({
      ...at(state),
      type: 'stock',
      sendBits: hoursOfKey(hours),
      receiveBits: hoursOfKey(hours) + 7,
      madeAfterMs: state.keysMadeAfterMs,
    }),
  };
}

function peerState(name: string, standing: readonly string[]): Letter {
  return {
    name,
    event: (state) => ({
      ...at(state),
      type: 'peer',
      message: {
        type: 'state',
        epoch: state.epoch?.id ?? EPOCHS[3]!,
        revision: state.peer.revision + 1,
        heard: state.revision,
        atMs: state.clock.nowMs,
        echoMs: state.clock.nowMs,
        asks: false,
        keysMadeAfterMs: 0,
        level: { level: 'green', cause: 'stock', hours: 48, sinceMs: NOON },
        standing: standing.map((id) => ALARMS[id]!),
      },
    }),
    witness: (witness, state) =>
      state.epoch === null
        ? witness
        : hears(
            { ...witness, peerStands: standing.map((id) => ALARMS[id]!.id) },
            standing.map((id) => ALARMS[id]!.id),
          ),
  };
}

function alarm(name: string, id: string, from: 'here' | 'peer'): Letter {
  const raised = ALARMS[id]!;
  return {
    name,
    event: (state) =>
      from === 'here'
        ? { ...at(state), type: 'alarm', alarm: raised }
        : { ...at(state), type: 'peer', message: { type: 'alarm', alarm: raised } },
    witness: (witness) => hears(witness, [raised.id]),
  };
}

function wait(name: string, ms: number): Letter {
  return {
    name,
    event: (state) => ({ atMs: state.clock.nowMs + ms, type: 'tick' }),
    witness: (witness) => ({ ...witness, realMs: witness.realMs + Math.max(0, ms) }),
  };
}

/** Whatever concerns alarms and approvals. */
export const ALARM_LETTERS: readonly Letter[] = [
  alarm('X here', 'X', 'here'),
  alarm('X heard', 'X', 'peer'),
  alarm('Y here', 'Y', 'here'),
  alarm('Z heard', 'Z', 'peer'),
  peerState('peer clear', []),
  peerState('peer has X', ['X']),
  own('ann'),
  own('bob'),
  own('eve', ['speaker']),
  peers('pia'),
  peers('quin'),
  {
    name: 'ann thrown back',
    event: (state) => approval(state, 'ann', 1, state.request ?? NOTHING),
  },
  {
    name: 'rob for other alarms',
    event: (state) => ({ ...approval(state, 'rob', 2, NOTHING) }),
  },
  {
    name: 'ann back',
    event: (state) => ({ ...at(state), type: 'approval-withdrawn', person: 'ann', request: state.request ?? '' }),
    witness: (witness) => ({
      ...witness,
      said: witness.said.filter(({ person, side }) => person !== 'ann' || side !== 'own'),
      agreed: false,
    }),
  },
  wait('long', TTL),
  {
    name: 'clock back',
    event: (state) => ({ atMs: state.clock.nowMs - TTL / 2, type: 'tick' }),
    // Nobody can say how old they are.
    witness: (witness) => ({ ...witness, said: [], agreed: false }),
  },
  epoch('fresh, reopening', 'fresh', 'current'),
  epoch('old, reopening', 'old', 'current'),
  epoch('dry, reopening', 'none', 'current'),
  epoch('fresh, reopening others', 'fresh', 'other'),
  epoch('fresh', 'fresh', 'none'),
  { name: 'start', event: (state) => ({ ...at(state), type: 'started', restored: false }) },
  {
    name: 'restored',
    event: (state) => ({ ...at(state), type: 'started', restored: true }),
    witness: (witness) => ({ ...witness, said: [], agreed: false }),
  },
];

const CORE = [
  'X here',
  'Z heard',
  'peer clear',
  'peer has X',
  'ann',
  'bob',
  'pia',
  'quin',
  'ann back',
  'long',
  'clock back',
];

/** Enough of them to open the line and to go wrong in it. */
export const CORE_LETTERS: readonly Letter[] = ALARM_LETTERS.filter(({ name }) =>
  [...CORE, 'fresh, reopening', 'old, reopening'].includes(name),
);

/** Whatever concerns key. */
export const KEY_LETTERS: readonly Letter[] = [
  stock('48 h', 48),
  stock('24 h', 24),
  stock('12 h', 12),
  stock('0 h', 0),
  {
    name: 'counted too early',
    event: (state) => ({
      ...at(state),
      type: 'stock',
      sendBits: 1e9,
      receiveBits: 1e9,
      madeAfterMs: state.keysMadeAfterMs - 1,
    }),
  },
  epoch('fresh', 'fresh', 'none'),
  epoch('fresh, reopening', 'fresh', 'current'),
  epoch('old', 'old', 'none'),
  epoch('dry', 'none', 'none'),
  alarm('X here', 'X', 'here'),
  peerState('peer clear', []),
  wait('short', 1_000),
  wait('long', 20_000),
  { name: 'silent', event: (state) => ({ ...at(state), type: 'peer-silent' }) },
  { name: 'start', event: (state) => ({ ...at(state), type: 'started', restored: false }) },
];

/** A desk in the middle of its day, and what the letters `past` have made of it. */
function placeAfter(machine: LineMachine, past: readonly string[]): Place {
  const morning: readonly LineEvent[] = [
    { type: 'epoch', id: EPOCHS[1]!, qkdMadeAtMs: NOON, reopens: null, atMs: NOON },
    { type: 'stock', sendBits: hoursOfKey(48), receiveBits: hoursOfKey(48), madeAfterMs: 0, atMs: NOON },
    { type: 'emergency-pad', texts: 20, atMs: NOON },
    { type: 'peer', message: { type: 'policy', hash: samePolicy(machine) }, atMs: NOON },
  ];
  let state = machine.begin(NOON);
  for (const event of morning) state = machine.reduce(state, event).state;
  let place: Place = {
    state,
    witness: { realMs: 0, heard: [], peerStands: [], over: [], said: [], agreed: false },
    path: '',
  };
  for (const name of ['peer clear', ...past]) {
    place = follow(machine, place, ALARM_LETTERS.find((each) => each.name === name)!);
  }
  return place;
}

function samePolicy(machine: LineMachine): string {
  const { state } = machine.reduce(machine.begin(NOON), {
    type: 'epoch',
    id: EPOCHS[1]!,
    qkdMadeAtMs: null,
    reopens: null,
    atMs: NOON,
  });
  const { consequences } = machine.reduce(state, { type: 'peer-heard', atMs: NOON });
  for (const each of consequences) if (each.type === 'tell' && each.message.type === 'policy') return each.message.hash;
  throw new Error('a desk that is heard tells its policy');
}

/** Every sequence of `depth` letters. Throws `Violation`. */
export function search(
  policy: LinePolicy,
  letters: readonly Letter[],
  past: readonly string[],
  depth: number,
): SearchResult {
  const options: LineOptions = {
    policy,
    conversation: 'search',
    direction: 1,
    selfName: 'Beijing',
    peerName: 'Moscow',
  };
  const machine = new LineMachine(options, TERSE);
  let border: Place[] = [placeAfter(machine, past)];
  const seen = new Set(border.map(keyOf));
  let transitions = 0;
  let openings = 0;
  for (let step = 0; step < depth; step++) {
    const next: Place[] = [];
    for (const place of border) {
      for (const letter of letters) {
        const reached = follow(machine, place, letter);
        transitions++;
        if (place.state.standing.length > 0 && reached.state.standing.length === 0) openings++;
        const key = keyOf(reached);
        if (seen.has(key)) continue;
        seen.add(key);
        checkState(machine, policy, reached);
        next.push(reached);
      }
    }
    border = next;
  }
  return { states: seen.size, transitions, openings };
}

/**
 * Two places with one key behave alike: numbers of messages and times of telling decide nothing here, and an alarm is
 * told by its id.
 */
function keyOf({ state, witness }: Place): string {
  const { clock, peer, own, epoch, stock, clockBack } = state;
  let key = `${clock.nowMs} ${clock.highestMs} ${clock.echoMs} ${state.keysMadeAfterMs} ${state.decided} ${state.restoredMs}`;
  key += ` ${own.level} ${own.cause} ${own.sinceMs} ${state.joint.sinceMs} ${epoch?.id} ${epoch?.qkdMadeAtMs}`;
  key += ` ${stock?.sendBits} ${stock?.receiveBits} ${clockBack?.fromMs} ${clockBack?.toMs}`;
  key += ` ${peer.level?.level} ${peer.reachable} ${peer.reachableSinceMs} ${peer.skewMinutes} ${witness.realMs} ${witness.agreed}`;
  for (const { id } of state.standing) key += ` s${id}`;
  for (const { id } of peer.standing) key += ` p${id}`;
  for (const id of state.closed) key += ` c${id}`;
  for (const id of witness.heard) key += ` h${id}`;
  for (const id of witness.peerStands) key += ` t${id}`;
  for (const id of witness.over) key += ` o${id}`;
  for (const { side, person, approvedMs, withdrawnMs, lapsesMs } of state.approvals) {
    key += ` ${side} ${person} ${approvedMs} ${withdrawnMs} ${lapsesMs}`;
  }
  for (const { side, person, about: set, realMs } of witness.said) key += ` w${side} ${person} ${set} ${realMs}`;
  return key;
}

function follow(machine: LineMachine, place: Place, letter: Letter): Place {
  const path = `${place.path} · ${letter.name}`;
  const before = place.state;
  const event = letter.event(before, place.witness);
  const step = machine.reduce(before, event);
  let witness = letter.witness ? letter.witness(place.witness, before) : place.witness;
  const set = about(witness);
  if (set !== about(place.witness)) witness = { ...witness, said: [], agreed: false };
  if (agrees(witness)) witness = { ...witness, agreed: true };
  const after = step.state;
  const left = before.standing.length > 0 && after.standing.length === 0;
  const must = rules(path);
  if (left) {
    must(witness.agreed, 'left black without two approvers of each side');
    must(letter.name === 'fresh, reopening', 'left black by something else than a fresh agreement that reopens');
    witness = { ...witness, over: [...new Set([...witness.over, ...set.split(',')])].sort(), heard: [] };
  }
  must(after.standing.map(({ id }) => id).join() === witness.heard.join(), 'an alarm was forgotten, or invented');
  must(after.keysMadeAfterMs >= before.keysMadeAfterMs, 'keys from before an alarm came back');
  checkConsequences(before, after, step.consequences, must);
  return { state: after, witness, path };
}

type Must = (holds: boolean, rule: string) => void;

function rules(path: string): Must {
  return (holds, rule) => {
    if (!holds) throw new Violation(`${rule}: ${path}`);
  };
}

function checkState(machine: LineMachine, policy: LinePolicy, { state: after, path }: Place): void {
  const must = rules(path);
  const black = after.standing.length + after.peer.standing.length > 0;
  const level = black ? 'black' : worse(after.own.level, after.peer.level?.level ?? 'red');
  must(after.joint.level === level, 'the line shows something else than the worse of both desks');
  must((after.request !== null) === black, 'there is nothing to approve, or something without alarm');
  must(!black || after.keysMadeAfterMs > 0, 'keys from before an alarm were not set aside');
  const may = machine.permissions(after);
  const content = [may.text, may.sealedText, may.file, may.sealedFile, may.call, may.sealedSpeech];
  must(
    content.concat(may.emergencyText).every(({ allowed, reason }) => allowed === (reason === '')),
    'a refusal without a reason, or a reason without a refusal',
  );
  must(!black || content.every(({ allowed }) => !allowed), 'something but the emergency pad leaves at black');
  must(may.emergencyText.allowed === black, 'the emergency pad is shut at black, or open else');
  const qkd = after.epoch?.qkdMadeAtMs ?? 0;
  const young = after.epoch !== null && qkd > after.keysMadeAfterMs;
  const ready = after.epoch !== null && after.peer.level !== null && after.peer.samePolicy === true;
  must(ready || content.every(({ allowed }) => !allowed), 'something leaves before both desks have agreed keys');
  must(young || (!may.sealedText.allowed && !may.sealedFile.allowed), 'sealed without fresh key');
  must(young || policy.redAllows.hybridText || (!may.text.allowed && !may.file.allowed), 'a text goes below policy');
  must(young || policy.redAllows.media || !may.call.allowed, 'a call goes below policy');
  must(!may.call.allowed || after.peer.reachable, 'a call goes to a desk that does not answer');
  must(level !== 'red' || (!may.sealedText.allowed && !may.sealedFile.allowed), 'sealed at red');
  must(level === 'green' || !may.sealedFile.allowed, 'a file by one-time pad where pads are kept for texts');
  const left = spendable(after.stock?.sendBits ?? 0, policy);
  for (const bits of [136, 2_128, left, left + 1]) {
    const { sealedText } = machine.permissions(after, bits);
    must(!sealedText.allowed || bits <= left, 'the authentication floor is spent');
  }
}

function checkConsequences(
  before: LineState,
  after: LineState,
  consequences: readonly Consequence[],
  must: Must,
): void {
  const types = consequences.map(({ type }) => type);
  const fresh = after.standing.filter((alarm) => !before.standing.includes(alarm));
  const entered = after.joint.level === 'black' && before.joint.level !== 'black';
  if (fresh.length > 0 || entered) {
    must(types[0] === 'media-stop' && types[1] === 'lock', 'an alarm does not stop first');
    must(types.filter((type) => type === 'quarantine').length === fresh.length, 'keys of a link are not set aside');
    must(types.includes('announce'), 'an alarm is not announced');
    must(after.epoch === null || types.includes('tell'), 'the peer is not told');
  }
  must(
    types.includes('unlock') === (before.joint.level === 'black' && after.joint.level !== 'black'),
    'unlocked at another time than when the line opens',
  );
}
