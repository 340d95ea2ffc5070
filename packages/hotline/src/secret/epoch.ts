import type { SecretBytes } from '@skykey/bits';
import { HotlineError } from '../error.ts';
import type { EpochSecrets } from './combiner.ts';
import { expand, label } from './hkdf.ts';
import { DIRECTIONS, type Direction, directionOf, LANES, type Lane } from './lanes.ts';
import { sameBytes } from './messages.ts';
import { ReceivingChain, SendingChain } from './ratchet.ts';
import { checkPlaintext, HEADER_BYTES, openRecord, parseRecord, sealRecord, TAG_BYTES } from './record.ts';

/** An epoch ends at whichever comes first: records and bytes of all lanes both ways, and age (hotline reference, section 6). */
export const MAX_EPOCH_RECORDS = 2 ** 20;
export const MAX_EPOCH_BYTES = 2 ** 30;
export const MAX_EPOCH_AGE_MS = 600_000;
/** Of the base key of a media stream, RFC 9605, 4.4.2. */
export const MEDIA_BASE_KEY_BYTES = 32;

export interface EpochOptions {
  readonly ownId: string;
  readonly peerId: string;
  /** The number of the agreement. */
  readonly number: number;
  /**
   * What the agreement gave. The epoch takes chain and media keys over and wipes those that confirmed it; the root stays
   * the caller's.
   */
  readonly secrets: EpochSecrets;
  readonly nowMs: number;
}

/** An authentic record. */
export interface OpenedRecord {
  readonly lane: Lane;
  readonly counter: number;
  readonly plaintext: Uint8Array;
}

/** The keys of one epoch as one desk uses them, in memory alone. */
export class Epoch {
  /** 16 bytes, public. */
  readonly id: Uint8Array;
  readonly number: number;
  /** Of the records that this desk sends, and receives. */
  readonly directions: { readonly out: Direction; readonly in: Direction };
  readonly #sending: Readonly<Record<Lane, SendingChain>>;
  readonly #receiving: Readonly<Record<Lane, ReceivingChain>>;
  readonly #media: Readonly<Record<Direction, SecretBytes>>;
  #records = 0;
  #bytes = 0;
  #nowMs: number;
  #ageMs = 0;

  constructor({ ownId, peerId, number, secrets, nowMs }: EpochOptions) {
    this.id = secrets.id.slice();
    this.number = number;
    this.directions = { out: directionOf(ownId, peerId), in: directionOf(peerId, ownId) };
    const { chains } = secrets;
    const sending = (lane: Lane) => new SendingChain(chains[lane][this.directions.out]);
    const receiving = (lane: Lane) => new ReceivingChain(chains[lane][this.directions.in]);
    this.#sending = { control: sending('control'), text: sending('text'), file: sending('file') };
    this.#receiving = { control: receiving('control'), text: receiving('text'), file: receiving('file') };
    this.#media = secrets.media;
    this.#nowMs = nowMs;
    for (const secret of [secrets.confirm.initiator, secrets.confirm.responder, secrets.safety]) secret.wipe();
  }

  /**
   * The record for `plaintext`. Throws HotlineError `hotline/too-long`; `hotline/spent` when the epoch has sealed and opened
   * all that it may. The control lane goes on then, to the end of its own chain: what renews the keys travels in it.
   */
  seal(lane: Lane, plaintext: Uint8Array): Uint8Array {
    checkPlaintext(plaintext);
    const bytes = HEADER_BYTES + plaintext.length + TAG_BYTES;
    if (lane !== 'control' && (this.#records >= MAX_EPOCH_RECORDS || this.#bytes + bytes > MAX_EPOCH_BYTES)) {
      throw new HotlineError(
        'hotline/spent',
        'these keys have carried all that they may; the desks agree on new ones first',
      );
    }
    const record = sealRecord(lane, this.directions.out, this.id, this.#sending[lane].next(bytes), plaintext);
    this.#count(bytes);
    return record;
  }

  /**
   * What a record of the other desk holds, once. Throws HotlineError `hotline/malformed`, `hotline/unknown-epoch`,
   * `hotline/not-for-us` (our own record thrown back), `hotline/replayed`, `hotline/out-of-order`, `hotline/forged`; after
   * any of them everything is as it was before.
   */
  open(record: Uint8Array, nowMs: number): OpenedRecord {
    this.tick(nowMs);
    const parsed = parseRecord(record);
    const { lane, counter } = parsed;
    if (!sameBytes(parsed.epochId, this.id)) {
      throw new HotlineError('hotline/unknown-epoch', 'this record was sealed under the keys of another epoch');
    }
    if (parsed.direction !== this.directions.in) {
      throw new HotlineError('hotline/not-for-us', 'this record goes the other way: it is one of our own, thrown back');
    }
    const plaintext = this.#receiving[lane].open(counter, nowMs, (key, commitment) =>
      openRecord(parsed, key, commitment),
    );
    this.#count(record.length);
    return { lane, counter, plaintext };
  }

  /**
   * The SFrame base key of what goes in `direction`, for one stream and one media epoch named by `context`. Each side gets
   * the same; only the sender of this direction may encrypt with it (RFC 9605, 9.1), once for each context.
   */
  mediaBaseKey(context: Uint8Array, direction: Direction): SecretBytes {
    return expand(this.#media[direction], Uint8Array.of(...label('media base key'), ...context), MEDIA_BASE_KEY_BYTES);
  }

  /** Records and bytes of all lanes, both ways. */
  get carried(): { readonly records: number; readonly bytes: number } {
    return { records: this.#records, bytes: this.#bytes };
  }

  /** Highest record accepted in a lane, 0 before the first. */
  highest(lane: Lane): number {
    return this.#receiving[lane].highest;
  }

  /** To be told the time now and then: keys of records that never came are dropped after an hour. */
  tick(nowMs: number): void {
    for (const lane of LANES) this.#receiving[lane].tick(nowMs);
    // When the clock is set back, what passed since the last call is not counted, and nothing is counted backwards.
    this.#ageMs += Math.max(0, nowMs - this.#nowMs);
    this.#nowMs = nowMs;
  }

  /** Whether records, bytes or age have reached `part` of what one epoch may have. 1 is the end, less is time to renew. */
  spent(nowMs: number, part = 1): boolean {
    this.tick(nowMs);
    return (
      this.#records >= part * MAX_EPOCH_RECORDS ||
      this.#bytes >= part * MAX_EPOCH_BYTES ||
      this.#ageMs >= part * MAX_EPOCH_AGE_MS
    );
  }

  wipe(): void {
    for (const lane of LANES) {
      this.#sending[lane].wipe();
      this.#receiving[lane].wipe();
    }
    for (const direction of DIRECTIONS) this.#media[direction].wipe();
  }

  #count(bytes: number): void {
    this.#records++;
    this.#bytes += bytes;
  }
}
