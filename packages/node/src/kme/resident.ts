/** What lives in the process of a key manager and has its part in what it does: the receiver and the desk of a site. */
import type { Kme, KmeRequest, KmeResponse } from '@skykey/kme';
import type { FastifyInstance } from 'fastify';

export interface Resident {
  /** Key has come or gone, or an alarm. */
  changed(): void;
  /** Another node has said something, or a round is over. Awaited before the answer leaves. */
  heard(): Promise<void>;
  /** The operator reopens a link; the key manager's own alarm is taken back afterwards. */
  reopen(link: string): Promise<void>;
  /** Adds its own routes to those of the operations. */
  serve(server: FastifyInstance): Promise<void>;
  /** Posts of other key managers to paths of its own, at most 64 KiB. */
  readonly posts: ReadonlyMap<string, (kmeId: string, body: Uint8Array) => Promise<PostAnswer>>;
}

export interface PostAnswer {
  readonly status: number;
  readonly body?: string | Uint8Array;
}

/** The key manager as its resident sees it. */
export interface Household {
  readonly kme: Kme;
  /** A request of an application in this process, by ETSI GS QKD 014: as if it came by the interface. */
  ask(request: KmeRequest): Promise<KmeResponse>;
  /** A message of a node on a line of its own (`StartKmeOptions.nodes`). */
  hear(message: Uint8Array): Promise<Uint8Array>;
  /** To a path of the resident of another site. Rejects with NodeError `node/peer-unreachable`. */
  post(siteId: string, path: string, body: Uint8Array): Promise<{ readonly status: number; readonly body: Uint8Array }>;
  /** Does what waits, and whatever comes of it. Never rejects. */
  round(): Promise<void>;
}
