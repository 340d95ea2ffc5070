/**
 * Lines to the other KMEs of the network, and what is known of each: whether it answers, what its clock says, and whether
 * both ends have taken in the same couriered keys; and what its links have in store. That is asked before keys are cut, so that a site that is away, or whose
 * clock is wrong, costs no key.
 */
import type { PeerLink } from '@skykey/kme';
import { z } from 'zod';
import { NodeError } from '../error.ts';
import type { Peer, PeerAnswer, PeerClients } from '../wire/peer-client.ts';

/** Messages between KMEs. */
export const KME_PATH = '/skykey/kme/v1';
/** Time and couriered keys. */
export const HELLO_PATH = `${KME_PATH}/hello`;

/** Clocks that are further apart are wrong: policies go by the age of keys. */
export const MAX_APART_MS = 60_000;
/** What was heard is good for so long; a peer that did not answer is asked again after the shorter time. */
const FRESH_MS = 15_000;
const RETRY_MS = 1_000;

const helloBody = z.object({
  nowMs: z.number(),
  couriers: z.array(z.string().max(128)).max(10_000),
  /** Bits in store of its quantum links: what forecasts of others begin with, and nothing else is decided by. */
  links: z.record(z.string().max(128), z.number().min(0)).default({}),
});

/** What KMEs tell each other before anything else. */
export type Hello = z.infer<typeof helloBody>;

export interface PeerState {
  readonly kmeId: string;
  readonly siteId: string;
  readonly reachable: boolean;
  /** How far its clock is ahead of this one, at least: what the way there and back may have taken is not counted. */
  readonly aheadMs: number | null;
  /** Why no keys are made with it at present; null: they are. */
  readonly problem: string | null;
}

export interface PeerKmesOptions {
  readonly peers: readonly { readonly kmeId: string; readonly siteId: string; readonly url: string }[];
  readonly clients: PeerClients;
  readonly now: () => number;
  /** Ids of couriered keys taken in with a site, in order. */
  readonly couriers: (siteId: string) => Promise<readonly string[]>;
  /** Bits in store of the quantum links of this site. */
  readonly links: () => Promise<Readonly<Record<string, number>>>;
  readonly onChange: (state: PeerState) => void;
}

interface Line extends PeerState {
  readonly peer: Peer;
  readonly links: Readonly<Record<string, number>>;
  readonly askedMs: number;
}

export class PeerKmes {
  readonly #options: PeerKmesOptions;
  readonly #lines = new Map<string, Line>();
  readonly #asking = new Map<string, Promise<Line>>();

  constructor(options: PeerKmesOptions) {
    this.#options = options;
    for (const { kmeId, siteId, url } of options.peers) {
      const { hostname, port } = new URL(url);
      const peer = { peerId: kmeId, host: hostname.replace(/^\[|\]$/g, ''), port: Number(port || 443) };
      const unknown = {
        reachable: false,
        aheadMs: null,
        problem: `${kmeId} was not asked yet`,
        askedMs: -FRESH_MS,
        links: {},
      };
      this.#lines.set(siteId, { kmeId, siteId, peer, ...unknown });
    }
  }

