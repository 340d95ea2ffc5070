/** Event `desk` of a site's own desk, and the body of `GET …/api/state`. Contains words: it goes to that desk only. */
export interface DeskState {
  readonly siteId: string;
  readonly name: string;
  readonly peerName: string;
  readonly line: LineState;
  /** `one-time-pad` or `aes-256-gcm`, by the site's policy. */
  readonly suite: 'one-time-pad' | 'aes-256-gcm';
  /** How many messages of 250 bytes the key in stock is still good for, each way. */
  readonly messagesLeft: number;
  readonly keyBitsLeft: number;
  /** Oldest first. */
  readonly messages: readonly DeskMessage[];
  /** Mission time, ms. */
  readonly utcMs: number;
}

/**
 * `secured`: messages can be sent. `waiting`: no key yet, or no key any more. `dropped`: an alarm; nothing leaves
 * until an operator reopens the link. The reason is a sentence for people: who, what, how to go on.
 */
export interface LineState {
  readonly state: 'secured' | 'waiting' | 'dropped';
  readonly reason: string;
}

export interface DeskMessage {
  readonly id: string;
  readonly direction: 'sent' | 'received';
  readonly text: string;
  readonly utcMs: number;
  /** `sealing` → `delivered`, or `refused` with a reason (nothing left the site, or the peer refused it). */
  readonly state: 'sealing' | 'delivered' | 'refused';
  readonly reason: string | null;
  /** Ids of the keys that seal it; never the keys. */
  readonly keyIds: readonly string[];
  readonly suite: 'one-time-pad' | 'aes-256-gcm';
  /** First bytes of what crossed the network, hexadecimal, for show. */
  readonly ciphertextPreview: string;
}
