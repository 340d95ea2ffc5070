import { BLOCK_KEY_BYTES, KEYS_PER_BLOCK, PAD_BLOCK_BYTES } from '../media/speech-pad.ts';
import type { PadBody } from './call-notice.ts';
import type { SessionContext } from './context.ts';
import type { SessionKey } from './ports.ts';

/** Speech that one block is for. */
const BLOCK_MS = 1000;
const BLOCK_BITS = 8 * PAD_BLOCK_BYTES;
/** Blocks that are drawn ahead of what the page has spoken. */
const AHEAD = 4;
/** Blocks of the other desk that wait for this desk's page, or are being fetched; more are not taken. */
const MOST_WAITING = 8;
/** An offer that is not answered is made again. */
const AGAIN_MS = 500;
/** After a draw that failed, and so many of these in a row end the call. */
const RETRY_MS = 1000;
const MOST_FAILURES = 4;
/** Blocks of the other desk whose fate is remembered, for offers that come again. */
const REMEMBERED = 64;

/** One second of pad for the page's own browser, which is in this site's trust zone. */
export interface LeasedPad {
  /** Names it among those that the page has not used up. */
  readonly padId: string;
  /** From 0 in each direction of a call. */
  readonly block: number;
  readonly use: 'send' | 'receive';
  /** `PAD_BLOCK_BYTES`; the caller wipes them. */
  readonly bytes: Uint8Array;
}

interface Outgoing {
  readonly keyIds: readonly string[];
  readonly bytes: Uint8Array;
  /** The other desk's page has it too. */
  ready: boolean;
  toldMs: number;
}

type Incoming = 'fetching' | 'given' | 'lost' | { readonly bytes: Uint8Array };

/**
 * The one-time pads of one call: drawn a few seconds ahead, told to the other desk, and given to this desk's page once the other's
 * has them. In memory alone; what was drawn and not spoken is overwritten, and stays spent.
 */
export class SpeechPads {
  readonly #context: SessionContext;
  readonly #say: (body: PadBody) => void;
  readonly #out = new Map<number, Outgoing>();
  readonly #in = new Map<number, Incoming>();
  /** Given to the page and, as far as this desk knows, not used up. */
  #given: ReadonlySet<number> = new Set();
  #drawing = 0;
  #next = 0;
  #failures = 0;
  #failed = '';
  #retryMs = Number.NEGATIVE_INFINITY;
  #over = false;

  /** `say` tells the other desk; it may be lost. */
  constructor(context: SessionContext, say: (body: PadBody) => void) {
    this.#context = context;
    this.#say = say;
  }

  /** Nothing is left to speak with, and nothing is on its way. */
  get isDry(): boolean {
    return this.#ahead === 0;
  }

  /** Why no pad can be had, after several attempts; null while it can. */
  get failure(): string | null {
    return this.#failures >= MOST_FAILURES ? this.#failed : null;
  }

