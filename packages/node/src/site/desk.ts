/** The desk of a site: one conversation with the other site's desk, its keys drawn from this site's key manager. */
import { randomUUID } from 'node:crypto';
import { SecretBytes } from '@skykey/bits';
import {
  Conversation,
  type ConversationStore,
  type DeskIdentity,
  HotlineError,
  keyNeed,
  type NamedKey,
  type Suite,
} from '@skykey/hotline';
import type { DeskMessage, DeskState } from '@skykey/telemetry';
import type { Vault } from '@skykey/vault';

/** The conversation is on the screen while the process lives; it is not kept. */
const REMEMBERED_MESSAGES = 500;
const PREVIEW_BYTES = 48;
/** What "messages left" counts with. */
const TYPICAL_TEXT_BYTES = 250;

/**
 * Asks the key manager in the words of ETSI GS QKD 014: method and path, JSON in and out. A body in bytes holds keys: the
 * desk overwrites it.
 */
export type KeyManagerCall = (
  method: 'GET' | 'POST',
  path: string,
  body?: object,
) => Promise<{ status: number; body: string | Uint8Array }>;

/** Carries a sealed message to the other site; resolves when its desk has opened it, rejects with its refusal. */
export type EnvelopeCarrier = (envelope: Uint8Array) => Promise<void>;

export interface DeskOptions {
  readonly siteId: string;
  readonly name: string;
  readonly peerName: string;
  readonly self: DeskIdentity;
  readonly peer: DeskIdentity;
  readonly peerSaeId: string;
  readonly suite: Suite;
  readonly conversationId: string;
  readonly vault: Vault;
  readonly keyManager: KeyManagerCall;
  readonly carry: EnvelopeCarrier;
  readonly missionMs: () => number;
  readonly onChange: () => void;
}

export class Desk {
  readonly #options: DeskOptions;
  readonly #conversation: Conversation;
  readonly #messages: DeskMessage[] = [];
  /** Bits that this site's half holds for messages, as far as the desk was told. */
  #sendBits = 0;

