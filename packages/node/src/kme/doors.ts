/** The servers and lines of a KME: where it listens, what can be read again while it runs, and what is closed at the end. */

import type { X509Certificate } from 'node:crypto';
import type { HttpRequest } from '@skykey/kme';
import type { Logger } from 'pino';
import { type IdentityRule, identityOf } from '../pki/identity.ts';
import { Rotation } from '../pki/rotation.ts';
import { type MutualTlsOptions, type ServedRequest, serveMutualTls, type TlsFiles } from '../wire/mutual-tls.ts';
import { PeerClients } from '../wire/peer-client.ts';
import type { KmeConfiguration } from './configuration.ts';

interface Part {
  readonly reload?: () => Promise<void>;
  readonly close: () => Promise<void> | void;
}

export interface DoorsOptions extends Pick<KmeConfiguration, 'identity' | 'staleList'> {
  readonly host: string;
  readonly log: Logger;
}

export class Doors {
  /** By name of the interface. */
  readonly ports: Record<string, number> = {};
  readonly host: string;
  readonly #options: DoorsOptions;
  readonly #rule: IdentityRule;
  readonly #parts: Part[] = [];

  constructor(options: DoorsOptions) {
    this.#options = options;
    this.host = options.host;
    const { uris, commonName } = options.identity ?? {};
    this.#rule = { ...(uris && { uris }), ...(commonName !== undefined && { commonName }) };
  }

  add(name: string, port: number, part: Part): void {
    this.ports[name] = port;
    this.#parts.push(part);
  }

  /** HTTP over mutual TLS. Throws NodeError for files that are not what they should be, and for a port in use. */
  async serve(
    name: string,
    options: Pick<MutualTlsOptions, 'port' | 'what' | 'role' | 'answer' | 'bodyLimit' | 'tls' | 'minVersion'>,
  ): Promise<void> {
    const { staleList } = this.#options;
    const server = await serveMutualTls({
      ...{ ...options, staleList, identity: this.#rule, host: this.host },
      ...{ onFault: this.fault, onWarning: this.#warn },
    });
    this.add(name, server.port, server);
  }

  /** Lines to other KMEs. Throws NodeError. */
  async lines(tls: TlsFiles, maxAnswerBytes: number): Promise<PeerClients> {
    const { staleList } = this.#options;
    const clients = await PeerClients.open({
      tls,
      staleList,
      identity: this.#rule,
      maxAnswerBytes,
      onWarning: this.#warn,
    });
    this.#parts.push({ reload: () => clients.reload(), close: () => clients.close() });
    return clients;
  }

  /** Credentials of a server that is none of HTTP. Throws NodeError. */
  async credentials(files: TlsFiles): Promise<Rotation> {
    const { staleList } = this.#options;
    const rotation = await Rotation.open({ files, role: 'sae', staleList, warn: this.#warn });
    this.#parts.push({ reload: () => rotation.reload(), close: () => rotation.close() });
    return rotation;
  }

  identify(certificate: X509Certificate): string | null {
    return identityOf(certificate, this.#rule);
  }

  /** Certificates, keys, authorities and revocation lists; `refused` hears of those that stay as they were. */
  async reload(refused: (error: unknown) => void): Promise<void> {
    for (const { reload } of this.#parts) await reload?.().catch(refused);
  }

  async close(): Promise<void> {
    await Promise.all(this.#parts.splice(0).map(({ close }) => close()));
  }

  readonly fault = (error: unknown): void => {
    this.#options.log.error({ reason: messageOf(error) }, 'a request failed inside');
  };

  readonly #warn = (sentence: string): void => {
    this.#options.log.warn(sentence);
  };
}

export const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

/** A request as the cores read it. */
export const httpRequest = ({ peerId, method, path, query, contentType, body }: ServedRequest): HttpRequest => ({
  ...{ caller: peerId, method, path, query, body },
  headers: { 'content-type': contentType },
});
