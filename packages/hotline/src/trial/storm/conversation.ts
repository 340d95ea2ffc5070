import type { Sealing } from '../../sealed/index.ts';
import { ALICE, BOB, type DeskId, hashesOf, other, type World } from '../world.ts';
import { UsedOnce } from './once.ts';

export const DESKS: readonly DeskId[] = [ALICE, BOB];

/** A desk that died is started again after so long, virtual ms. */
const RESTART_MS = 300;
const STOCK_MS = 500;
const LEASE_ASKED_MS = 300;
const STEP_MS = 100;
const MEET_MS = 30_000;
const LAST_BEATS_MS = 3000;
/** Longer than a desk goes on asking about a file whose end it has missed. */
const SETTLE_MS = 2_400_000;

/** Persons of each desk who agree to reopen. */
const APPROVERS = ['p1', 'p2'];

export interface Offered {
  readonly from: DeskId;
  readonly content: Uint8Array;
  /** The desk has told the person that it keeps it. */
  kept: boolean;
}

/**
 * Two desks and the people at them, who go on whatever happens: they write, send files, take calls, renew leases, approve
 * after an alarm, and start a desk that has died. What they were told is remembered, and held against what came.
 */
export class Conversation {
  readonly world: World;
  readonly once: UsedOnce;
  /** Texts in the order in which they were handed to a desk, by writer. */
  readonly tried: Record<DeskId, string[]> = { [ALICE]: [], [BOB]: [] };
  /** Those that the desk said it keeps. */
  readonly kept: Record<DeskId, Set<string>> = { [ALICE]: new Set(), [BOB]: new Set() };
  readonly offered = new Map<string, Offered>();
  readonly alarms = new Set<string>();
  /** How often people rang; whether the desk came to tell them which call it was, they may never learn. */
  readonly rang: Record<DeskId, number> = { [ALICE]: 0, [BOB]: 0 };
  /** Told before a desk that has died is started again. */
  onRestart: ((id: DeskId) => void) | null = null;
  /** Whether pages of a call ask for their leases by themselves. */
  leases = true;
  /** Told when a page was given leave to let media flow. */
  onLease: ((id: DeskId) => void) | null = null;
  readonly #sealings = new Map<string, Sealing>();
  /** Keys that the page of each desk has of the call under way. */
  readonly #pages: Record<DeskId, { call: string; have: Set<string> }> = {
    [ALICE]: { call: '', have: new Set() },
    [BOB]: { call: '', have: new Set() },
  };
  readonly #starting = new Map<DeskId, { inMs: number; isOpening: boolean }>();
  #ms = 0;

  constructor(world: World) {
    this.world = world;
    this.once = new UsedOnce(world);
  }

  /** Starts both desks and waits until they may write and call. */
  async meet(): Promise<boolean> {
    for (const id of DESKS) this.#starting.set(id, { inMs: 0, isOpening: false });
    return this.until(() => this.isOpen, MEET_MS);
  }

  /** Both desks may do everything. */
  get isOpen(): boolean {
    return DESKS.every((id) => {
      const may = this.world.sites[id].session?.view().may;
      return may?.sealedText.allowed && may.call.allowed;
    });
  }

  /** Nothing is under way any more. */
  get isSettled(): boolean {
    const sessions = DESKS.map((id) => this.world.sites[id].session);
    return (
      this.isOpen &&
      sessions.every((session) => session!.view().waitingTexts === 0) &&
      [...this.offered].every(([fileId, { from, kept }]) => {
        if (!kept) return true;
        const at = (id: DeskId) =>
          this.world
            .session(id)
            .view()
            .files.find((file) => file.id === fileId)?.state;
        return at(from) === 'done' && at(other(from)) === 'done';
      })
    );
  }

  async until(condition: () => boolean, limitMs: number): Promise<boolean> {
    for (let waited = 0; waited < limitMs && !condition(); waited += STEP_MS) await this.run(STEP_MS);
    return condition();
  }

  /** Nothing is under way any more; and a beat later, for what a reader kept back until it knew what will never come. */
  async settle(): Promise<boolean> {
    const settled = await this.until(() => this.isSettled, SETTLE_MS);
    await this.run(LAST_BEATS_MS);
    return settled;
  }

  async run(ms: number): Promise<void> {
    for (let left = ms; left > 0; left -= STEP_MS) {
      for (const id of DESKS) await this.#attend(id);
      await this.world.run(Math.min(STEP_MS, left));
      this.once.look(this.world.wire);
      this.#ms += STEP_MS;
    }
  }

  say(id: DeskId, text: string, sealing: Sealing): void {
    this.tried[id].push(text);
    this.#sealings.set(text, sealing);
    this.world.sites[id].session?.say({ text, sealing, author: 'Ada' }).then(() => this.kept[id].add(text), ignored);
  }

  offer(id: DeskId, bytes: number): void {
    const { session, files } = this.world.sites[id];
    if (!session) return;
    const content = this.world.dice.bytes(bytes);
    const fileId = Buffer.from(this.world.dice.bytes(16)).toString('hex');
    files.set(fileId, content);
    const offered: Offered = { from: id, content, kept: false };
    this.offered.set(fileId, offered);
    session.offerFile({ fileId, name: 'map.png', hashes: hashesOf(content) }).then(() => {
      offered.kept = true;
    }, ignored);
  }

  ring(id: DeskId): void {
    this.rang[id]++;
    this.world.sites[id].session?.ring('video').catch(ignored);
  }

  hangUp(id: DeskId): void {
    const { session } = this.world.sites[id];
    const call = session?.view().call;
    if (call) session!.endCall(call.id, '').catch(ignored);
  }

  /** The page of this desk is loaded anew: it has no keys. */
  reload(id: DeskId): void {
    this.#pages[id].have.clear();
  }

  record(id: DeskId): void {
    this.world.sites[id].session?.record(true).catch(ignored);
  }

  alarm(id: DeskId): void {
    const alarmId = `alarm ${this.alarms.size}`;
    this.alarms.add(alarmId);
    const alarm = { id: alarmId, class: 'tap', foundBy: id, link: 'sky', reason: 'QBER 25 %' } as const;
    this.world.sites[id].session?.alarm({ ...alarm, atMs: this.world.nowMs }).catch(ignored);
  }

  /** Texts of the other desk that either shows. */
  get textsShown(): number {
    return DESKS.reduce((sum, id) => sum + this.world.received(id).length, 0);
  }

  /** Puts a store back: what was kept by then may be lost, or be on one side alone; what is kept from now on arrives. */
  putBack(id: DeskId, copy: ReturnType<World['snapshot']>): void {
    this.world.restore(id, copy);
    for (const writer of DESKS) this.kept[writer].clear();
    for (const offered of this.offered.values()) offered.kept = false;
  }

  /** What must not be, once all has settled. */
  findings(): string[] {
    const { world } = this;
    return [
      ...this.once.findings,
      ...world.overdrawn,
      ...DESKS.flatMap((id) => this.#read(id)),
      ...[...this.offered].flatMap(([fileId, file]) => this.#received(fileId, file)),
      ...DESKS.flatMap((id) => this.#invented(id)),
    ];
  }

  /** Every text that `reader` has: said, once, in order; and none missing that the writer was told is kept. */
  #read(reader: DeskId): string[] {
    const writer = other(reader);
    const read = this.world.received(reader);
    const findings: string[] = [];
    if (new Set(read).size !== read.length) findings.push(`${reader} shows a text twice`);
    const places = read.map((text) => this.tried[writer].indexOf(text));
    if (places.includes(-1)) findings.push(`${reader} shows a text that nobody said`);
    if (places.some((place, at) => place < (places[at - 1] ?? -1))) findings.push(`${reader} shows texts out of order`);
    for (const { direction, text, sealing } of this.world.messages(reader)) {
      if (direction === 'received' && sealing !== this.#sealings.get(text)) {
        findings.push(`${reader} got "${text}" as ${sealing}, which was not asked for`);
      }
    }
    for (const text of this.kept[writer]) {
      if (!read.includes(text)) findings.push(`"${text}" of ${writer} was kept and is lost`);
    }
    return findings;
  }

  #received(fileId: string, { from, content, kept }: Offered): string[] {
    const there = this.world.sites[other(from)];
    const listed = there.session?.view().files.find(({ id }) => id === fileId);
    if (listed?.state !== 'done') {
      return kept ? [`a file of ${from} that was kept is lost: ${listed?.state}`] : [];
    }
    const same = Buffer.compare(there.files.get(fileId) ?? new Uint8Array(0), content) === 0;
    return same ? [] : [`a file of ${from} is not what was sent`];
  }

  /** Files, calls and alarms that nobody began. */
  #invented(id: DeskId): string[] {
    const { session, news } = this.world.sites[id];
    const findings: string[] = [];
    for (const file of session?.view().files ?? []) {
      if (!this.offered.has(file.id)) findings.push(`${id} has a file that nobody offered`);
    }
    const rung = new Map<string, number>();
    for (const one of news) {
      if (one.kind !== 'call' || one.call.direction !== 'incoming') continue;
      if (!rung.has(one.call.id)) rung.set(one.call.id, 0);
      if (one.call.state === 'ringing') rung.set(one.call.id, (rung.get(one.call.id) ?? 0) + 1);
    }
    if (rung.size > this.rang[other(id)]) findings.push(`${id} was called by nobody`);
    for (const times of rung.values()) if (times > 1) findings.push(`${id} was rung ${times} times by one call`);
    for (const { id: alarmId } of session?.view().line.alarms ?? []) {
      if (!this.alarms.has(alarmId)) findings.push(`${id} has an alarm that nobody raised`);
    }
    return findings;
  }

  /** What people and programs of a site do all the time. */
  async #attend(id: DeskId): Promise<void> {
    const { session } = this.world.sites[id];
    if (!session) return this.#revive(id);
    if (this.#ms % STOCK_MS === 0) this.world.tellStock(id).catch(ignored);
    const { call, line } = session.view();
    if (call?.direction === 'incoming' && call.state === 'ringing') session.acceptCall(call.id).catch(ignored);
    if (call && call.state !== 'ringing' && this.#ms % LEASE_ASKED_MS === 0 && this.leases) this.#lease(id, call.id);
    if (line.request === null) return;
    for (const person of APPROVERS) {
      if (line.alarm?.approvals.own.includes(person)) continue;
      session.approve({ id: person, name: person, roles: ['approver'], request: line.request }).catch(ignored);
    }
  }

  #lease(id: DeskId, callId: string): void {
    const page = this.#pages[id];
    if (page.call !== callId) page.have.clear();
    page.call = callId;
    this.world
      .session(id)
      .lease(callId, new Set(page.have))
      .then((lease) => {
        this.once.leased(id, lease);
        this.onLease?.(id);
        for (const { keyId } of lease.keys) page.have.add(keyId);
      }, ignored);
  }

  async #revive(id: DeskId): Promise<void> {
    const starting = this.#starting.get(id) ?? { inMs: RESTART_MS, isOpening: false };
    this.#starting.set(id, starting);
    if (starting.isOpening) return;
    if (starting.inMs > 0) {
      starting.inMs -= STEP_MS;
      return;
    }
    starting.isOpening = true;
    this.onRestart?.(id);
    await this.world.start(id).catch(ignored);
    this.#starting.delete(id);
  }
}

function ignored(): void {}