  /**
   * Within a step: what the page gets, which says what it has. Each block is given once. The other desk hears only now that
   * it may speak under a block: so nothing is said that cannot be heard yet.
   */
  give(have: ReadonlySet<string>): readonly LeasedPad[] {
    const given = new Set([...this.#given].filter((block) => have.has(padIdOf('send', block))));
    const pads: LeasedPad[] = [];
    // In their order: a page takes no block after a later one.
    for (const [block, { ready, bytes }] of this.#out) {
      if (!ready) break;
      this.#out.delete(block);
      given.add(block);
      pads.push({ padId: padIdOf('send', block), block, use: 'send', bytes });
    }
    this.#given = given;
    for (const [block, state] of this.#in) {
      if (typeof state === 'string') continue;
      this.#in.set(block, 'given');
      this.#say({ type: 'have', block });
      pads.push({ padId: padIdOf('receive', block), block, use: 'receive', bytes: state.bytes });
    }
    return pads;
  }

  /** Within a step, while the page has a lease: draws what is to be spoken next. */
  draw(nowMs: number): void {
    const { may, spends, speaks, spent, ports, steps } = this.#context;
    while (!this.#over && this.#ahead < AHEAD && nowMs >= this.#retryMs && this.failure === null) {
      if (!may().sealedSpeech.allowed || !spends(BLOCK_BITS)) return;
      // Before it is drawn, so that no crash makes the day longer.
      speaks(BLOCK_MS);
      this.#drawing++;
      const settled = (step: () => void): void => {
        steps
          .run(() => {
            this.#drawing--;
            spent(BLOCK_BITS);
            step();
          })
          .catch(() => undefined);
      };
      steps.after(() => {
        ports.keys.draw(BLOCK_KEY_BYTES, KEYS_PER_BLOCK).then(
          (keys) => settled(() => this.#drawn(keys)),
          (error: Error) => settled(() => this.#fail(error.message)),
        );
      });
    }
  }

  /** Within a step: what the other desk has not answered is told again. */
  tell(nowMs: number): void {
    for (const [block, outgoing] of this.#out) {
      if (!outgoing.ready && Math.abs(nowMs - outgoing.toldMs) >= AGAIN_MS) this.#offer(block, outgoing, nowMs);
    }
  }

  /** Within a step: what the other desk says. */
  arrive(body: PadBody): void {
    if (body.type === 'offer') {
      this.#offered(body.block, body.keyIds);
      return;
    }
    const outgoing = this.#out.get(body.block);
    if (!outgoing || outgoing.ready) return;
    if (body.type === 'have') {
      outgoing.ready = true;
      this.#failures = 0;
      return;
    }
    this.#out.delete(body.block);
    outgoing.bytes.fill(0);
    this.#lose(outgoing.keyIds);
    this.#fail('the other desk could not fetch what this one had drawn');
  }

  /** At once: overwrites everything; what is still being drawn or fetched is when it comes. */
  wipe(): void {
    this.#over = true;
    for (const { bytes } of this.#out.values()) bytes.fill(0);
    for (const state of this.#in.values()) if (typeof state !== 'string') state.bytes.fill(0);
    this.#out.clear();
    this.#in.clear();
    this.#given = new Set();
  }

  get #ahead(): number {
    return this.#drawing + this.#out.size + this.#given.size;
  }

  #drawn(keys: readonly SessionKey[]): void {
    const keyIds = keys.map(({ keyId }) => keyId);
    const bytes = blockOf(keys);
    if (this.#over || !bytes) {
      bytes?.fill(0);
      this.#lose(keyIds);
      if (!bytes) this.#fail('the key manager gave keys of another size');
      return;
    }
    const outgoing: Outgoing = { keyIds, bytes, ready: false, toldMs: 0 };
    const block = this.#next++;
    this.#out.set(block, outgoing);
    this.#offer(block, outgoing, this.#context.ports.nowMs());
  }

  #offer(block: number, outgoing: Outgoing, nowMs: number): void {
    outgoing.toldMs = nowMs;
    this.#say({ type: 'offer', block, keyIds: outgoing.keyIds });
  }

  #offered(block: number, keyIds: readonly string[]): void {
    const known = this.#in.get(block);
    if (known === 'given' || known === 'lost') this.#say({ type: known === 'given' ? 'have' : 'lost', block });
    if (known !== undefined) return;
    const waiting = [...this.#in.values()].filter((state) => state === 'fetching' || typeof state !== 'string');
    // The page takes nothing at the moment; the offer comes again.
    if (this.#over || waiting.length >= MOST_WAITING) return;
    const { ports, steps } = this.#context;
    this.#forget();
    this.#in.set(block, 'fetching');
    steps.after(() => {
      ports.keys.fetch(keyIds).then(
        (keys) => steps.run(() => this.#fetched(block, keys)).catch(() => undefined),
        (error: Error) => steps.run(() => this.#notFetched(block, keyIds, error.message)).catch(() => undefined),
      );
    });
  }

  #fetched(block: number, keys: readonly SessionKey[]): void {
    const keyIds = keys.map(({ keyId }) => keyId);
    const bytes = blockOf(keys);
    if (this.#over) {
      bytes?.fill(0);
      this.#lose(keyIds);
    } else if (!bytes) {
      this.#notFetched(block, keyIds, 'they are of another size');
    } else {
      this.#in.set(block, { bytes });
    }
  }

  #notFetched(block: number, keyIds: readonly string[], reason: string): void {
    this.#context.journal(`a pad of a call could not be fetched: ${reason}`);
    this.#lose(keyIds);
    if (this.#over) return;
    this.#in.set(block, 'lost');
    this.#say({ type: 'lost', block });
  }

  #forget(): void {
    for (const [old, known] of this.#in) {
      if (this.#in.size < REMEMBERED) return;
      if (known === 'given' || known === 'lost') this.#in.delete(old);
    }
  }

  #fail(reason: string): void {
    const nowMs = this.#context.ports.nowMs();
    this.#failed = reason;
    // What failed together is one failure.
    if (nowMs < this.#retryMs) return;
    this.#failures++;
    this.#retryMs = nowMs + RETRY_MS;
  }

  #lose(keyIds: readonly string[]): void {
    this.#context.journal(`keys of a call are lost unused: ${keyIds.join(', ')}`);
  }
}

function padIdOf(use: 'send' | 'receive', block: number): string {
  return `pad/${use}/${block}`;
}

/** The bytes of the keys, one after the other, which are overwritten; null when they make no block. */
function blockOf(keys: readonly SessionKey[]): Uint8Array | null {
  const right = keys.length === KEYS_PER_BLOCK && keys.every(({ key }) => key.length === BLOCK_KEY_BYTES);
  const block = new Uint8Array(PAD_BLOCK_BYTES);
  for (const [i, { key }] of keys.entries()) {
    if (right) key.open((bytes) => block.set(bytes, i * BLOCK_KEY_BYTES));
    key.wipe();
  }
  return right ? block : null;
}