  states(): PeerState[] {
    return [...this.#lines.values()].map(({ kmeId, siteId, reachable, aheadMs, problem }) => {
      return { kmeId, siteId, reachable, aheadMs, problem };
    });
  }

  /** What sites last told of their quantum links: site, link, bits. */
  toldLinks(): [string, string, number][] {
    return [...this.#lines.values()].flatMap(({ siteId, links }) =>
      Object.entries(links).map(([link, bits]): [string, string, number] => [siteId, link, bits]),
    );
  }

  /** Rejects with NodeError `node/peer-unreachable`. */
  post(siteId: string, path: string, body: Uint8Array): Promise<PeerAnswer> {
    return this.#options.clients.post(this.#lines.get(siteId)!.peer, path, body);
  }

  /** The line to a site, as the core wants it. Alarms must pass whatever its clock says, so nothing is held back here. */
  link(siteId: string): PeerLink {
    const { clients } = this.#options;
    return {
      call: async (message) => {
        const { peer } = this.#lines.get(siteId)!;
        try {
          const { status, body } = await clients.post(peer, KME_PATH, message);
          if (status !== 200) throw new NodeError('node/peer-unreachable', `${peer.peerId} answers with ${status}`);
          return body;
        } catch (error) {
          // The next key asks first.
          this.#learn(siteId, { reachable: false, problem: (error as Error).message });
          throw error;
        }
      },
    };
  }

  /** Why no keys can be made with a site now, in a sentence; null when they can. Asks the site when that is not known. */
  async problem(siteId: string): Promise<string | null> {
    const line = this.#lines.get(siteId);
    if (!line) return null;
    const ageMs = performance.now() - line.askedMs;
    const known = ageMs < (line.reachable ? FRESH_MS : RETRY_MS) ? line : await this.#ask(siteId);
    // Applications need not hear at which address, or why.
    return known.reachable ? known.problem : `${known.kmeId} does not answer; no key was spent`;
  }

  /** Asks whoever has not been heard for a while. */
  async lookAround(): Promise<void> {
    await Promise.all(
      [...this.#lines.values()]
        .filter(({ askedMs, problem }) => performance.now() - askedMs >= (problem === null ? FRESH_MS / 2 : RETRY_MS))
        .map(({ siteId }) => this.#ask(siteId)),
    );
  }

  /** A peer asks. */
  async answer(kmeId: string, body: Uint8Array): Promise<Hello | null> {
    const line = [...this.#lines.values()].find((other) => other.kmeId === kmeId);
    const { now, couriers, links } = this.#options;
    if (!line || !readHello(body)) return null;
    // Who greets is there: it need not be waited for.
    if (line.problem !== null) void this.#ask(line.siteId);
    return { nowMs: now(), couriers: [...(await couriers(line.siteId))], links: { ...(await links()) } };
  }

  #ask(siteId: string): Promise<Line> {
    const current = this.#asking.get(siteId);
    if (current) return current;
    const asked = this.#hello(this.#lines.get(siteId)!).finally(() => this.#asking.delete(siteId));
    this.#asking.set(siteId, asked);
    return asked;
  }

  async #hello({ siteId, peer, kmeId }: Line): Promise<Line> {
    const { clients, now, couriers, links } = this.#options;
    try {
      const own = await couriers(siteId);
      const stored = await links();
      const beforeMs = now();
      const said: Hello = { nowMs: beforeMs, couriers: [...own], links: { ...stored } };
      const body = new TextEncoder().encode(JSON.stringify(said));
      const answer = await clients.post(peer, HELLO_PATH, body, 'application/json');
      const afterMs = now();
      const hello = answer.status === 200 ? readHello(answer.body) : null;
      if (!hello) {
        const problem = `${kmeId} answers with ${answer.status} and no greeting: it runs another version, or does not know this KME`;
        return this.#learn(siteId, { reachable: false, problem });
      }
      // Its clock was read somewhere between the two readings of this one.
      const aheadMs = Math.max(0, hello.nowMs - afterMs) || Math.min(0, hello.nowMs - beforeMs);
      const problem = clockProblem(kmeId, aheadMs) ?? courierProblem(kmeId, own, hello.couriers);
      return this.#learn(siteId, { reachable: true, aheadMs, problem, links: hello.links });
    } catch (error) {
      return this.#learn(siteId, { reachable: false, problem: (error as Error).message });
    }
  }

  #learn(siteId: string, news: Partial<Line> & Pick<Line, 'reachable' | 'problem'>): Line {
    const before = this.#lines.get(siteId)!;
    const line = { ...before, ...news, askedMs: performance.now() };
    this.#lines.set(siteId, line);
    if (line.reachable !== before.reachable || line.problem !== before.problem) this.#options.onChange(line);
    return line;
  }
}

function readHello(body: Uint8Array): Hello | null {
  try {
    return helloBody.parse(JSON.parse(new TextDecoder().decode(body)));
  } catch {
    return null;
  }
}

function clockProblem(kmeId: string, aheadMs: number): string | null {
  if (Math.abs(aheadMs) <= MAX_APART_MS) return null;
  const how = `${Math.round(Math.abs(aheadMs) / 1000)} s ${aheadMs > 0 ? 'ahead of' : 'behind'}`;
  return `the clock of ${kmeId} is ${how} this machine's: no keys are made with it until both are right (at most ${MAX_APART_MS / 1000} s apart); set the clocks by NTP`;
}

function courierProblem(kmeId: string, own: readonly string[], theirs: readonly string[]): string | null {
  const at = own.findIndex((id, i) => theirs[i] !== id);
  if (at < 0 && own.length === theirs.length) return null;
  if (theirs.length < own.length && at === theirs.length) {
    return `${kmeId} has not taken in the couriered key ${own[at]}, which this site has: install its copy there and start it again`;
  }
  if (at < 0) {
    return `this site has not taken in the couriered key ${theirs[own.length]}, which ${kmeId} has: install its copy here and start again`;
  }
  return `${kmeId} has taken in other couriered keys than this site, or in another order: both need new vaults and one new file at both ends`;
}
