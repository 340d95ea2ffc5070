import type { JournalEntry, PoisonReport, Vault, VaultTransaction } from '@skykey/vault';
import { Alarms, type LinkAlarm } from '../alarm.ts';
import { KmeError } from '../error.ts';
import { peerLane } from '../lanes.ts';
import { ascii, sentence, startsWith } from '../peer/frame.ts';
import {
  type AlarmClass,
  type AlarmMessage,
  decodeMessage,
  encodeMessage,
  type KeyMessage,
  type PeerAnswer,
  type PeerMessage,
  shorten,
} from '../peer/message.ts';
import { Peer, type PeerLink } from '../peer/peer.ts';
import { Reader, Writer } from '../peer/wire.ts';
import { acceptCombine, combinations, combineMessage, combineWays, settleCombine } from './combine.ts';
import {
  answerConfirmation,
  askConfirmation,
  type Confirmation,
  endsOf,
  isConfirmedBlock,
  settleConfirmation,
} from './confirm.ts';
import {
  acceptJoin,
  forgetRefusal,
  forgetRefusalsBefore,
  type JoinEnd,
  type JoinRecord,
  joinEnds,
  joinsFor,
  settleJoin,
  tellDiscard,
} from './join.ts';

/** What a node does with the key that it shares with others, besides handing it out. */
export interface RelayPlan {
  /** Links that this node joins. Of both keys so many bytes stay for its own use. */
  readonly joins: readonly { readonly left: JoinEnd; readonly right: JoinEnd; readonly keepBytes?: number }[];
  /** Ways that it combines in its own direction, until so many bytes of their combination wait to be used. */
  readonly combinations: readonly {
    readonly peer: string;
    readonly ways: readonly string[];
    readonly targetBytes: number;
  }[];
}

export interface ExchangeOptions {
  readonly vault: Vault;
  /** This node: a site or a satellite. */
  readonly self: string;
  /** Nodes that it may hear from, and how it reaches them. */
  readonly peers: readonly { readonly node: string; readonly link: PeerLink }[];
  /** A random UUID, version 4. */
  readonly uuid: () => string;
  readonly now: () => number;
  readonly plan?: RelayPlan;
  /** Messages that concern applications; a node without applications refuses them. */
  readonly apply?: (tx: VaultTransaction, from: string, message: KeyMessage) => Promise<PeerAnswer>;
  readonly hear?: (from: string, topic: string, body: Uint8Array) => Promise<PeerAnswer>;
  /** Key has come by a join or a combination, or an alarm has changed what there is. */
  readonly onChange?: () => void;
  /** A link is under alarm, and nobody gets what rested on it any more: in the turn in which that became durable. */
  readonly onAlarm?: (alarm: LinkAlarm) => void;
}

/** What a call of `flush` did, and what still waits. */
export interface FlushReport {
  readonly joined: number;
  readonly confirmed: number;
  readonly combined: number;
  readonly told: number;
  /** Why something still waits, by peer, in a sentence. */
  readonly waiting: ReadonlyMap<string, string>;
}

/** A flood of forged messages fills the journal no faster than this. */
const JOURNAL_PAUSE_MS = 60_000;
/** Blocks that are confirmed with one peer in one flush. */
const MAX_CONFIRMED = 64;

/** Steps of a thousand pieces in which a flush overwrites key. */
const OVERWRITE_STEPS = 16;

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
const MONTH_MS = 30 * DAY_MS;
const CONFIRM = 'confirm/';

const outboxTopic = (node: string): string => `urgent/${node}`;

/**
 * One node of the relay network, site or satellite, and its conversations: it joins links as its plan says, confirms what
 * others have joined for it, combines ways, and passes alarms on to everybody it knows. A core without I/O: `handle` for
 * what comes, `flush` on every tick.
 */
