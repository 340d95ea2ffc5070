import type { Vault, VaultTransaction } from '@skykey/vault';
import { KmeError } from '../error.ts';
import { peerLane } from '../lanes.ts';
import {
  FRAME_BYTES,
  KEPT_ANSWERS,
  MAX_MESSAGES,
  MAX_PAYLOAD_BYTES,
  PADS_KEPT,
  padsKept,
  readList,
  readRequest,
  sealRequest,
  sentence,
  spendPad,
  startsWith,
  TAG_BYTES,
} from './frame.ts';
import { decodeAnswer, encodeMessage, type PeerAnswer, type PeerMessage } from './message.ts';
import { Reception } from './reception.ts';
import { malformed, Reader } from './wire.ts';

/**
 * The way to another node. Rejects when there is none, and after a while when there is no answer: whoever implements it
 * sets the limit. Nothing needs to be trusted of it.
 */
export interface PeerLink {
  call(message: Uint8Array): Promise<Uint8Array>;
}

/** One message to a peer and what becomes of it. */
export interface PeerRequest<T> {
  /**
   * Runs when it is this message's turn, in the transaction that spends the pad: what it reserves is durable before the
   * first byte leaves, and when it throws, this message is not sent and nothing of it was done.
   */
  build(tx: VaultTransaction): Promise<PeerMessage>;
  /** Runs in the transaction that takes the answer in; its result is what `request` resolves to. */
  settle(tx: VaultTransaction, answer: PeerAnswer): Promise<T>;
  /** Alarms and voids: they may spend the last pads, and take effect even when no pad is left to answer. */
  readonly urgent?: boolean;
  /** Name of an alarm: it does not wait for a frame without an answer that does not tell it. */
  readonly alarm?: string;
  /** Whether `build` or `settle` touches more than the lanes between the two nodes. */
  readonly wholeStore?: boolean;
  /** Words travel in frames of their own. */
  readonly word?: boolean;
  /** On whose behalf: nobody takes more than his share of the places where messages wait. */
  readonly share?: string;
}

/** Words in one frame: the answers to all of them fit into one, too. */
const MAX_WORDS = 16;
/** Messages that may wait for the frame under way. */
const MAX_WAITING = 512;
/** Those of one share. */
const MAX_SHARE = 64;
/** A frame of which the peer says so often that its pad was used before will never be answered. */
const MAX_REPLAYS = 3;

interface Waiting {
  readonly request: PeerRequest<unknown>;
  resolve(value: unknown): void;
  reject(error: unknown): void;
}

/** Frames of one kind, one under way at a time. */
interface Channel {
  readonly isUrgent: boolean;
  readonly most: number;
  waiting: Waiting[];
  isRunning: boolean;
  /** The frame that has got no answer yet. */
  unanswered: { readonly frame: Uint8Array; readonly alarms: ReadonlySet<string>; replays: number } | undefined;
}

const channel = (most: number, isUrgent = false): Channel => ({
  ...{ isUrgent, most, waiting: [], isRunning: false, unanswered: undefined },
});

/**
 * Authenticated conversation with one other node, independent of TLS: every frame carries a one-time Wegman–Carter tag.
 * The hash point of `auth/<from>><to>` is recycled, each frame spends one pad of that lane.
 *
 * Three channels, for alarms and voids, for words, and for all else: in each one frame is under way at a time, and whatever
 * is asked meanwhile goes into the next one, so that a hundred messages cost one round trip and two pads. No channel waits
 * for another, and nothing rests on the order between them, or between processes of one node that talk to the same peer.
 * A frame that got no authenticated answer is sent again, the same bytes, before any other of its channel: a peer that is
 * away costs one pad of each and no more, however often somebody asks. The receiver takes each pad once and keeps its last
 * answers: the same frame gets the same answer and has no second effect.
 */
export class Peer {
  readonly #vault: Vault;
  readonly #self: string;
  readonly #peer: string;
  readonly #link: PeerLink;
  readonly #urgent = channel(MAX_MESSAGES, true);
  readonly #words = channel(MAX_WORDS);
  readonly #others = channel(MAX_MESSAGES);
  readonly #reception: Reception;

  constructor(options: { vault: Vault; self: string; peer: string; link: PeerLink }) {
    this.#vault = options.vault;
    this.#self = options.self;
    this.#peer = options.peer;
    this.#link = options.link;
    this.#reception = new Reception(options);
  }

  /** Node at the other end. */
  get id(): string {
    return this.#peer;
  }

