/** What applications asked and what they were told: all that the verdict looks at. */

/** A key as an application got it. */
export interface GivenKey {
  readonly keyId: string;
  readonly hex: string;
  readonly originLinks: readonly string[];
  readonly createdAtMs: number;
  readonly expiresAtMs: number | null;
}

export type Asked =
  /** Keys for a master and its slaves, handed to the master. */
  | { readonly kind: 'get'; readonly saeId: string; readonly slaves: readonly string[] }
  /** Keys set aside under these ids; every SAE fetches its copy. */
  | {
      readonly kind: 'assign';
      readonly saeId: string;
      readonly slaves: readonly string[];
      readonly keyIds: readonly string[];
    }
  /** `isFinal`: asked when every fault is over and everything has been told. */
  | { readonly kind: 'fetch'; readonly saeId: string; readonly keyIds: readonly string[]; readonly isFinal: boolean }
  | { readonly kind: 'void'; readonly keyIds: readonly string[] }
  | { readonly kind: 'alarm'; readonly link: string }
  | { readonly kind: 'reopen'; readonly link: string };

export type Answer =
  | { readonly status: 'ok'; readonly keys: readonly GivenKey[] }
  | { readonly status: 'refused'; readonly code: string; readonly reason?: string }
  /** The process died, or what the answer was is lost: it may have taken place, or may yet. */
  | { readonly status: 'unknown' };

export interface Call {
  readonly asked: Asked;
  /** Node that was asked. */
  readonly node: string;
  /** Logical times, all different; Infinity when no answer came. */
  readonly invokedAt: number;
  readonly returnedAt: number;
  /** The clock of that node at both ends, milliseconds; of an unknown answer the last is that of the call. */
  readonly clockMs: readonly [number, number];
  readonly answer: Answer;
}

/** Key as the links made it: where each grain of 16 bytes comes from. */
export interface Origin {
  /** Quantum link; undefined: made at random by a site, to be carried to several others. */
  readonly link: string | undefined;
  readonly createdAtMs: number;
}

export interface History {
  readonly calls: readonly Call[];
  /** By the hexadecimal form of a grain. */
  readonly origins: ReadonlyMap<string, Origin>;
  readonly siteOf: (saeId: string) => string;
  /** After this an assigned key that nobody fetched is burned. */
  readonly keyTtlMs: number;
  /** How far two readings of clocks may differ by jumps, beyond the time between them. */
  readonly clockSpreadMs: number;
}

/** Calls as they are recorded. */
export class Recorder {
  readonly calls: Call[] = [];
  #now = 0;

  /** To be called when an application asks; what it returns, once, when it is answered or its process has died. */
  ask(asked: Asked, node: string, clockMs: () => number): (answer: Answer) => void {
    const invokedAt = ++this.#now;
    const calledMs = clockMs();
    let isOver = false;
    return (answer) => {
      if (isOver) return;
      isOver = true;
      const isKnown = answer.status !== 'unknown';
      const returnedAt = isKnown ? ++this.#now : Infinity;
      this.calls.push({
        asked,
        node,
        invokedAt,
        returnedAt,
        clockMs: [calledMs, isKnown ? clockMs() : calledMs],
        answer,
      });
    };
  }
}
