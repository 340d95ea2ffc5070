/** The calling side of mutual TLS between KMEs: whom it calls must carry exactly the id that is expected. */
import { Agent, request } from 'node:https';
import { createSecureContext, type TLSSocket } from 'node:tls';
import { NodeError } from '../error.ts';
import { revocationKey, type TlsFiles, type Trust } from '../pki/credentials.ts';
import { type IdentityRule, identityOf } from '../pki/identity.ts';
import { Rotation } from '../pki/rotation.ts';
import { readBody } from './body.ts';

const LIMIT_MS = 5000;
const MAX_ANSWER_BYTES = 65_536;
const MAX_SOCKETS = 8;

export interface Peer {
  /** The id in its certificate. */
  readonly peerId: string;
  readonly port: number;
  /** Loopback where not given. */
  readonly host?: string | undefined;
}

export interface PeerAnswer {
  readonly status: number;
  readonly body: Uint8Array;
}

export interface PeerClientsOptions extends Omit<Trust, 'role'> {
  readonly tls: TlsFiles;
  readonly identity?: IdentityRule | undefined;
  /** Sentences for the operator. */
  readonly onWarning?: ((sentence: string) => void) | undefined;
  /** For a whole call, milliseconds. */
  readonly limitMs?: number | undefined;
  readonly maxAnswerBytes?: number | undefined;
  readonly now?: (() => number) | undefined;
  readonly lookMs?: number | undefined;
}

/** Lines to any number of peers with one certificate: kept open, resumed, and made again when the certificate changes. */
export class PeerClients {
  readonly #options: PeerClientsOptions;
  readonly #rotation: Rotation;
  /** By peer and address: a session that is resumed is not checked again, so it must never serve another peer. */
  #agents = new Map<string, Agent>();
  #context: ReturnType<typeof createSecureContext>;

  /** Throws NodeError when the files are not what they should be (see `readCredentials`). */
  static async open(options: PeerClientsOptions): Promise<PeerClients> {
    const { tls, staleList, now, lookMs, onWarning: warn = () => undefined } = options;
    return new PeerClients(options, await Rotation.open({ files: tls, staleList, now, lookMs, warn }));
  }

  private constructor(options: PeerClientsOptions, rotation: Rotation) {
    this.#options = options;
    this.#rotation = rotation;
    this.#context = createSecureContext(rotation.current.context);
    rotation.follow(({ context }) => {
      this.#context = createSecureContext(context);
      this.#renew();
    });
  }

  /** Calls under way are finished with the credentials they began with, unless their peer was revoked. */
  #renew(): void {
    const before = [...this.#agents.values()];
    this.#agents = new Map();
    for (const agent of before) {
      // What comes free from now on is closed.
      agent.maxFreeSockets = 0;
      for (const socket of Object.values(agent.freeSockets).flat()) socket?.destroy();
      for (const socket of Object.values(agent.sockets).flat()) {
        const certificate = (socket as TLSSocket).getPeerX509Certificate?.();
        if (certificate && this.#rotation.current.revoked.has(revocationKey(certificate))) socket?.destroy();
      }
    }
  }

  /** Reads the files again, now. Throws NodeError; then the old stay in use. */
  reload(): Promise<void> {
    return this.#rotation.reload();
  }

  close(): void {
    this.#rotation.close();
    for (const agent of this.#agents.values()) agent.destroy();
  }

  /** Rejects with NodeError `node/peer-unreachable`, also when it is somebody else who answers. */
  post(peer: Peer, path: string, body: Uint8Array, contentType = 'application/octet-stream'): Promise<PeerAnswer> {
    const { limitMs = LIMIT_MS, maxAnswerBytes = MAX_ANSWER_BYTES } = this.#options;
    return new Promise((resolve, reject) => {
      const fail = (reason: string): void =>
        reject(new NodeError('node/peer-unreachable', `the other site (${peer.peerId}) does not answer: ${reason}`));
      const call = request(
        {
          host: peer.host ?? '127.0.0.1',
          port: peer.port,
          path,
          method: 'POST',
          agent: this.#agent(peer),
          headers: { 'content-type': contentType, 'content-length': body.length },
        },
        async (response) => {
          const bytes = await readBody(response, maxAnswerBytes);
          clearTimeout(timer);
          if (bytes === 'too large') call.destroy();
          if (typeof bytes === 'string') fail(bytes === 'gone' ? 'it hung up' : 'its answer is too large');
          else resolve({ status: response.statusCode ?? 0, body: bytes });
        },
      );
      const timer = setTimeout(() => call.destroy(new Error(`no answer within ${limitMs / 1000} s`)), limitMs);
      call.on('error', (error) => {
        clearTimeout(timer);
        fail(error.message);
      });
      call.end(body);
    });
  }

  #agent(peer: Peer): Agent {
    const name = `${peer.peerId} ${peer.host} ${peer.port}`;
    const there = this.#agents.get(name);
    if (there) return there;
    const agent = new Agent({
      keepAlive: true,
      maxSockets: MAX_SOCKETS,
      secureContext: this.#context,
      checkServerIdentity: (_host, certificate) => this.#check(peer, certificate),
    });
    this.#agents.set(name, agent);
    return agent;
  }

  #check(
    { peerId }: Peer,
    certificate: { subjectaltname?: string | undefined; subject: object; serialNumber: string },
  ): Error | undefined {
    const { CN } = certificate.subject as { CN?: string | string[] };
    const subject = [CN ?? []].flat().map((name) => `CN=${name}`);
    const names = { subjectAltName: certificate.subjectaltname, subject: subject.join('\n') };
    if (identityOf(names, this.#options.identity) === peerId) return undefined;
    return new Error(`its certificate is not that of ${peerId}`);
  }
}

/** A line to one peer. What is wrong with the files is said by `ready`, and by every call. */
export function peerClient(options: Peer & PeerClientsOptions): {
  readonly ready: Promise<void>;
  readonly post: (path: string, body: Uint8Array, contentType?: string) => Promise<PeerAnswer>;
  readonly reload: () => Promise<void>;
  readonly close: () => void;
} {
  const opening = PeerClients.open(options);
  const ready = opening.then(() => undefined);
  ready.catch(() => undefined);
  return {
    ready,
    post: async (path, body, contentType) => (await opening).post(options, path, body, contentType),
    reload: async () => (await opening).reload(),
    close: () => void opening.then((clients) => clients.close()).catch(() => undefined),
  };
}