  /** Frames that can still be authenticated. */
  padsLeft(tx: VaultTransaction): Promise<number> {
    return tx.pads(peerLane(this.#self, this.#peer)).left();
  }

  /**
   * Sends one message and resolves to what `settle` makes of the peer's authenticated answer, once that is durable.
   * Rejects with KmeError `kme/unreachable`, `kme/busy`, `kme/no-pads`, or with what `build` or `settle` throws.
   */
  request<T>(request: PeerRequest<T>): Promise<T> {
    const channel = request.urgent ? this.#urgent : request.word ? this.#words : this.#others;
    const { waiting } = channel;
    const alike =
      request.share === undefined ? 0 : waiting.filter((other) => other.request.share === request.share).length;
    if (!request.urgent && (waiting.length >= MAX_WAITING || alike >= MAX_SHARE)) {
      const whose = alike >= MAX_SHARE ? `${alike} messages of ${request.share}` : `${waiting.length} messages`;
      return Promise.reject(new KmeError('kme/busy', `${whose} wait for ${this.#peer} already`));
    }
    return new Promise<T>((resolve, reject) => {
      channel.waiting.push({ request, resolve: resolve as (value: unknown) => void, reject });
      if (!channel.isRunning) void this.#run(channel);
    });
  }

  /** The lanes were agreed anew: what was sealed before will never be answered. */
  forget(): void {
    for (const channel of [this.#urgent, this.#words, this.#others]) channel.unanswered = undefined;
  }

  /** Sends without authentication of its own: for messages that prove themselves. Rejects with `kme/unreachable`. */
  async callUnsealed(message: Uint8Array): Promise<Uint8Array> {
    try {
      return await this.#link.call(message);
    } catch (error) {
      throw new KmeError('kme/unreachable', `the node ${this.#peer} does not answer: ${sentence(error)}`, {
        cause: error,
      });
    }
  }

  /**
   * The other end: checks a frame and applies its messages. `apply` runs in the transaction that spends the pad and
   * records the answer: its effect is durable before the answer leaves, and is there once. A frame that is not authentic
   * has no effect, spends nothing, and is answered with a sentence that nobody should trust; `refused` says why.
   * Words are heard between two transactions, since they may need the vault or the peer themselves: `hear` gets the same
   * words again when the process dies in between, and must bear that. No word is heard that cannot be answered.
   */
  receive(
    frame: Uint8Array,
    apply: (tx: VaultTransaction, message: PeerMessage) => Promise<PeerAnswer>,
    hear: (topic: string, body: Uint8Array) => Promise<PeerAnswer>,
  ): Promise<{ readonly answer: Uint8Array; readonly refused?: unknown }> {
    return this.#reception.receive(frame, apply, hear);
  }

  async #run(channel: Channel): Promise<void> {
    channel.isRunning = true;
    try {
      while (channel.waiting.length > 0) await this.#turn(channel);
    } finally {
      channel.isRunning = false;
    }
  }

  async #turn(channel: Channel): Promise<void> {
    if (channel.unanswered && !(await this.#repeat(channel))) return;
    const batch = takeBatch(channel);
    const scope = batch.some(({ request }) => request.wholeStore) ? '' : this.#peer;
    const built: Waiting[] = [];
    const failed: { waiting: Waiting; error: unknown }[] = [];
    let deferred: Waiting[] = [];
    let frame: Uint8Array;
    try {
      frame = await this.#vault.atomically(async (tx) => {
        // The store may run this work again: nothing of an earlier attempt counts.
        built.length = 0;
        failed.length = 0;
        deferred = [];
        const left = await this.padsLeft(tx);
        const messages: PeerMessage[] = [];
        const payload: Uint8Array[] = [];
        let size = 0;
        for (const waiting of batch) {
          if (size > FRAME_BYTES) {
            deferred = batch.slice(built.length + failed.length);
            break;
          }
          try {
            if (!waiting.request.urgent) this.#checkPads(left, PADS_KEPT);
            const { message, bytes } = await tx.atomically(async () => {
              const message = await waiting.request.build(tx);
              this.#checkPads(left, padsKept([...messages, message]));
              return { message, bytes: encodeMessage(message, this.#self, this.#peer) };
            });
            if (bytes.length > FRAME_BYTES) throw new KmeError('kme/argument', 'the message is too long for one frame');
            size += bytes.length;
            messages.push(message);
            payload.push(bytes);
            built.push(waiting);
          } catch (error) {
            failed.push({ waiting, error });
          }
        }
        if (built.length === 0) throw new NothingToSend();
        return sealRequest(tx, this.#self, this.#peer, payload);
      }, scope);
    } catch (error) {
      for (const { waiting, error: own } of failed) waiting.reject(own);
      // Those that failed by themselves have heard so already.
      for (const waiting of batch) waiting.reject(error);
      return;
    }
    channel.waiting.unshift(...deferred);
    for (const { waiting, error } of failed) waiting.reject(error);
    const alarms = new Set(built.flatMap(({ request: { alarm } }) => (alarm === undefined ? [] : [alarm])));
    channel.unanswered = { frame, alarms, replays: 0 };
    try {
      const outcomes = await this.#deliver(channel, frame, scope, (tx, answers) => settleAll(tx, built, answers));
      built.forEach((waiting, i) => {
        const outcome = outcomes[i]!;
        if ('error' in outcome) waiting.reject(outcome.error);
        else waiting.resolve(outcome.value);
      });
    } catch (error) {
      for (const waiting of built) waiting.reject(error);
    }
  }

  #checkPads(left: number, kept: number): void {
    if (left > kept) return;
    throw new KmeError('kme/no-pads', `too little key is left to authenticate messages to ${this.#peer}`);
  }

  /**
   * Sends the frame without an answer once more; whoever asked for it has given up, and its answer only shows that the
   * peer is there again. False when there is none: then nothing else of the channel is sent, but for an alarm that the
   * frame does not tell. It takes the frame's place: what that told of waits in the outbox, and is told again.
   */
  async #repeat(channel: Channel): Promise<boolean> {
    const { frame, alarms } = channel.unanswered!;
    try {
      // The peer keeps its last answers. Other processes of this node may have used more pads since than it keeps.
      const { pad } = readRequest(frame);
      const next = await this.#vault.atomically((tx) => tx.pads(peerLane(this.#self, this.#peer)).next(), this.#peer);
      if (next > pad + KEPT_ANSWERS) channel.unanswered = undefined;
      else await this.#deliver(channel, frame, '', async () => undefined);
      return true;
    } catch (error) {
      if (channel.unanswered === undefined) return true;
      if (channel.unanswered.replays >= MAX_REPLAYS) {
        channel.unanswered = undefined;
        return true;
      }
      if (channel.waiting.some(({ request: { alarm } }) => alarm !== undefined && !alarms.has(alarm))) return true;
      for (const waiting of channel.waiting.splice(0)) waiting.reject(error);
      return false;
    }
  }

  async #deliver<T>(
    channel: Channel,
    frame: Uint8Array,
    scope: string,
    settle: (tx: VaultTransaction, answers: readonly PeerAnswer[]) => Promise<T>,
  ): Promise<T> {
    const bytes = await this.callUnsealed(frame);
    let isAuthentic = false;
    try {
      return await this.#vault.atomically(async (tx) => {
        isAuthentic = false;
        let answers: PeerAnswer[];
        try {
          answers = await this.#openAnswer(tx, bytes, frame);
        } catch (error) {
          throw new KmeError('kme/unreachable', `no valid answer from ${this.#peer}: ${sentence(error)}`, {
            cause: error,
          });
        }
        isAuthentic = true;
        return settle(tx, answers);
      }, scope);
    } catch (error) {
      this.#countReplay(channel, frame, error);
      throw error;
    } finally {
      // When the vault fails after that, nobody knows whether the answer's pad is spent; if it is, the same frame would be
      // answered under it for ever.
      if (isAuthentic && channel.unanswered?.frame === frame) channel.unanswered = undefined;
    }
  }