export class Exchange {
  readonly alarms: Alarms;
  readonly #options: ExchangeOptions;
  readonly #vault: Vault;
  readonly #peers: ReadonlyMap<string, Peer>;
  #plan: RelayPlan;
  #flushing: Promise<FlushReport> | undefined;
  readonly #telling = new Map<string, { readonly round: Promise<void>; next?: Promise<void> }>();
  /** Messages of the outbox told since the last flush. */
  #told = 0;
  /** An alarm was heard that others must hear of. */
  #hasNews = false;
  #tidyAtMs = Number.NEGATIVE_INFINITY;
  #journalPausedUntilMs = Number.NEGATIVE_INFINITY;

  /** Throws KmeError `kme/argument`. */
  constructor(options: ExchangeOptions) {
    const { vault, self, peers, now, plan = { joins: [], combinations: [] } } = options;
    this.#options = options;
    this.#vault = vault;
    this.#plan = plan;
    this.alarms = new Alarms({ vault, self, now });
    this.#peers = new Map(peers.map(({ node, link }) => [node, new Peer({ vault, self, peer: node, link })]));
    if (this.#peers.size < peers.length || this.#peers.has(self)) {
      throw new KmeError('kme/argument', `the peers of ${self} must differ from each other and from itself`);
    }
  }

  peer(node: string): Peer | undefined {
    return this.#peers.get(node);
  }

  /** What is joined and combined from now on. */
  setPlan(plan: RelayPlan): void {
    this.#plan = plan;
  }

  // What comes

