/** `skykey agent …`: one tunnel, one KME, one line to the agent at the other end. */
import { X509Certificate } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import { ClientError, idsOfCertificate, KmeClient } from '@skykey/client';
import { CliError } from '../error.ts';
import { readText } from '../file.ts';
import { type AgentConfiguration, hostAndPort } from './configuration.ts';
import { dial, type Line, type LineIdentity, listen } from './line.ts';
import { Memory } from './memory.ts';
import { News } from './news.ts';
import type { Report } from './report.ts';
import { followRound, leadRound, type Party, type Rotated } from './rotation.ts';
import type { Tunnel } from './tunnel.ts';
import { Watch } from './watch.ts';

export interface AgentOptions {
  readonly configuration: AgentConfiguration;
  readonly tunnel: Tunnel;
  readonly report: Report;
  /** Ends after the first key, or the first failure. */
  readonly once: boolean;
  /** Ends the agent in order. */
  readonly signal: AbortSignal;
}

/** Runs until it is told to end. @throws CliError when it cannot start; with `once`, whatever went wrong */
export async function runAgent({ configuration, tunnel, report, once, signal }: AgentOptions): Promise<void> {
  const { sae, peer, kme: kmeOptions, maxKeyAgeS, checkS, rotateS } = configuration;
  const identity = identityOf(configuration);
  const kme = new KmeClient({
    url: kmeOptions.url,
    ca: readText('kme.ca', kmeOptions.ca),
    cert: readText('kme.cert', kmeOptions.cert),
    key: readText('kme.key', kmeOptions.key),
    ...(kmeOptions.kmeId === undefined ? {} : { kmeId: kmeOptions.kmeId }),
  });
  const haste = new Haste();
  const watch = new Watch({
    tunnel,
    memory: new Memory(configuration.memory, tunnel.name),
    report,
    maxKeyAgeS,
    checkS,
    onBroken: () => haste.now(),
  });
  const agent: Running = {
    party: { kme, tunnel, watch, self: sae, peer, usedKeyIds: new Set() },
    identity,
    report,
    haste,
    once,
    signal,
  };
  // Who runs it once looks after the key's age: a later run closes what has become too old.
  const keep = once || configuration.onEnd === 'keep';
  try {
    await watch.begin();
  } catch (error) {
    tunnel.release();
    await kme.close();
    throw error;
  }
  const over = new AbortController();
  const { line } = configuration;
  const news = new News({
    ...{ kme, peer, watch, onAlarm: configuration.onAlarm, hurry: () => haste.now(), signal: over.signal },
    role: 'connect' in line ? 'leader' : 'follower',
    tell: (reason) => report({ event: 'warning', tunnel: tunnel.name, reason }),
  });
  // Who runs it once is gone before anything could be told.
  const following = once ? undefined : news.follow();
  try {
    if ('connect' in line) await lead(agent, line.connect, rotateS);
    else await follow(agent, line.listen);
  } finally {
    over.abort();
    await following;
    await watch.end(!keep);
    await kme.close();
  }
}

interface Running {
  readonly party: Party;
  readonly identity: LineIdentity;
  readonly report: Report;
  readonly haste: Haste;
  readonly once: boolean;
  readonly signal: AbortSignal;
}

/** Waits that a reason to hurry cuts short; at the follower, which waits for the leader, a line that is hung up. */
class Haste {
  line: Line | null = null;
  #cut: AbortController | null = null;
  #pending = false;

  now(): void {
    this.#pending = true;
    this.#cut?.abort();
    this.line?.close();
  }

