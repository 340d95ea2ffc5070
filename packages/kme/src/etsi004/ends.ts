import type { Notebook } from '../service.ts';
import { type EndRecord, StreamEnd } from './end.ts';

/** What a new end is made of. */
export interface EndTerms extends Pick<EndRecord, 'ksid' | 'sae' | 'peer' | 'peerKme' | 'leads' | 'qos' | 'dialect'> {
  /** Whether the other application opened the stream first. */
  readonly peerConnected: boolean;
  /** Whether the KSID was drawn for this stream; one that came from outside may have been used before. */
  readonly isFresh: boolean;
}

/** The ends of key streams that a KME holds, by KSID and then by application: both may be of one site. */
export class StreamEnds {
  readonly #notebook: Notebook;
  readonly #now: () => number;
  readonly #random: (bytes: number) => Uint8Array;
  readonly #ends = new Map<string, Map<string, StreamEnd>>();
  #creating: Promise<unknown> = Promise.resolve();

  constructor(options: {
    readonly notebook: Notebook;
    readonly now: () => number;
    readonly random: (bytes: number) => Uint8Array;
  }) {
    this.#notebook = options.notebook;
    this.#now = options.now;
    this.#random = options.random;
  }

  async recallAll(): Promise<void> {
    for (const end of await StreamEnd.recallAll(this.#notebook, this.#now())) this.#keep(end);
  }

  /** Ends come to be one at a time, so that two openings of one KSID meet. */
  alone<T>(work: () => Promise<T>): Promise<T> {
    const done = this.#creating.then(work);
    this.#creating = done.catch(() => {});
    return done;
  }

  get(ksid: string, sae: string): StreamEnd | undefined {
    return this.#ends.get(ksid)?.get(sae);
  }

  /** The end that this application has opened and not closed. */
  open(ksid: string, sae: string): StreamEnd | undefined {
    const end = this.get(ksid, sae);
    return end?.record.connected && !end.record.closed ? end : undefined;
  }

  list(): StreamEnd[] {
    return [...this.#ends.values()].flatMap((ends) => [...ends.values()]);
  }

  /** Whether nobody but these two uses the KSID at this site. */
  isFree(ksid: string, sae: string, peer: string): boolean {
    const ends = [...(this.#ends.get(ksid)?.values() ?? [])];
    return ends.every(({ record }) => record.sae === peer && record.peer === sae);
  }

  /** Streams of an application. */
  countOf(sae: string): number {
    let count = 0;
    for (const ends of this.#ends.values()) if (ends.has(sae)) count++;
    return count;
  }

  /** Durable when it resolves. Within `alone`. */
  async make({ isFresh, ...terms }: EndTerms): Promise<StreamEnd> {
    // Chunks of a KSID that may have been used before start at a serial number of their own.
    const random = terms.leads && !isFresh ? this.#random(4) : new Uint8Array(4);
    const end = await StreamEnd.create(this.#notebook, {
      ...terms,
      // Nothing is given out before the two sites agree on the terms.
      connected: false,
      closed: false,
      peerClosed: false,
      closeTold: false,
      assignedTo: 0,
      windows: [],
      shift: new DataView(random.buffer, random.byteOffset).getUint32(0) * 2 ** 20,
      pending: 0,
      askedTo: 0,
      peerAskedTo: 0,
      usedAtMs: this.#now(),
    });
    this.#keep(end);
    return end;
  }

  async drop(end: StreamEnd): Promise<void> {
    const { ksid, sae } = end.record;
    await end.forget();
    const ends = this.#ends.get(ksid);
    if (ends?.get(sae) === end) ends.delete(sae);
    if (ends?.size === 0) this.#ends.delete(ksid);
  }

  #keep(end: StreamEnd): void {
    const { ksid, sae } = end.record;
    const ends = this.#ends.get(ksid) ?? new Map<string, StreamEnd>();
    this.#ends.set(ksid, ends.set(sae, end));
  }
}
