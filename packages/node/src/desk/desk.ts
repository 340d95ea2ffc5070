/** The desk of a site: one conversation with the other site's desk, what it keeps, and what its page is told. */
import { randomBytes } from 'node:crypto';
import {
  type AlarmClass,
  type DeskRole,
  HotlineError,
  type KeySource,
  type Lease,
  type RecordDocument,
  recordDocument,
  Session,
  type SessionMessage,
  type SessionNews,
  type SessionOptions,
  type SessionView,
} from '@skykey/hotline';
import type { DeskCall, DeskFile, DeskMessage, DeskState, Sealing } from '@skykey/telemetry';
import { NodeError } from '../error.ts';
import { sweep, sweepSoon } from '../sweep.ts';
import { deskStateOf } from './desk-state.ts';
import { StoreShelf } from './file-shelf.ts';
import type { DeskStore } from './store/index.ts';

const TICK_MS = 100;
/** A session that its store has failed is opened again after so long. */
const REOPEN_MS = 1000;
const SHOWN_MESSAGES = 100;
const EXPIRE_MS = 3_600_000;
const DAY_MS = 86_400_000;
/** The page hears of each message by itself; the whole state, with the newest of them, follows after so long. */
const MESSAGES_MS = 1000;

export interface DeskOptions extends Omit<SessionOptions, 'restored'> {
  readonly siteId: string;
  readonly store: DeskStore;
  readonly keys: KeySource;
  /** To the other desk; may fail, for nothing rests on it. */
  readonly post: (bytes: Uint8Array) => void;
  /** This desk's own clock, ms of UTC: people live in it, also where the mission's clock runs faster. */
  readonly nowMs: () => number;
  /** Key of this link since then is not to be given out. */
  readonly quarantine: (link: string, sinceMs: number) => void;
  readonly journal: (text: string) => void;
  readonly retentionDays: number | null;
}

/** What a page hears besides the state. */
export type DeskNews =
  | { readonly event: 'desk'; readonly data: DeskState }
  | { readonly event: 'message'; readonly data: DeskMessage }
  | { readonly event: 'file'; readonly data: DeskFile }
  | { readonly event: 'call'; readonly data: DeskCall }
  | { readonly event: 'call-signal'; readonly data: { readonly id: string; readonly signal: unknown } }
  | { readonly event: 'call-stop'; readonly data: { readonly reason: string } };

export interface Person {
  readonly id: string;
  readonly name: string;
  readonly roles: readonly DeskRole[];
}

export class Desk {
  readonly #options: DeskOptions;
  readonly #shelf: StoreShelf;
  readonly #listeners = new Set<(news: DeskNews) => void>();
  #session: Session;
  #retentionDays: number | null;
  #opening: Promise<void> | null = null;
  #ticking: NodeJS.Timeout | null = null;
  #stateDue = false;
  /** Since when messages are news that only they have told; null: there are none. */
  #messagesMs: number | null = null;
  #expiredMs = 0;
  #closed = false;

  /** Opens the conversation as it was kept. Rejects with a sentence. */
  static async open(options: DeskOptions): Promise<Desk> {
    const desk: { made: Desk | null } = { made: null };
    const shelf = new StoreShelf(options.store, (fileId) => options.store.files.find(fileId)?.file.bytes ?? 0);
    const session = await openSession(options, shelf, (news) => desk.made?.heard(news));
    desk.made = new Desk(options, shelf, session);
    await desk.made.#dropUnoffered();
    return desk.made;
  }

  private constructor(options: DeskOptions, shelf: StoreShelf, session: Session) {
    this.#options = options;
    this.#shelf = shelf;
    this.#session = session;
    this.#retentionDays = options.retentionDays;
    this.#ticking = setInterval(() => this.#tick(), TICK_MS);
  }

