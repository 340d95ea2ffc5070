import type { SecretBytes } from '@skykey/bits';
import type { AgreedButPhrase } from './agreed.ts';
import type { QkdKeyName } from './combiner.ts';
import { OFFER_ID_BYTES, type Offer } from './messages.ts';
import { digest, type Party, wipeParty } from './party.ts';

/** What a desk holds, in memory alone, while it waits for the other's next message of an agreement. */

/** A key as the key manager hands it out. The function that is given one takes it over and wipes it. */
export interface QkdKey extends QkdKeyName {
  /** At least 32 bytes. */
  readonly key: SecretBytes;
}

/** Between offer and answer. Its parts are for `finishAgreement` alone; whoever gives up wipes it. */
export class PendingOffer {
  readonly offerId: Uint8Array;
  readonly party: Party;
  readonly offer: Offer;
  readonly message: Uint8Array;
  readonly own: { readonly kemSeed: SecretBytes; readonly scalar: SecretBytes; readonly nonce: SecretBytes };
  readonly qkdKeys: readonly QkdKey[];
  #over = false;

  constructor(parts: Pick<PendingOffer, 'party' | 'offer' | 'message' | 'own' | 'qkdKeys'>) {
    this.party = parts.party;
    this.offer = parts.offer;
    this.message = parts.message;
    this.own = parts.own;
    this.qkdKeys = parts.qkdKeys;
    this.offerId = offerIdOf(parts.message);
  }

  /** Whether it was finished or wiped. */
  get over(): boolean {
    return this.#over;
  }

  /** Before it is finished, its QKD keys are lost with it. */
  wipe(): void {
    this.#over = true;
    wipeParty(this.party);
    for (const secret of [this.own.kemSeed, this.own.scalar, this.own.nonce]) secret.wipe();
    for (const { key } of this.qkdKeys) key.wipe();
  }
}

/** Between answer and confirm. Its parts are for `acceptConfirm` alone; whoever gives up wipes it. */
export class PendingAnswer {
  readonly offerId: Uint8Array;
  readonly commitment: Uint8Array;
  readonly agreementHash: Uint8Array;
  readonly answerMac: Uint8Array;
  readonly agreed: AgreedButPhrase;
  #over = false;

  constructor(parts: Pick<PendingAnswer, 'offerId' | 'commitment' | 'agreementHash' | 'answerMac' | 'agreed'>) {
    this.offerId = parts.offerId;
    this.commitment = parts.commitment;
    this.agreementHash = parts.agreementHash;
    this.answerMac = parts.answerMac;
    this.agreed = parts.agreed;
  }

  /** Whether it was finished or wiped. */
  get over(): boolean {
    return this.#over;
  }

  /** Its secrets now belong to whoever got them from `acceptConfirm`. */
  finish(): void {
    this.#over = true;
  }

  /** Does nothing to secrets that were given out. */
  wipe(): void {
    if (!this.#over) this.agreed.secrets.wipe();
    this.#over = true;
  }
}

/** Public name of an offer as it went over the line. */
export function offerIdOf(message: Uint8Array): Uint8Array {
  return digest('offer id', message).slice(0, OFFER_ID_BYTES);
}