  async wait(ms: number, ...others: readonly AbortSignal[]): Promise<void> {
    if (!this.#pending && !others.some(({ aborted }) => aborted)) {
      this.#cut = new AbortController();
      const signal = AbortSignal.any([this.#cut.signal, ...others]);
      // Only the end of the wait matters, not what ended it.
      await pause(ms, undefined, { signal }).catch(() => undefined);
    }
    this.#pending = false;
  }
}

const FIRST_RETRY_S = 1;
const LONGEST_RETRY_S = 30;
const STRANGER_SILENCE_MS = 60_000;

async function lead(agent: Running, place: string, rotateS: number): Promise<void> {
  const { party, identity, report, haste, once, signal } = agent;
  const { host, port } = hostAndPort(place);
  report({ event: 'ready', tunnel: party.tunnel.name, role: 'leader', at: `towards ${identity.peer} at ${place}` });
  let failures = 0;
  while (!signal.aborted) {
    let line: Line | undefined;
    try {
      // The line first: a key for a peer that is away would be thrown away.
      line = await dial(host, port, identity);
      const over = (): void => line?.close();
      signal.addEventListener('abort', over, { once: true });
      try {
        for (let round = 1; !signal.aborted; round++) {
          rotated(agent, await leadRound(party, line, round));
          failures = 0;
          if (once) return;
          await haste.wait(rotateS * 1000, line.over, signal);
          if (line.over.aborted) break;
        }
      } finally {
        signal.removeEventListener('abort', over);
      }
    } catch (error) {
      if (signal.aborted) return;
      farewell(line, error);
      const againInS = Math.max(
        Math.min(FIRST_RETRY_S * 2 ** failures++, LONGEST_RETRY_S, rotateS),
        // Nor less often than it would rotate.
        error instanceof ClientError ? Math.min(error.retryAfterS ?? 0, LONGEST_RETRY_S, rotateS) : 0,
      );
      failed(agent, error, once ? null : againInS);
      if (once) throw error;
      // No haste after a failure: whatever makes the tunnel break every moment must not burn a key every moment.
      await pause(againInS * 1000, undefined, { signal }).catch(() => undefined);
    } finally {
      line?.close();
    }
  }
}

async function follow(agent: Running, place: string): Promise<void> {
  const { party, identity, report, once, signal } = agent;
  const { host, port } = hostAndPort(place);
  const { resolve, reject, promise: ended } = Promise.withResolvers<void>();
  let turn: Promise<void> = Promise.resolve();
  const serve = async (line: Line): Promise<void> => {
    agent.haste.line = line;
    try {
      while (!line.over.aborted && !signal.aborted) {
        rotated(agent, await followRound(party, line));
        if (!once) continue;
        // The leader still has to hear that it works, and hangs up then.
        await pause(2000, undefined, { signal: AbortSignal.any([line.over, signal]) }).catch(() => undefined);
        resolve();
        return;
      }
    } catch (error) {
      if (signal.aborted) return;
      farewell(line, error);
      failed(agent, error, null);
      if (once) reject(error);
    } finally {
      line.close();
    }
  };
  let silentUntilMs = 0;
  const server = await listen(host, port, identity, {
    line: (line) => {
      turn = turn.then(() => serve(line));
    },
    stranger: (who) => {
      // Who knocks all day shall not fill the disk.
      if (performance.now() < silentUntilMs) return;
      silentUntilMs = performance.now() + STRANGER_SILENCE_MS;
      const reason = `hung up on somebody who is not ${identity.peer}: ${who.slice(0, 200)}`;
      report({ event: 'warning', tunnel: party.tunnel.name, reason });
    },
  });
  report({
    event: 'ready',
    tunnel: party.tunnel.name,
    role: 'follower',
    at: `for ${identity.peer} at ${host}:${server.port}`,
  });
  const over = (): void => resolve();
  signal.addEventListener('abort', over, { once: true });
  if (signal.aborted) over();
  try {
    await ended;
  } finally {
    server.close();
    signal.removeEventListener('abort', over);
    await turn;
  }
}

function rotated({ party, report }: Running, { keyId, tookMs }: Rotated): void {
  report({ event: 'rotated', tunnel: party.tunnel.name, keyId, tookMs: Math.round(tookMs) });
}

function failed({ party, report }: Running, error: unknown, againInS: number | null): void {
  const { message } = error as Error;
  party.watch.failed(message);
  // The KME has said that there is none.
  if (error instanceof ClientError && error.code === 'client/unavailable') party.watch.despair();
  report({ event: 'failed', tunnel: party.tunnel.name, reason: message, againInS });
}

/** Tells the other end why, where there is still a way to. */
function farewell(line: Line | undefined, error: unknown): void {
  const known = error instanceof CliError || error instanceof ClientError;
  const reason = known ? error.message : 'a fault';
  try {
    if (line && !line.over.aborted) line.send({ type: 'fail', round: 0, reason: reason.slice(0, 300) });
  } catch {
    // It ended in this moment, and the other end sees that as well.
  }
}

/** @throws CliError `agent/configuration` for a certificate that is another's, or may not be used on this side */
function identityOf({ sae, peer, kme, line }: AgentConfiguration): LineIdentity {
  const files = { ca: line.ca, cert: line.cert ?? kme.cert, key: line.key ?? kme.key };
  const named = (name: 'cert' | 'key'): string => (line[name] === undefined ? `kme.${name}` : `line.${name}`);
  const cert = readText(named('cert'), files.cert);
  const ca = readText('line.ca', files.ca);
  const key = readText(named('key'), files.key);
  let certificate: X509Certificate;
  try {
    certificate = new X509Certificate(cert);
  } catch (cause) {
    throw new CliError('agent/configuration', `${named('cert')} ${files.cert} is not a certificate in PEM`, { cause });
  }
  const { subjectAltName, subject } = certificate;
  const CN = /^CN=(.*)$/m.exec(subject)?.[1];
  if (!idsOfCertificate({ subjectaltname: subjectAltName, subject: { CN } }).includes(sae)) {
    throw new CliError('agent/configuration', `${named('cert')} ${files.cert} is not a certificate of ${sae}`);
  }
  const [serverAuth, clientAuth] = ['1.3.6.1.5.5.7.3.1', '1.3.6.1.5.5.7.3.2'];
  const needed = 'listen' in line ? serverAuth! : clientAuth!;
  if (certificate.keyUsage && !certificate.keyUsage.includes(needed)) {
    throw new CliError(
      'agent/configuration',
      `${files.cert} may not be used as a ${'listen' in line ? 'server' : 'client'} (extended key usage): give line.cert and line.key one of ${sae} that may, or let the other end listen`,
    );
  }
  const crl = line.crl === undefined ? undefined : readText('line.crl', line.crl);
  return { ca, crl, cert, key, self: sae, peer };
}