  /** Answers a message of another node. Never rejects; what is not authentic has no effect. */
  async handle(message: Uint8Array): Promise<Uint8Array> {
    try {
      if (startsWith(message, 'SKC1')) return await this.#confirm(message);
      const from = new Reader(message).magic('SKQ2').text();
      const peer = this.#peers.get(from);
      if (!peer) throw new KmeError('kme/not-for-us', `${this.#options.self} does not know the node ${from}`);
      const heard: LinkAlarm[] = [];
      const { answer, refused } = await peer.receive(
        message,
        (tx, content) => this.#apply(tx, from, content, heard),
        async (topic, body) => (await this.#options.hear?.(from, topic, body)) ?? refusedTopic(topic),
      );
      for (const alarm of heard) this.#options.onAlarm?.(alarm);
      if (refused !== undefined) await this.#noteRefused(from, refused);
      if (this.#hasNews) this.#spread();
      return answer;
    } catch (error) {
      await this.#noteRefused('somebody', error);
      return new Writer().raw(ascii('SKR1')).text('this is no message for this node').finish();
    }
  }

  async #apply(tx: VaultTransaction, from: string, message: PeerMessage, heard: LinkAlarm[]): Promise<PeerAnswer> {
    const self = this.#options.self;
    switch (message.kind) {
      case 'alarm':
        return this.#hearAlarm(tx, from, message, heard);
      case 'join': {
        const answer = await acceptJoin(tx, { self, from, nowMs: this.#options.now() }, message);
        if (answer.status === 'refused')
          await this.note(tx, 'warning', `a join by ${from} was refused: ${answer.reason}`);
        return answer;
      }
      case 'combine':
        return acceptCombine(tx, { self, from }, message);
      case 'discard':
        return this.#acceptDiscard(tx, from, message.blockId);
      case 'word':
        return refusedTopic(message.topic);
      default:
        return (
          (await this.#options.apply?.(tx, from, message)) ?? {
            status: 'refused',
            reason: `${self} serves no applications`,
          }
        );
    }
  }

  /** Whoever has held a block may say that it is not worth keeping: he could have spoiled it as well. */
  async #acceptDiscard(tx: VaultTransaction, from: string, blockId: string): Promise<PeerAnswer> {
    await forgetRefusal(tx, blockId);
    const block = isConfirmedBlock(blockId) ? await tx.block(blockId) : undefined;
    if (block?.state !== 'held') return { status: 'accepted' };
    if (!block.labels.routes.flat().includes(from)) {
      return { status: 'refused', reason: `${from} is none of the nodes that have held ${blockId}` };
    }
    await tx.discard(blockId);
    await tx.forget(`${CONFIRM}${blockId}`);
    await this.note(tx, 'warning', `${from} says that the other end does not hold ${blockId}: it was discarded`);
    return { status: 'accepted' };
  }

  async #hearAlarm(tx: VaultTransaction, from: string, message: AlarmMessage, heard: LinkAlarm[]): Promise<PeerAnswer> {
    const { link, foundBy, state, reason, class: found } = message;
    let report: PoisonReport | undefined;
    try {
      const speakers = state === 'open' && foundBy !== from ? await this.#speakers(tx, from) : new Set([from]);
      report = await tx.atomically(() => this.alarms.hear(tx, message, from, speakers));
    } catch (error) {
      if (!(error instanceof KmeError)) throw error;
      await this.note(tx, 'warning', `a message of ${from} was refused: ${error.message}`);
      return { status: 'refused', reason: shorten(error.message) };
    }
    if (!report) return { status: 'accepted' };
    if (state === 'open') await this.note(tx, 'info', `${foundBy} has reopened ${link}`);
    else {
      const what = `${report.bits} undelivered bits and ${report.keys} keys overwritten`;
      await this.note(tx, 'alarm', `${foundBy} reports an alarm on ${link}: ${reason}; ${what}`);
    }
    await this.#tellAll(tx, message, from);
    this.#hasNews = true;
    if (state === 'dropped')
      heard.push({ link, reason, sinceMs: message.atMs, foundBy, ...(found && { class: found }) });
    return { status: 'accepted' };
  }

  /** Nodes that could tell this one something: a line without pads brings no news. */
  async #speakers(tx: VaultTransaction, from: string): Promise<ReadonlySet<string>> {
    const speakers = new Set([from]);
    for (const node of this.#peers.keys()) {
      if ((await tx.pads(peerLane(node, this.#options.self)).left()) > 0) speakers.add(node);
    }
    return speakers;
  }

  async #confirm(message: Uint8Array): Promise<Uint8Array> {
    const { answer, blockId, outcome, news, forged } = await this.#vault.atomically(async (tx) => {
      const decided = await answerConfirmation(tx, this.#options.self, message);
      if (decided.news) await this.#noteSettled(tx, decided.blockId, decided.outcome);
      return decided;
    });
    if (forged)
      await this.#noteRefused('somebody', new KmeError('kme/forged', `the question about ${blockId} is not authentic`));
    if (news) await this.#settled(blockId, outcome);
    return answer;
  }

  // Alarms

  /**
   * The alarm of a quantum link of this node: closes it, overwrites everything undelivered that rests on it, and has
   * every other node do so: the frames that tell them leave as soon as it is durable. Rejects when the vault refuses; the
   * link is closed all the same.
   */
  async raiseAlarm(link: string, reason: string, found?: AlarmClass): Promise<PoisonReport> {
    const told = shorten(reason);
    const ofClass = found && { class: found };
    const report = await this.alarms.raise(link, { reason: told, ...ofClass }, async (tx, message) => {
      await this.#tellAll(tx, message);
      await this.note(tx, 'alarm', `alarm on ${link}: ${told}`);
    });
    this.#options.onAlarm?.({
      link,
      reason: told,
      sinceMs: this.#options.now(),
      foundBy: this.#options.self,
      ...ofClass,
    });
    this.#spread();
    this.#options.onChange?.();
    return report;
  }

  /** The operator takes a link back into service. False when this node had no alarm on it. */
  async reopen(link: string): Promise<boolean> {
    const had = await this.alarms.reopen(link, async (tx, message) => {
      await this.#tellAll(tx, message);
      await this.note(tx, 'info', `${link} reopened`);
    });
    if (had) {
      this.#spread();
      this.#options.onChange?.();
    }
    return had;
  }

  listAlarms(): Promise<LinkAlarm[]> {
    return this.#vault.atomically((tx) => this.alarms.list(tx));
  }

  async #tellAll(tx: VaultTransaction, message: PeerMessage, but?: string): Promise<void> {
    for (const node of this.#peers.keys()) if (node !== but) await this.tellUrgently(tx, node, message);
  }

