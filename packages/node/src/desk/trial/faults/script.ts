/**
 * A day of two desks in a few seconds. Every step is tried again until it has come about, so that a fault in any of them is
 * a fault in the middle of a day that goes on.
 */
import { createHash, randomBytes } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import type { DeskCall, DeskState, Sealing } from '@skykey/telemetry';
import { type Ledger, otherSide, SIDES, type Side } from './ledger.ts';
import { isAnswer, isLive, PATIENCE_MS, type TrialDesk, UNANSWERED } from './trial-desk.ts';

const FILE_BYTES = 300_000;
/** Past the age at which an epoch is renewed (0.8 and 0.9 of 600 s). */
const RENEWAL_MS = 560_000;
const AGAIN_MS = 50;
/** A file that has lost a message asks again after 30 s at most. */
const FILE_PATIENCE_MS = 45_000;

interface LeasedKey {
  readonly keyId: string;
  readonly use: 'send' | 'receive';
  readonly baseKey: string;
}

export interface ScriptOptions {
  readonly desks: Readonly<Record<Side, TrialDesk>>;
  readonly ledger: Ledger;
  /** For the file that is sent. */
  readonly folder: string;
  /** Starts b a second time, with the faults that are for this life. */
  readonly startAgain: () => Promise<void>;
}

export class Script {
  readonly #desks: ScriptOptions['desks'];
  readonly #ledger: Ledger;
  readonly #folder: string;
  readonly #startAgain: () => Promise<void>;
  #texts = 0;
  #files = 0;
  /** Sides at which enough persons have been asked to open the line again. */
  readonly #approved = new Set<Side>();

  constructor({ desks, ledger, folder, startAgain }: ScriptOptions) {
    this.#desks = desks;
    this.#ledger = ledger;
    this.#folder = folder;
    this.#startAgain = startAgain;
  }

  /** After both were started: words, a copy of the stores, a file, a call, a renewal, a start, an alarm, words again. */
  async play(): Promise<void> {
    await this.#allowed();
    await this.#say('a', 'hybrid');
    await this.#say('b', 'sealed');
    await this.#say('a', 'sealed');
    await this.#say('b', 'hybrid');
    for (const side of SIDES) this.#desks[side].copyStore();
    await this.#sendFile('a');
    await this.#callOnce();
    await this.#renew();
    await this.#say('a', 'sealed');
    await this.#say('b', 'sealed');
    await this.#desks.b.stop();
    await this.#startAgain();
    await this.#allowed();
    await this.#say('b', 'hybrid');
    await this.#alarmAndReopen();
    await this.#say('a', 'hybrid');
    await this.#say('b', 'sealed');
    await this.#settled();
    for (const side of SIDES) if (this.#desks[side].isTraced) await this.#desks[side].stop();
  }

  /** After a start of a life that no fault is for, everything is as it was left, and goes on. */
  async verify(): Promise<void> {
    await this.#allowed();
    for (const side of SIDES) await this.#say(side, 'sealed');
    await this.#settled();
    for (const side of SIDES) {
      const desk = this.#desks[side];
      const { files, messages } = await desk.state();
      this.#ledger.history(side, messages);
      const contents = new Map<string, string>();
      for (const { id, state, direction } of files) {
        if (state !== 'done' || direction !== 'received') continue;
        const sha256 = await desk.ask(async (client) => hashOf(await client.file(id)));
        contents.set(id, isAnswer(sha256) ? sha256 : 'unreadable');
      }
      this.#ledger.filesOf(side, files, contents);
    }
  }

  /** Until both may send sealed texts. */
  async #allowed(): Promise<void> {
    await Promise.all(SIDES.map((side) => this.#desks[side].ensure()));
    for (const side of SIDES) {
      const state = await this.#desks[side].askUntil(
        (client) => client.state(),
        ({ may }) => may.sealedText.allowed && may.call.allowed,
      );
      if (!state) throw new Error(`${side} may not send: ${(await this.#desks[side].state()).line.reason}`);
    }
  }

  /** Until one was kept: each attempt has its own words. */
  async #say(side: Side, sealing: Sealing): Promise<void> {
    const untilMs = Date.now() + PATIENCE_MS;
    for (;;) {
      const text = `text ${++this.#texts} of ${side}, ${sealing}`;
      const keep = this.#ledger.saying(side, text);
      const asked = await this.#desks[side].ask((client) => client.say(text, sealing));
      if (isAnswer(asked)) {
        keep();
        this.#ledger.message(side, asked);
        return;
      }
      if (Date.now() > untilMs) throw new Error(`${side} takes no text any more: ${whyNot(asked)}`);
      await pause(AGAIN_MS);
    }
  }