  /**
   * Anybody may say that a pad was used before, and each such lie costs a pad: so the frames that may spend the last ones
   * are not given up for it.
   */
  #countReplay({ isUrgent, unanswered }: Channel, frame: Uint8Array, error: unknown): void {
    if (isUrgent || unanswered?.frame !== frame || !/: kme\/replayed: /.test(sentence(error))) return;
    unanswered.replays++;
  }

  async #openAnswer(tx: VaultTransaction, bytes: Uint8Array, request: Uint8Array): Promise<PeerAnswer[]> {
    const signed = bytes.subarray(0, -TAG_BYTES);
    if (startsWith(bytes, 'SKR1')) throw new KmeError('kme/unreachable', new Reader(bytes.subarray(4)).text(4_000));
    const input = new Reader(signed).magic('SKA2');
    const [from, to, pad, requestPad] = [input.text(), input.text(), input.u53(), input.u53()];
    const payload = input.bytes(MAX_PAYLOAD_BYTES);
    input.end();
    const asked = readRequest(request);
    if (from !== this.#peer || to !== this.#self || requestPad !== asked.pad) {
      throw new KmeError('kme/not-for-us', `an answer from ${from} to message ${requestPad} of ${to}`);
    }
    const received = bytes.subarray(-TAG_BYTES);
    await spendPad(tx, [this.#peer, this.#self], { kind: 'answer', index: pad }, [signed, asked.tag], received);
    const answers = readList(payload).map(decodeAnswer);
    if (answers.length !== asked.messages.length)
      throw malformed(`${answers.length} answers to ${asked.messages.length} messages`);
    return answers;
  }
}

/** What goes into the next frame: alarms before voids, and whoever waits longest first. */
function takeBatch(channel: Channel): Waiting[] {
  if (channel.isUrgent) {
    const isAlarm = ({ request }: Waiting): number => (request.alarm === undefined ? 1 : 0);
    channel.waiting.sort((a, b) => isAlarm(a) - isAlarm(b));
  }
  return channel.waiting.splice(0, channel.most);
}

/** Nothing was built, so nothing is to be sealed: the transaction is undone. */
class NothingToSend extends Error {}

type Outcome = { readonly value: unknown } | { readonly error: unknown };

async function settleAll(
  tx: VaultTransaction,
  built: readonly Waiting[],
  answers: readonly PeerAnswer[],
): Promise<Outcome[]> {
  const outcomes: Outcome[] = [];
  for (const [i, { request }] of built.entries()) {
    try {
      outcomes.push({ value: await tx.atomically(() => request.settle(tx, answers[i]!)) });
    } catch (error) {
      outcomes.push({ error });
    }
  }
  return outcomes;
}