  /** Puts a message into the outbox: it reaches the peer however often this process is killed. */
  async tellUrgently(tx: VaultTransaction, node: string, message: PeerMessage): Promise<void> {
    await tx.outbox.add(outboxTopic(node), encodeMessage(message, this.#options.self, node));
  }

  /** Sends what waits in the outbox, to each peer by itself. Whoever is not there hears of it by a later flush. */
  #spread(): void {
    this.#hasNews = false;
    for (const peer of this.#peers.values()) this.#tellOutbox(peer).catch(() => undefined);
  }

  // What is to be done

  /**
   * Does what waits: tells alarms and voids first, then joins; confirms joined blocks; combines. For every tick; a call
   * while one runs joins it. Peers are served side by side, so that one who is away keeps nobody waiting. Never rejects.
   */
  flush(): Promise<FlushReport> {
    this.#flushing ??= this.#flush().finally(() => {
      this.#flushing = undefined;
    });
    return this.#flushing;
  }

  async #flush(): Promise<FlushReport> {
    const done = { joined: 0, confirmed: 0, combined: 0 };
    const waiting = new Map<string, string>();
    await this.#attempt(this.#options.self, waiting, () => this.#overwrite());
    await this.#attempt(this.#options.self, waiting, () => this.#tidy());
    // What the vault refused to take down is known to nobody else yet.
    for (const { link, reason, class: found } of this.alarms.unsaved()) {
      await this.#attempt(this.#options.self, waiting, () =>
        this.raiseAlarm(link, reason, found).then(() => undefined),
      );
    }
    for (const join of this.#plan.joins) {
      await this.#attempt(this.#options.self, waiting, () => this.#join(join, done));
    }
    await Promise.all(
      [...this.#peers.values()].map((peer) =>
        this.#attempt(peer.id, waiting, async () => {
          let untold: unknown;
          try {
            await this.#tellOutbox(peer);
            await this.#tellJoins(peer);
          } catch (error) {
            untold = error;
          }
          // Confirmations prove themselves, and bring the pads that what is untold may be waiting for.
          await this.#confirmBlocks(peer, done);
          if (untold !== undefined) throw untold;
          await this.#combine(peer, done);
        }),
      ),
    );
    const told = this.#told;
    this.#told = 0;
    return { ...done, told, waiting };
  }

  async #attempt(node: string, waiting: Map<string, string>, work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (error) {
      waiting.set(node, sentence(error));
    }
  }

  async #join({ left, right, keepBytes = 0 }: RelayPlan['joins'][number], done: { joined: number }): Promise<void> {
    const { self, uuid, now } = this.#options;
    for (;;) {
      const record = await this.#vault.atomically(async (tx) => {
        const made = await joinEnds(tx, { joinId: uuid(), self, left, right, utcMs: now(), keepBytes });
        if (made)
          await this.note(tx, 'info', `joined ${made.bits} bits of ${left.node} and ${right.node}; erased here`);
        return made;
      });
      if (!record) return;
      done.joined++;
    }
  }

  /** One round after the other with each peer: two at once would tell everything twice. */
  #tellOutbox(peer: Peer): Promise<void> {
    const current = this.#telling.get(peer.id);
    if (!current) return this.#beginRound(peer);
    // What has come since the round began is told by the next one, which is one for all who ask meanwhile. When the peer
    // does not answer, that waits for another flush.
    current.next ??= current.round.then(() => this.#tellOutbox(peer));
    return current.next;
  }

  #beginRound(peer: Peer): Promise<void> {
    const round = this.#tellRound(peer).finally(() => this.#telling.delete(peer.id));
    this.#telling.set(peer.id, { round });
    return round;
  }

  async #tellRound(peer: Peer): Promise<void> {
    const { self } = this.#options;
    const entries = await this.#vault.atomically((tx) => tx.outbox.list(outboxTopic(peer.id)), peer.id);
    await all(
      entries.map(async ({ id, body }) => {
        const message = decodeMessage(body, self, peer.id);
        await peer.request({
          urgent: true,
          ...(message.kind === 'alarm' && { alarm: `${id}` }),
          build: async () => message,
          settle: async (tx, answer) => {
            await tx.outbox.remove(id);
            if (answer.status !== 'accepted')
              await this.note(tx, 'warning', `${peer.id} did not accept a message: ${answer.reason}`);
          },
        });
        this.#told++;
      }),
    );
  }

  async #tellJoins(peer: Peer): Promise<void> {
    const { self } = this.#options;
    for (const join of await this.#vault.atomically((tx) => joinsFor(tx, self, peer.id), peer.id)) {
      const status = await peer.request({
        wholeStore: true,
        build: async () => join.message,
        settle: async (tx, answer) => {
          await settleJoin(tx, { self, node: peer.id }, join, answer);
          return answer.status;
        },
      });
      // The next ones wait for the same thing.
      if (status === 'later') return;
    }
  }

  /** In the order in which they came, one after the other: lanes at both ends grow alike. */
  async #confirmBlocks(peer: Peer, done: { confirmed: number }): Promise<void> {
    for (let count = 0; count < MAX_CONFIRMED; count++) {
      const asked = await this.#vault.atomically((tx) => this.#nextQuestion(tx, peer.id));
      if (!asked) return;
      const { blockId, question } = asked;
      const answer = await peer.callUnsealed(question);
      const outcome = await this.#vault.atomically(async (tx) => {
        const settled = await settleConfirmation(tx, blockId, question, answer);
        if (settled !== 'later') {
          await tx.forget(`confirming/${peer.id}`);
          await this.#noteSettled(tx, blockId, settled);
          if (settled === 'refused') await tellDiscard(tx, this.#options.self, peer.id, blockId);
        }
        return settled;
      });
      if (outcome === 'later') return;
      await this.#settled(blockId, outcome);
      if (outcome === 'confirmed') done.confirmed++;
    }
  }

  /** One block at a time with each peer, whichever process asks: two questions at once would name the same places. */
  async #nextQuestion(
    tx: VaultTransaction,
    peer: string,
  ): Promise<{ readonly blockId: string; readonly question: Uint8Array } | undefined> {
    const { self } = this.#options;
    const current = (await tx.recall(`confirming/${peer}`)) as string | undefined;
    for (const blockId of await tx.held()) {
      if (!isConfirmedBlock(blockId) || (current !== undefined && blockId !== current)) continue;
      const block = (await tx.block(blockId))!;
      const [asks, answers] = endsOf(block.labels);
      if (![asks, answers].includes(peer)) continue;
      if (block.poisoned) {
        await tx.discard(blockId);
        await tx.forget(`confirm/${blockId}`);
        if (current === blockId) await tx.forget(`confirming/${peer}`);
        return this.#nextQuestion(tx, peer);
      }
      if (asks !== self || answers !== peer) continue;
      await tx.remember(`confirming/${peer}`, blockId);
      return { blockId, question: await askConfirmation(tx, blockId) };
    }
    if (current !== undefined) await tx.forget(`confirming/${peer}`);
    return undefined;
  }

  async #combine(peer: Peer, done: { combined: number }): Promise<void> {
    const { self, uuid } = this.#options;
    for (const { peer: node, ways, targetBytes } of this.#plan.combinations) {
      if (node !== peer.id) continue;
      await this.#vault.atomically((tx) => combineWays(tx, { combineId: uuid(), self, peer: node, ways, targetBytes }));
    }
    const open = await this.#vault.atomically(combinations, peer.id);
    await all(
      open
        .filter((combination) => combination.peer === peer.id)
        .map((combination) =>
          peer.request({
            wholeStore: true,
            build: async () => combineMessage(combination),
            settle: async (tx, answer) => {
              await settleCombine(tx, self, combination, answer);
              if (answer.status === 'accepted') done.combined++;
              if (answer.status === 'refused')
                await this.note(tx, 'warning', `${peer.id} refused to combine ${combination.way}: ${answer.reason}`);
            },
          }),
        ),
    );
  }

  /** Joins that this node made, newest first. */
  async joins(tx: VaultTransaction): Promise<JoinRecord[]> {
    const records = (await tx.recallAll('joining/')).map(({ value }) => value as JoinRecord);
    return records.sort((a, b) => b.utcMs - a.utcMs);
  }

  /** Bytes of key that an alarm has taken, step by step. Whoever has applications does so with their keys (`Kme.flush`). */
  async #overwrite(): Promise<void> {
    if (!this.#options.apply) await this.#vault.expire(0, OVERWRITE_STEPS);
  }

  /** What was settled a day ago is not asked about any more; a block that nobody confirms in a month never will be. */
  async #tidy(): Promise<void> {
    const nowMs = this.#options.now();
    if (nowMs < this.#tidyAtMs) return;
    this.#tidyAtMs = nowMs + HOUR_MS;
    await this.#vault.atomically(async (tx) => {
      for (const { name } of await tx.recallAll(CONFIRM)) {
        const block = await tx.block(name.slice(CONFIRM.length));
        if (block && block.state !== 'held' && nowMs - block.changedAtMs > DAY_MS) await tx.forget(name);
      }
      for (const { joinId, utcMs, waiting } of await this.joins(tx)) {
        if (waiting.length === 0 && nowMs - utcMs > DAY_MS) await tx.forget(`joining/${joinId}`);
      }
      for (const blockId of await tx.held()) {
        const block = isConfirmedBlock(blockId) ? await tx.block(blockId) : undefined;
        if (!block || nowMs - block.changedAtMs <= MONTH_MS) continue;
        await tx.discard(blockId);
        await tx.forget(`${CONFIRM}${blockId}`);
        await this.note(tx, 'warning', `${blockId} was not confirmed in a month and was discarded`);
      }
      await forgetRefusalsBefore(tx, nowMs - MONTH_MS);
    });
  }

  // Journal

  async #noteSettled(tx: VaultTransaction, blockId: string, outcome: Confirmation): Promise<void> {
    const block = await tx.block(blockId);
    if (outcome === 'confirmed')
      await this.note(tx, 'info', `key of ${block ? block.bytes * 8 : 0} bits confirmed (${blockId})`);
    else await this.note(tx, 'alarm', `the two ends do not hold the same key: ${blockId} was discarded`);
  }

  async #settled(blockId: string, outcome: Confirmation): Promise<void> {
    if (outcome === 'confirmed') {
      // New hash points may have come with the block: what was sealed under the old ones is not answered any more.
      const ends = await this.#vault.atomically(async (tx) => {
        const block = await tx.block(blockId);
        return block ? endsOf(block.labels) : [];
      });
      for (const node of ends) this.#peers.get(node)?.forget();
    }
    this.#options.onChange?.();
  }

  async note(tx: VaultTransaction, severity: JournalEntry['severity'], text: string): Promise<void> {
    await tx.journal.append({ utcMs: this.#options.now(), severity, text });
  }

  async #noteRefused(from: string, error: unknown): Promise<void> {
    const nowMs = this.#options.now();
    if (nowMs < this.#journalPausedUntilMs) return;
    this.#journalPausedUntilMs = nowMs + JOURNAL_PAUSE_MS;
    try {
      await this.#vault.atomically((tx) =>
        this.note(tx, 'warning', `a message in the name of ${from} was refused: ${sentence(error)}`),
      );
    } catch {
      // The vault refuses writes: whoever needs it hears so.
    }
  }
}

const refusedTopic = (topic: string): PeerAnswer => ({
  status: 'refused',
  reason: `nobody here hears of ${JSON.stringify(topic)}`,
});

/** Waits for all, then throws the first failure: nothing is left running behind. */
async function all<T>(works: readonly Promise<T>[]): Promise<T[]> {
  const settled = await Promise.allSettled(works);
  const failed = settled.find((result) => result.status === 'rejected');
  if (failed) throw failed.reason;
  return settled.map((result) => (result as PromiseFulfilledResult<T>).value);
}