  async #sendFile(side: Side): Promise<void> {
    const untilMs = Date.now() + PATIENCE_MS;
    for (;;) {
      const name = `file ${++this.#files} of ${side}`;
      const content = randomBytes(FILE_BYTES);
      const path = join(this.#folder, name);
      writeFileSync(path, content);
      const keep = this.#ledger.file(side, name, content);
      const asked = await this.#desks[side].ask((client) => client.sendFile(path));
      if (isAnswer(asked)) {
        keep();
        return;
      }
      if (Date.now() > untilMs) throw new Error(`${side} takes no file any more: ${whyNot(asked)}`);
      await pause(AGAIN_MS);
    }
  }

  /** b rings, a accepts, both pages ask for leave and keys, one of them is loaded anew, b ends. */
  async #callOnce(): Promise<void> {
    const untilMs = Date.now() + PATIENCE_MS;
    while (!(await this.#callTried())) {
      if (Date.now() > untilMs) throw new Error('no call comes about any more');
      await pause(AGAIN_MS);
    }
  }

  async #callTried(): Promise<boolean> {
    const { a, b } = this.#desks;
    for (const desk of [a, b]) {
      const { call } = await desk.state();
      if (isLive(call)) await desk.ask((client) => client.post('/api/call/end', { id: call.id }));
    }
    const rung = await b.ask((client) => client.post('/api/call', { kind: 'voice' }) as Promise<DeskCall>);
    if (!isAnswer(rung)) return false;
    const { id } = rung;
    const stands = (desk: TrialDesk, state: DeskCall['state']): Promise<DeskState | null> =>
      desk.askUntil(
        (client) => client.state(),
        ({ call }) => call?.id === id && (call.state === state || call.state === 'ended'),
        { patienceMs: 3000 },
      );
    if ((await stands(a, 'ringing'))?.call?.state !== 'ringing') return false;
    if (!isAnswer(await a.ask((client) => client.post('/api/call/accept', { id })))) return false;
    if ((await stands(b, 'connecting'))?.call?.state !== 'connecting') return false;
    const keysOfA = await this.#lease(a, id, []);
    const keysOfB = await this.#lease(b, id, []);
    if (!keysOfA || !keysOfB) return false;
    const toPlay = new Set(keysOfA.filter(({ use }) => use === 'receive').map(({ baseKey }) => baseKey));
    if (!keysOfB.some(({ use, baseKey }) => use === 'send' && toPlay.has(baseKey)))
      this.#ledger.wrong('the pages of a call have no key in common');
    if ((await this.#lease(a, id, keysOfA))?.some(({ use }) => use === 'send'))
      this.#ledger.wrong('a page that has its keys for sending was given others');
    if (!(await this.#lease(b, id, []))) return false;
    const signalled = await a.ask((client) => client.post('/api/call/signal', { id, signal: { candidate: 'none' } }));
    const ended = await b.ask((client) => client.post('/api/call/end', { id, reason: 'said all' }));
    return isAnswer(signalled) && isAnswer(ended);
  }

  async #lease(desk: TrialDesk, id: string, have: readonly LeasedKey[]): Promise<readonly LeasedKey[] | null> {
    const body = { id, session: 'a page', have: have.map(({ keyId }) => keyId) };
    const leased = await desk.ask(
      (client) => client.post('/api/call/lease', body) as Promise<{ keys: readonly LeasedKey[] }>,
    );
    if (!isAnswer(leased)) return null;
    for (const { use, baseKey } of leased.keys) if (use === 'send') this.#ledger.mediaKey(baseKey);
    return leased.keys;
  }

  /** Both clocks are put on, so that the keys are due. */
  async #renew(): Promise<void> {
    const before = (await this.#desks.b.state()).safety.phrase;
    for (const side of SIDES) this.#desks[side].setClock(this.#desks[side].aheadMs + RENEWAL_MS);
    for (const side of SIDES) {
      const renewed = await this.#desks[side].askUntil(
        (client) => client.state(),
        ({ safety }) => safety.phrase !== null && safety.phrase !== before,
      );
      if (!renewed) throw new Error(`the keys of ${side} were not renewed`);
    }
  }

  async #alarmAndReopen(): Promise<void> {
    const { a, b } = this.#desks;
    const raised = await a.askUntil(
      (client) => client.post('/api/alarm/raise', { reason: 'a trial' }),
      () => true,
    );
    if (raised === null) throw new Error('no alarm can be raised any more');
    a.mustBeBlack = true;
    for (const side of SIDES) {
      const black = await this.#desks[side].askUntil(
        (client) => client.state(),
        ({ line }) => line.level === 'black',
      );
      if (!black) throw new Error(`${side} is not black after an alarm`);
    }
    b.mustBeBlack = true;
    for (const side of SIDES) {
      const text = `text ${++this.#texts} of ${side} under an alarm`;
      const asked = await this.#desks[side].ask((client) => client.say(text, 'hybrid'));
      if (isAnswer(asked)) this.#ledger.wrong(`${side} took a text under an alarm`);
    }
    const untilMs = Date.now() + PATIENCE_MS;
    for (;;) {
      const states = { a: await a.state(), b: await b.state() };
      if (SIDES.every((side) => states[side].line.level !== 'black')) return;
      for (const side of SIDES) await this.#approve(this.#desks[side], states[side]);
      if (Date.now() > untilMs) throw new Error(`the line is not opened again: ${states.a.line.reason}`);
      await pause(AGAIN_MS);
    }
  }

  async #approve(desk: TrialDesk, { line }: DeskState): Promise<void> {
    const { alarm } = line;
    if (alarm === null || alarm.approvals.own.length >= alarm.needed) return;
    for (const person of [0, 1]) {
      // From the last word on it may be open at any moment.
      if (person === 1) this.#approved.add(desk.side);
      if (this.#approved.size === SIDES.length) for (const side of SIDES) this.#desks[side].mustBeBlack = false;
      await desk.ask((client) => client.post('/api/alarm/approve', { alarmId: alarm.id }), person);
    }
  }

  /** A file that waits for room says so, and goes on when a person has made some. */
  async #resume(): Promise<void> {
    for (const side of SIDES) {
      const { files } = await this.#desks[side].state();
      for (const { id, name, state, reason } of files) {
        if (state !== 'paused') continue;
        if (!reason) this.#ledger.wrong(`the file ${name} waits at ${side}, and nobody is told for what`);
        await this.#desks[side].ask((client) => client.post(`/api/files/${id}/resume`, {}));
      }
    }
  }

  /** Until the other desk keeps every text, and every file has ended. */
  async #settled(): Promise<void> {
    await this.#resume();
    for (const side of SIDES) {
      const settled = await this.#desks[side].askUntil(
        (client) => client.state(),
        ({ messages, files }) =>
          messages.every(
            ({ direction, state }) => direction === 'received' || ['delivered', 'refused'].includes(state),
          ) && files.every(({ state }) => !['offered', 'running', 'paused'].includes(state)),
        { patienceMs: FILE_PATIENCE_MS },
      );
      if (!settled) {
        const { messages, files } = await this.#desks[side].state();
        const open = messages.filter(({ direction, state }) => direction === 'sent' && state !== 'delivered');
        const under = files.filter(({ state }) => ['offered', 'running', 'paused'].includes(state));
        for (const { text, state } of open)
          this.#ledger.wrong(`"${text}" is still ${state} at ${otherSide(side)}'s peer`);
        for (const { name, state } of under) this.#ledger.wrong(`the file ${name} is still ${state} at ${side}`);
        return;
      }
    }
  }
}

const whyNot = (asked: unknown): string =>
  asked === UNANSWERED ? 'no answer' : (asked as { readonly sentence: string }).sentence;

async function hashOf(stream: ReadableStream<Uint8Array>): Promise<string> {
  const hash = createHash('sha256');
  for await (const part of stream) hash.update(part);
  return hash.digest('hex');
}
