/** What an agent does to a tunnel, whatever makes it. Every call leaves it working with a key, or closed; never without. */
import type { SecretBytes } from '@skykey/bits';

export interface TunnelKey {
  /** UUID from the KME. */
  readonly keyId: string;
  /** Lent for the call; 32 bytes. */
  readonly key: SecretBytes;
}

export interface Tunnel {
  readonly kind: 'wireguard' | 'ipsec';
  /** For people: which tunnel. */
  readonly name: string;
  /** Before anything else: everything is there that will be needed. @throws CliError `agent/tunnel`, `agent/vici` */
  open(): Promise<void>;
  /** Holds a new key ready, in place of or beside the old one. */
  install(key: TunnelKey): Promise<void>;
  /** Leader: makes the new key the one in use. Gives what the follower shall see, too. */
  start(keyId: string): Promise<string>;
  /** Follower: sees for itself that the new key is in use. @throws when it is not */
  verify(keyId: string, evidence: string): Promise<void>;
  /** Takes away every key but this one. */
  retire(keyId: string): Promise<void>;
  /**
   * Whether the tunnel is as this agent left it, open or shut; null when it is, else what is wrong. Before any key was
   * installed: whether it is one that an agent may have left.
   */
  wrong(isOpen: boolean): Promise<string | null>;
  /** Lets nothing through any more. */
  shut(): Promise<void>;
  /** Lets go of sockets; the tunnel stays as it is. */
  release(): void;
}