  /** Hears of everything that a page is told. Returns the way to stop. */
  listen(listener: (news: DeskNews) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  state(): DeskState {
    const { siteId, ownName, peerName, store, nowMs } = this.#options;
    return deskStateOf({
      ...{ siteId, name: ownName, peerName },
      view: this.#session.view(),
      retentionDays: this.#retentionDays,
      restored: store.restored,
      messages: store.history.page({ limit: SHOWN_MESSAGES }).messages,
      utcMs: nowMs(),
    });
  }

  /** The emergency pad that was brought needs to be destroyed where it lies. */
  get tookPad(): boolean {
    return this.#session.tookPad;
  }

  view(): SessionView {
    return this.#session.view();
  }

  /** Counts of the site's pools for this desk. */
  async stock(sendBits: number, receiveBits: number): Promise<void> {
    const { keysMadeAfterMs } = this.#session.view().line;
    await this.#session.stock(sendBits, receiveBits, keysMadeAfterMs);
  }

  arrive(bytes: Uint8Array): Promise<void> {
    return this.#session.arrive(bytes);
  }

  /** Something is wrong with the line. Resolves when it is durable; everything has stopped before. */
  alarm(alarm: {
    readonly class: AlarmClass;
    readonly foundBy: string;
    readonly link: string;
    readonly reason: string;
  }): Promise<void> {
    const id = randomBytes(16).toString('hex');
    return this.#session.alarm({ id, ...alarm, atMs: this.#options.nowMs() });
  }

  say(person: Person, text: string, sealing: Sealing): Promise<SessionMessage> {
    return this.#session.say({ text, sealing, author: person.name });
  }

  sayEmergency(person: Person, text: string): Promise<SessionMessage> {
    return this.#session.sayEmergency({ text, author: person.name });
  }

  approve(person: Person, alarmId: string): Promise<void> {
    const { alarm, request } = this.#session.view().line;
    if (request === null || alarm?.id !== alarmId) {
      throw new NodeError('desk/alarm', 'another alarm stands by now, or none: look at the page before you approve');
    }
    return this.#session.approve({ ...person, request });
  }

  async withdraw(person: Person): Promise<void> {
    const { request } = this.#session.view().line;
    if (request !== null) await this.#session.withdraw(person.id, request);
  }

  record(wants: boolean): Promise<void> {
    return this.#session.record(wants);
  }

  /** What was said on the record, with the signatures, for a third. Throws NodeError when this desk has no keys for it. */
  recordDocument(): RecordDocument {
    const { history } = this.#options.store;
    const document = recordDocument(
      { ...this.#options, restored: false },
      this.#session.recordParts,
      (direction, number) => history.find(`${direction}/${number}`),
    );
    if (!document) throw new NodeError('desk/record', 'this desk has no keys to sign a record with, so there is none');
    return document;
  }

  /** An operator has looked through what a restored store does not know: persons above all. */
  async noted(): Promise<void> {
    await this.#session.noted();
    await this.#options.store.settleRestored();
    this.#stateDue = true;
  }

  /** Takes a file in and offers it. `pieces` must be `bytes` bytes in all. */
  async sendFile(name: string, bytes: number, pieces: AsyncIterable<Uint8Array>): Promise<DeskFile> {
    const { may } = this.#session.view();
    if (!may.file.allowed) throw new HotlineError('hotline/not-permitted', may.file.reason);
    const { store, nowMs } = this.#options;
    const fileId = randomBytes(16).toString('hex');
    const row: DeskFile = {
      ...{ id: fileId, direction: 'sent', name, bytes, doneBytes: 0, utcMs: nowMs() },
      ...{ state: 'offered', reason: null, sha256: null },
    };
    await store.commit({ files: [{ file: row, progress: new Uint8Array(0) }] });
    try {
      const hashes = await this.#shelf.takeIn(fileId, bytes, pieces);
      return await this.#session.offerFile({ fileId, name, hashes });
    } catch (error) {
      await this.#shelf.discard(fileId).catch(() => undefined);
      await store.commit({ removedFiles: [fileId] }).catch(() => undefined);
      throw error;
    }
  }

  steerFile(fileId: string, what: 'pause' | 'resume' | 'cancel'): Promise<void> {
    return this.#session.steerFile(fileId, what);
  }

  /** A file that has arrived whole. One that is sent is here for its transfer alone. Throws NodeError. */
  readFile(fileId: string): { readonly file: DeskFile; readonly content: AsyncIterable<Uint8Array> } {
    const file = this.#options.store.files.find(fileId)?.file;
    if (file?.direction !== 'received' || file.state !== 'done') {
      throw new NodeError('desk/no-such-file', 'this file is not here, or not whole yet');
    }
    return { file, content: this.#shelf.stream(fileId) };
  }

  /** `sealed`: voice by one-time pad. Rejects with the sentence when that may not be. */
  ring(kind: DeskCall['kind'], sealing: Sealing = 'hybrid'): Promise<DeskCall> {
    return this.#session.ring(kind, sealing);
  }

  acceptCall(id: string): Promise<DeskCall> {
    return this.#session.acceptCall(id);
  }

  endCall(id: string, reason: string): Promise<void> {
    return this.#session.endCall(id, reason);
  }

  signalCall(id: string, signal: unknown): Promise<void> {
    return this.#session.signalCall(id, JSON.stringify(signal));
  }

  lease(id: string, have: readonly string[]): Promise<Lease> {
    return this.#session.lease(id, new Set(have));
  }

  page(before: string | undefined, limit: number): readonly DeskMessage[] {
    return this.#options.store.history.page({ ...(before === undefined ? {} : { before }), limit }).messages;
  }

  async search(query: string, limit: number): Promise<readonly DeskMessage[]> {
    return (await this.#options.store.history.search(query, { limit })).messages;
  }

  async retain(days: number | null): Promise<void> {
    this.#retentionDays = days;
    await this.#options.store.commit({ puts: [['desk/retention', Buffer.from(JSON.stringify(days))]] });
    await this.#expire(this.#options.nowMs());
  }

  async close(): Promise<void> {
    this.#closed = true;
    if (this.#ticking) clearInterval(this.#ticking);
    await this.#opening;
    await this.#session.close();
    await this.#shelf.close();
  }

  heard(news: SessionNews): void {
    // Words, and keys of a call on their way to the page, are strings for a moment.
    sweepSoon();
    switch (news.kind) {
      case 'state':
        this.#stateDue = true;
        return;
      case 'message':
        this.#messagesMs ??= this.#options.nowMs();
        this.#tell({ event: 'message', data: news.message });
        return;
      case 'file':
        this.#tell({ event: 'file', data: news.file });
        return;
      case 'call':
        this.#stateDue = true;
        this.#tell({ event: 'call', data: news.call });
        return;
      case 'call-signal':
        this.#tell({ event: 'call-signal', data: { id: news.callId, signal: JSON.parse(news.signal) } });
        return;
      case 'call-stop':
        this.#tell({ event: 'call-stop', data: { reason: news.reason } });
        return;
      case 'quarantine':
        this.#tellState();
        this.#options.quarantine(news.link, news.sinceMs);
        return;
      case 'journal':
        this.#options.journal(news.text);
        return;
    }
  }

  /** Files that were being taken in when the process ended: nobody knows of them any more. */
  async #dropUnoffered(): Promise<void> {
    const { store } = this.#options;
    const known = new Set(this.#session.view().files.map(({ id }) => id));
    const removedFiles = store.files
      .list()
      .filter(({ file }) => file.direction === 'sent' && file.state === 'offered' && !known.has(file.id))
      .map(({ file }) => file.id);
    if (removedFiles.length > 0) await store.commit({ removedFiles });
  }

  #tick(): void {
    const nowMs = this.#options.nowMs();
    if (this.#session.broken) {
      this.#reopen();
      return;
    }
    this.#session.tick().catch(() => undefined);
    const since = this.#messagesMs;
    if (this.#stateDue || (since !== null && Math.abs(nowMs - since) >= MESSAGES_MS)) this.#tellState();
    if (Math.abs(nowMs - this.#expiredMs) >= EXPIRE_MS) void this.#expire(nowMs).catch(() => undefined);
  }

  async #expire(nowMs: number): Promise<void> {
    this.#expiredMs = nowMs;
    const { store } = this.#options;
    const days = this.#retentionDays;
    // Whole days go, so what is younger than the retention may stay a little longer here.
    const beforeMs = days === null ? null : (Math.floor(nowMs / DAY_MS) - days) * DAY_MS;
    // A session that stands still keeps no words from ending; it forgets the next time.
    if (beforeMs !== null) await this.#session.forgetRecord(beforeMs).catch(() => undefined);
    await store.expire(nowMs, days);
    if (beforeMs !== null) await this.#forgetFiles(beforeMs);
    // What has ended is let go of, and what was let go of is overwritten.
    sweep();
    this.#stateDue = true;
  }

  /** Files that came before, and that the store has ended: the session's list, and what is held open of them, go too. */
  async #forgetFiles(beforeMs: number): Promise<void> {
    const { files } = this.#session.view();
    const gone = files
      .filter(({ id, utcMs }) => utcMs < beforeMs && this.#options.store.files.find(id) === undefined)
      .map(({ id }) => id);
    if (gone.length === 0) return;
    await this.#session.forgetFiles(gone);
    for (const id of gone) await this.#shelf.discard(id);
  }

  /** What a disk refused may be on it or not: only what is there counts. */
  #reopen(): void {
    if (this.#opening || this.#closed) return;
    const { journal } = this.#options;
    journal(`the conversation stands still: ${this.#session.broken!.message}`);
    this.#opening = (async () => {
      await this.#session.close();
      await new Promise((resolve) => setTimeout(resolve, REOPEN_MS));
      if (this.#closed) return;
      this.#session = await openSession({ ...this.#options, emergencyPad: null }, this.#shelf, (news) =>
        this.heard(news),
      );
      journal('the conversation goes on');
    })()
      .catch((error: Error) => journal(`the conversation cannot go on: ${error.message}`))
      .finally(() => {
        this.#opening = null;
      });
  }

  #tellState(): void {
    this.#stateDue = false;
    this.#messagesMs = null;
    if (this.#listeners.size > 0) this.#tell({ event: 'desk', data: this.state() });
  }

  #tell(news: DeskNews): void {
    for (const listener of this.#listeners) listener(news);
  }
}

async function openSession(
  options: DeskOptions,
  shelf: StoreShelf,
  tell: (news: SessionNews) => void,
): Promise<Session> {
  const { store, keys, post, nowMs } = options;
  return Session.open(
    { ...options, restored: store.restored },
    {
      store: {
        load: async () => store.all('session/'),
        commit: ({ puts, messages, files }) => {
          const written = [...puts].flatMap(([name, bytes]) => (bytes ? [[name, bytes] as const] : []));
          return store.commit({
            puts: written,
            deletes: [...puts].flatMap(([name, bytes]) => (bytes ? [] : [name])),
            messages,
            files: files.map((file) => ({ file, progress: new Uint8Array(0) })),
          });
        },
      },
      files: shelf,
      random: (bytes) => new Uint8Array(randomBytes(bytes)),
      nowMs: nowMs,
      ...{ keys, post, tell },
    },
  );
}
