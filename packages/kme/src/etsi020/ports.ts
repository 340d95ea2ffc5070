import type { SecretBytes } from '@skykey/bits';
import { KmeError } from '../error.ts';
import type { JsonObject } from '../json.ts';
import { type Association, type Dialect, MAX_URL_CHARACTERS, SAE_ID } from './message.ts';

/** A key management system of another maker in the same room, and what it may do. */
export interface ForeignPeer {
  /** The KME ID of its certificate. */
  readonly kmeId: string;
  /** Where its interface is: `https://host[:port]`, without a path. */
  readonly url: string;
  /** The one callback that is ever called for it, letter by letter; `<url>/kmapi/v1/ext_keys/ack` when left out. */
  readonly callbackUrl?: string;
  /** The applications that it speaks for: initiators of what it sends, targets of what is sent to it. */
  readonly saes: readonly string[];
  /** Default `v1.1.1`. */
  readonly dialect?: Dialect;
}

/** Calls to the peer's URL over mutual TLS 1.3; never follows a redirect. Rejects when no complete answer came in time. */
export interface HttpCalls {
  /** The caller overwrites `body` afterwards: nothing may keep it. */
  post(url: string, body: Uint8Array): Promise<{ readonly status: number; readonly body: Uint8Array }>;
}

/** Where keys from a foreign system go: to this site's applications, or on through this network. */
export interface ImportedKeys {
  /** Whether keys of this association can be had from this peer, before any is looked at. */
  admit(request: Association & { readonly from: string }): Promise<Admission>;

  /**
   * Keeps the keys durably, all or none, before it resolves; wipes what it was given. Nothing happens for a key that is
   * known with the same association and, as far as it is still here, the same material. Rejects with KeyRefusal,
   * `argument` when an id is taken by something else; then none is kept.
   */
  hold(keys: readonly ImportedKey[]): Promise<void>;

  /** In the order asked. `relayed`: the KME of every target holds its copy durably. `failed`: that will not be. */
  settle(from: string, keyIds: readonly string[]): Promise<readonly ('relayed' | 'pending' | 'failed')[]>;

  /**
   * Burns keys that came from this peer, here and at the targets' KMEs; in the order asked. `delivered`: a target has
   * fetched it; any other key, of this network or of another peer, is `absent` and stays as it is. Idempotent.
   */
  void(from: string, keyIds: readonly string[]): Promise<readonly VoidOutcome[]>;
}

export interface ImportedKey extends Association {
  readonly keyId: string;
  readonly key: SecretBytes;
  /** KME ID of the system that it came from. */
  readonly from: string;
  /** The standard has no expiry: this network's own. */
  readonly expiresAtMs: number;
  /** Of the key and of the request: not understood here, and to be passed on unchanged. */
  readonly extension?: JsonObject;
  readonly optional?: JsonObject;
}

export type Admission = 'welcome' | 'unknown-target' | 'unauthorized' | 'no-route' | 'pass-back' | 'too-many-targets';
export type VoidOutcome = 'voided' | 'delivered' | 'absent';

/** Keys of this network that wait to be handed over. Their initiator gets them after `release`, never before. */
export interface ExportedKeys {
  /**
   * Copies, in the order asked, as often as asked until they are released or void: a key must be sent again when nobody
   * knows whether it arrived. The caller wipes them. Rejects with KeyRefusal, `not-found` when one is gone for good.
   */
  lend(keyIds: readonly string[]): Promise<readonly SecretBytes[]>;
  /** Every target can fetch it: the copy here is overwritten and the initiator served. Durable, idempotent. */
  release(keyIds: readonly string[]): Promise<void>;
  /** Burns them at every end of this network; in the order asked. Idempotent. */
  void(keyIds: readonly string[]): Promise<readonly VoidOutcome[]>;
}

export const ACK_PATH = '/kmapi/v1/ext_keys/ack';

export const callbackOf = (peer: ForeignPeer): string => peer.callbackUrl ?? peer.url + ACK_PATH;

/** Throws KmeError `kme/argument` with what is wrong in the configuration of a peer. */
export function checkPeer(peer: ForeignPeer): void {
  const wrong = (what: string): never => {
    throw new KmeError('kme/argument', `the foreign KME ${JSON.stringify(peer.kmeId)}: ${what}`);
  };
  if (!peer.kmeId) wrong('kmeId shall be the KME ID of its certificate');
  const origin = URL.canParse(peer.url) ? new URL(peer.url).origin : '';
  if (!peer.url.startsWith('https://') || origin !== peer.url) {
    wrong(`url shall be https://host[:port] and nothing after it, not ${JSON.stringify(peer.url)}`);
  }
  const callback = callbackOf(peer);
  const parsed = URL.canParse(callback) ? new URL(callback) : undefined;
  const plain = parsed && !parsed.username && !parsed.password && !parsed.hash;
  if (!plain || !callback.startsWith('https://') || callback.length > MAX_URL_CHARACTERS) {
    wrong('callbackUrl shall be a complete https:// URL without a user or a fragment');
  }
  const odd = peer.saes.find((saeId) => saeId.length > 64 || !SAE_ID.test(saeId));
  if (odd !== undefined) wrong(`an SAE ID has 1 to 64 characters of RFC 3986, not ${JSON.stringify(odd)}`);
}
