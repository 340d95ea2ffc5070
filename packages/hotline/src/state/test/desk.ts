import assert from 'node:assert/strict';
import type { Alarm } from '../alarm.ts';
import type { Consequence, LineEvent } from '../events.ts';
import type { LineOptions } from '../joint.ts';
import { LineMachine } from '../line.ts';
import type { LineState } from '../line-state.ts';
import { type ControlMessage, decodeControl, encodeControl } from '../messages.ts';
import { DEFAULT_POLICY, type LinePolicy } from '../policy.ts';

/** 2031-05-04 12:00:00 UTC. */
export const NOON = Date.UTC(2031, 4, 4, 12);
export const MINUTE = 60_000;
export const TTL = DEFAULT_POLICY.approvalMinutes * MINUTE;

/** Lets everything go on that a policy can let go on without quantum key. */
export const OPEN_POLICY: LinePolicy = {
  ...DEFAULT_POLICY,
  qkdRequired: { text: false, file: false, media: false },
  redAllows: { hybridText: true, media: true },
};

export const TAP: Alarm = {
  id: 'alarm-tap',
  class: 'tap',
  foundBy: 'Beijing ground station',
  link: 'Micius–Beijing',
  reason: 'errors 11.2 % against a limit of 3.5 % in block 41',
  atMs: NOON,
};

export const JAM: Alarm = {
  ...TAP,
  id: 'alarm-jam',
  class: 'jam',
  foundBy: 'Moscow ground station',
  link: 'Micius–Moscow',
  reason: 'floor 4 times that of clean passes',
  atMs: NOON + 1_000,
};

export const EPOCHS: readonly string[] = Array.from({ length: 400 }, (_, i) => i.toString(16).padStart(32, '0'));

/** Bits that last for so many hours above the floor. */
export function hoursOfKey(
  hours: number,
  { bitsPerHour, authenticationFloorBits }: LinePolicy = DEFAULT_POLICY,
): number {
  return authenticationFloorBits + hours * bitsPerHour[1];
}

type Told<E> = E extends LineEvent ? Omit<E, 'atMs'> : never;

/** One desk in a test: a machine, its state and what it had to do. */
export class Desk {
  readonly machine: LineMachine;
  state: LineState;
  nowMs: number;
  /** Of the last event. */
  consequences: readonly Consequence[] = [];
  durable = false;
  /** Told to the peer and not yet taken away by whoever carries it. */
  outgoing: Uint8Array[] = [];

  constructor(direction: 1 | 2, policy: LinePolicy = DEFAULT_POLICY, nowMs = NOON) {
    const names = ['Beijing', 'Moscow'] as const;
    const options: LineOptions = {
      policy,
      conversation: 'test',
      direction,
      selfName: names[direction - 1]!,
      peerName: names[2 - direction]!,
    };
    this.machine = new LineMachine(options);
    this.state = this.machine.begin(nowMs);
    this.nowMs = nowMs;
  }

  is(event: Told<LineEvent>): this {
    const step = this.machine.reduce(this.state, { ...event, atMs: this.nowMs } as LineEvent);
    this.state = step.state;
    this.consequences = step.consequences;
    this.durable = step.durable;
    for (const consequence of step.consequences) {
      if (consequence.type === 'tell') this.outgoing.push(encodeControl(consequence.message));
    }
    return this;
  }

  hears(message: ControlMessage | Uint8Array): this {
    return this.is({ type: 'peer', message: message instanceof Uint8Array ? decodeControl(message) : message });
  }

  after(ms: number): this {
    this.nowMs += ms;
    return this.is({ type: 'tick' });
  }

  counts(sendBits: number, receiveBits = sendBits): this {
    return this.is({ type: 'stock', sendBits, receiveBits, madeAfterMs: this.state.keysMadeAfterMs });
  }

  approves(person: string, request = this.state.request ?? ''): this {
    return this.is({ type: 'approval', person, name: person, roles: ['speaker', 'approver'], request });
  }

  get view() {
    return this.machine.view(this.state);
  }

  get may() {
    return this.machine.permissions(this.state);
  }

  types(): readonly string[] {
    return this.consequences.map(({ type }) => type);
  }
}

/** Two desks and everything that they have said, delivered at once and in order unless a test does otherwise. */
export class Pair {
  readonly beijing: Desk;
  readonly moscow: Desk;
  #epochs = 0;

  constructor(policy: LinePolicy = DEFAULT_POLICY, moscowPolicy = policy) {
    this.beijing = new Desk(1, policy);
    this.moscow = new Desk(2, moscowPolicy);
  }

  get desks(): readonly [Desk, Desk] {
    return [this.beijing, this.moscow];
  }

  /** Both have agreed keys, know each other and have key for so many hours. */
  static running(hours = 48, policy: LinePolicy = DEFAULT_POLICY): Pair {
    const pair = new Pair(policy);
    pair.agree(NOON);
    for (const desk of pair.desks) desk.counts(hoursOfKey(hours, policy)).is({ type: 'emergency-pad', texts: 20 });
    return pair.talk();
  }

  /** A fresh agreement; in it both name the request that both want to reopen, if they do. */
  agree(qkdMadeAtMs: number | null, completedBy: readonly Desk[] = this.desks): this {
    const wants = this.desks.map(({ view }) => view.freshAgreement?.reopens ?? null);
    const reopens = wants[0] === wants[1] ? wants[0]! : null;
    const id = EPOCHS[++this.#epochs]!;
    for (const desk of completedBy) desk.is({ type: 'epoch', id, qkdMadeAtMs, reopens });
    return this;
  }

  /** Everything under way arrives, and what is said in answer, for two seconds. */
  talk(ms = 2_000, stepMs = 100): this {
    for (let passed = 0; passed <= ms; passed += stepMs) {
      for (const [from, to] of [this.desks, this.desks.toReversed() as [Desk, Desk]]) {
        for (const bytes of from.outgoing.splice(0)) to.hears(bytes);
      }
      for (const desk of this.desks) desk.after(stepMs);
    }
    return this;
  }

  /** Both sides agree to reopen, in the usual way. */
  approveAll(): this {
    this.beijing.approves('ann').approves('bob');
    this.moscow.approves('pia').approves('quin');
    return this.talk();
  }

  get levels(): readonly [string, string] {
    return [this.beijing.view.level, this.moscow.view.level];
  }
}

export function only<T extends Consequence['type']>(desk: Desk, type: T): Extract<Consequence, { type: T }> {
  const found = desk.consequences.filter((each): each is Extract<Consequence, { type: T }> => each.type === type);
  assert.equal(found.length, 1, `one ${type} among ${desk.types().join(', ')}`);
  return found[0]!;
}