  constructor(options: DeskOptions) {
    this.#options = options;
    this.#conversation = new Conversation({
      conversationId: options.conversationId,
      self: options.self,
      peer: options.peer,
      suite: options.suite,
      keys: {
        draw: (bytesPerKey, count) => this.#draw(bytesPerKey, count),
        fetch: (keyIds) => this.#fetch(keyIds),
      },
      store: conversationStore(options.vault, options.conversationId),
    });
    this.#watchStock();
  }

  /** An alarm: nothing is sealed or opened any more. */
  drop(reason: string): void {
    this.#conversation.line.raise(reason);
    this.#options.onChange();
  }

  /** The operator has reopened the line. */
  reopen(): void {
    this.#conversation.line.clear();
    this.#watchStock();
    this.#options.onChange();
  }

  /** So many bits can be had for messages. To be called whenever key has come or gone, and now and then. */
  stocked(bits: number): void {
    const { line } = this.#conversation;
    const before = { bits: this.#sendBits, ...line.state() };
    this.#sendBits = bits;
    this.#watchStock();
    const { state, reason } = line.state();
    if (bits !== before.bits || state !== before.state || reason !== before.reason) this.#options.onChange();
  }

  #watchStock(): void {
    const { line } = this.#conversation;
    const need = keyNeed(this.#options.suite, TYPICAL_TEXT_BYTES);
    if (this.#sendBits >= need.bytesPerKey * need.count * 8) line.secure();
    else
      line.wait(
        'There is no key to seal a message with: the next satellite pass brings some. Nothing leaves until then.',
      );
  }

  /**
   * Seals and sends; the envelope is what everybody on the way could see. Rejects with a sentence when the message was
   * refused; nothing left this site unsealed.
   */
  async send(text: string): Promise<{ message: DeskMessage; envelope: Uint8Array }> {
    const id = randomUUID();
    let shown: DeskMessage = {
      id,
      direction: 'sent',
      text,
      utcMs: this.#options.missionMs(),
      state: 'sealing',
      reason: null,
      keyIds: [],
      suite: this.#options.suite,
      ciphertextPreview: '',
    };
    this.#show(shown);
    try {
      const sealed = await this.#conversation.seal(text);
      shown = { ...shown, keyIds: sealed.keyIds, ciphertextPreview: preview(sealed.envelope) };
      await this.#options.carry(sealed.envelope);
      shown = { ...shown, state: 'delivered' };
      return { message: shown, envelope: sealed.envelope };
    } catch (error) {
      shown = { ...shown, state: 'refused', reason: (error as Error).message };
      await this.#journal(burnt(error));
      throw error;
    } finally {
      this.#show(shown);
    }
  }

  /** A sealed message from the other site. Rejects with HotlineError when it is not authentic, old, or the line is dropped. */
  async receive(envelope: Uint8Array): Promise<void> {
    try {
      const opened = await this.#conversation.open(envelope);
      this.#show({
        id: randomUUID(),
        direction: 'received',
        text: opened.text,
        utcMs: this.#options.missionMs(),
        state: 'delivered',
        reason: opened.missed ? `${opened.missed} earlier message(s) of the other side never arrived here` : null,
        keyIds: opened.keyIds,
        suite: opened.suite,
        ciphertextPreview: preview(envelope),
      });
    } catch (error) {
      await this.#journal([`desk: a message was refused: ${(error as Error).message}`, ...burnt(error)]);
      throw error;
    }
  }

  state(): DeskState {
    const need = keyNeed(this.#options.suite, TYPICAL_TEXT_BYTES);
    const bits = this.#sendBits;
    return {
      siteId: this.#options.siteId,
      name: this.#options.name,
      peerName: this.#options.peerName,
      line: this.#conversation.line.state(),
      suite: this.#options.suite,
      messagesLeft: Math.floor(bits / (need.bytesPerKey * need.count * 8)),
      keyBitsLeft: bits,
      messages: [...this.#messages],
      utcMs: this.#options.missionMs(),
    };
  }

  /** What cannot be written down is no reason to say anything else than what has happened. */
  async #journal(texts: readonly string[]): Promise<void> {
    const { vault, missionMs } = this.#options;
    if (texts.length === 0) return;
    await vault
      .atomically(async (tx) => {
        for (const text of texts) await tx.journal.append({ severity: 'warning', text, utcMs: missionMs() });
      })
      .catch(() => undefined);
  }

  #show(message: DeskMessage): void {
    const at = this.#messages.findIndex(({ id }) => id === message.id);
    if (at >= 0) this.#messages[at] = message;
    else this.#messages.push(message);
    if (this.#messages.length > REMEMBERED_MESSAGES) this.#messages.shift();
    this.#options.onChange();
  }

  async #draw(bytesPerKey: number, count: number): Promise<NamedKey[]> {
    const path = `/api/v1/keys/${this.#options.peerSaeId}/enc_keys`;
    return this.#keys(await this.#options.keyManager('POST', path, { number: count, size: bytesPerKey * 8 }));
  }

  async #fetch(keyIds: readonly string[]): Promise<NamedKey[]> {
    const path = `/api/v1/keys/${this.#options.peerSaeId}/dec_keys`;
    return this.#keys(await this.#options.keyManager('POST', path, { key_IDs: keyIds.map((key_ID) => ({ key_ID })) }));
  }

  #keys({ status, body }: { status: number; body: string | Uint8Array }): NamedKey[] {
    const text = typeof body === 'string' ? body : new TextDecoder().decode(body);
    if (typeof body !== 'string') body.fill(0);
    if (status !== 200) {
      const { message } = text ? (JSON.parse(text) as { message?: string }) : {};
      throw new HotlineError(
        'hotline/no-key',
        `the key manager gives no key (${status}${message ? `: ${message}` : ''})`,
      );
    }
    const { keys } = JSON.parse(text) as { keys: { key_ID: string; key: string }[] };
    return keys.map(({ key_ID, key }) => ({
      keyId: key_ID,
      key: SecretBytes.adopt(new Uint8Array(Buffer.from(key, 'base64'))),
    }));
  }
}

/** Keys that went with a refusal are named: burning them unseen would be an attack that nobody notices. */
function burnt(error: unknown): string[] {
  if (!(error instanceof HotlineError) || error.burntKeyIds.length === 0) return [];
  return [`desk: ${error.burntKeyIds.length} key(s) were lost with it: ${error.burntKeyIds.join(', ')}`];
}

/** Counters of a conversation in the site's vault: durable before use. */
function conversationStore(vault: Vault, conversationId: string): ConversationStore {
  const nameOf = (counter: 'sent' | 'accepted'): string => `conversation/${conversationId}/${counter}`;
  return {
    reserveSequence: () =>
      vault.atomically(async (tx) => {
        const next = (((await tx.recall(nameOf('sent'))) as number | undefined) ?? 0) + 1;
        await tx.remember(nameOf('sent'), next);
        return next;
      }),
    acceptedSequence: async () => ((await vault.notebook().recall(nameOf('accepted'))) as number | undefined) ?? 0,
    accept: (sequence) => vault.notebook().remember(nameOf('accepted'), sequence),
  };
}

/** The end of an envelope: ciphertext and tag, not the header that everybody may read. */
function preview(envelope: Uint8Array): string {
  return Buffer.from(envelope.subarray(Math.max(0, envelope.length - PREVIEW_BYTES))).toString('hex');
}
