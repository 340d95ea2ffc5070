/**
 * PLAYED, for tests: two sites in one process that only hand on signals and give out leases. There is no hotline here, no
 * agreement and no QKD: every base key comes out of one secret. What is real is the page: it is the built one.
 */
import { hkdfSync, randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { extname, join, normalize } from 'node:path';
import type { DeskCall, DeskState, LineLevel } from '@skykey/telemetry';
import type { LeaseAnswer, LeaseKey, LeasePad, LeaseRequest } from '../contract.ts';

const ALLOWED = { allowed: true, reason: '' };
const LEASE_MS = 900;
const FIRST_EPOCH = 7 * 256;
/** Seconds of one-time pad that a page has in hand. */
const PADS_AHEAD = 4;
const PAD_BYTES = 4000;
const MIME: Record<string, string> = { '.html': 'text/html', '.js': 'text/javascript', '.css': 'text/css' };
/** As a real desk serves its page (`packages/node/src/desk/serve-desk.ts`): no inline style either. */
export const POLICY =
  "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; connect-src 'self'; " +
  "worker-src 'self'; font-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'";

interface Answer {
  readonly status: number;
  readonly body: unknown;
}

const ok = (body: unknown): Answer => ({ status: 200, body });
const refused = (message: string): Answer => ({ status: 409, body: { message } });
const FORGED: Answer = { status: 403, body: { message: 'not from this page' } };

/** One played site: the half of the call at its desk. */
export class PlayedSite {
  readonly name: string;
  readonly direction: 1 | 2;
  peer!: PlayedSite;
  url = '';
  secret = 'one secret of both';
  /** `refused`: 409; `mute`: no answer ever; `failing`: 503. */
  leases: 'given' | 'refused' | 'mute' | 'failing' = 'given';
  lastLeaseMs = 0;
  sendEpoch = FIRST_EPOCH;
  level: LineLevel = 'green';
  reason = 'Key for 31 hours.';
  call: DeskCall | null = null;
  /** Keys to send with, by id, and the session that got them: none may go to two. */
  readonly given = new Map<string, string>();
  readonly faults: string[] = [];
  /** What the pads of this site come out of: those of the other, unless a test says otherwise. */
  padSecret = 'one pad of both';
  /** Blocks of this call that were given to speak and to hear with. */
  blocks = { sent: 0, heard: 0 };
  readonly #folder: string;
  readonly #streams = new Set<ServerResponse>();
  #server!: Server;

  constructor(name: string, direction: 1 | 2, folder: string) {
    this.name = name;
    this.direction = direction;
    this.#folder = folder;
  }

  async listen(): Promise<void> {
    this.#server = createServer((request, response) => {
      this.#answer(request, response).catch((error: unknown) => {
        this.faults.push(String(error));
        response.writeHead(500).end();
      });
    });
    await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', resolve));
    this.url = `http://localhost:${(this.#server.address() as AddressInfo).port}`;
  }

  close(): void {
    this.#server.closeAllConnections();
    this.#server.close();
  }

  get state(): DeskState {
    const stopped = this.level === 'black';
    const may = stopped
      ? { allowed: false, reason: 'Voice and picture stay off until two persons on each side have reopened the line.' }
      : ALLOWED;
    return {
      siteId: this.name.toLowerCase(),
      name: this.name,
      peerName: this.peer.name,
      line: {
        ...{ level: this.level, reason: this.reason, sinceUtcMs: 0, peerReachable: true, banners: [] },
        alarm: null,
      },
      safety: {
        ...{ phrase: null, renewedUtcMs: null, qkdKeyIds: [], provenance: [] },
        inputs: { qkd: this.level !== 'red', kem: true, ecdh: true, courier: true },
      },
      reserve: { keyBits: 9e6, hours: 31, padMessages: 4210, speechMinutes: 42, padSpeechMinutes: 2 },
      may: { text: ALLOWED, sealedText: ALLOWED, file: ALLOWED, call: may, sealedSpeech: may },
      padSpeech: { minutesPerDay: 2, leftMs: 100_000 },
      record: { on: false, peerWants: false, signed: null, unsigned: 0, fault: null },
      emergency: null,
      ...{ retentionDays: null, restored: false, call: this.call, files: [], messages: [], utcMs: 0 },
    };
  }

  tell(name: string, data: unknown): void {
    for (const stream of this.#streams) stream.write(`event: ${name}\ndata: ${JSON.stringify(data)}\n\n`);
  }

  change(call: Partial<DeskCall>): void {
    if (this.call === null) return;
    this.call = { ...this.call, ...call };
    this.tell('call', this.call);
  }

  /** What an alarm does: silence first, then the state. */
  stop(reason: string): void {
    this.tell('call-stop', { reason });
    this.level = 'black';
    this.reason = reason;
    if (this.call !== null) this.call = { ...this.call, state: 'ended', reason };
    this.tell('desk', this.state);
  }

  reopen(): void {
    this.level = 'green';
    this.reason = 'Key for 31 hours.';
    this.call = null;
    this.tell('desk', this.state);
  }

  /** New keys to send with. */
  renew(): void {
    this.sendEpoch++;
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const path = new URL(request.url ?? '/', this.url).pathname;
    response.setHeader('content-security-policy', POLICY);
    if (path === '/api/events') {
      response.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-store' });
      this.#streams.add(response);
      request.on('close', () => this.#streams.delete(response));
      this.tell('desk', this.state);
      return;
    }
    if (path.startsWith('/api/')) {
      const own = request.headers['x-skykey'] === '1';
      const answer = path === '/api/call/servers' ? ok([]) : own ? this.#command(path, await bodyOf(request)) : FORGED;
      // A mute site never answers.
      if (answer === null) return;
      response.writeHead(answer.status, { 'content-type': 'application/json' }).end(JSON.stringify(answer.body));
      return;
    }
    const file = normalize(path === '/' ? '/page.html' : path);
    response.setHeader('content-type', MIME[extname(file)] ?? 'application/octet-stream');
    response.end(readFileSync(join(this.#folder, file)));
  }

  #command(path: string, body: Record<string, unknown>): Answer | null {
    if (path === '/api/call') {
      const kind = body.kind as DeskCall['kind'];
      const sealing = body.sealing as DeskCall['sealing'];
      const call = { id: randomUUID(), kind, sealing, state: 'ringing' as const };
      const rest = { reason: null, startedUtcMs: null, rekeySeconds: 60 };
      this.call = { ...call, ...rest, direction: 'outgoing' };
      this.peer.call = { ...call, ...rest, direction: 'incoming' };
      for (const site of [this, this.peer]) {
        site.blocks = { sent: 0, heard: 0 };
        site.tell('call', site.call);
      }
      return ok(this.call);
    }
    if (this.call === null || body.id !== this.call.id) return refused('there is no such call any more');
    const both = (change: Partial<DeskCall>) => {
      for (const site of [this, this.peer]) site.change(change);
    };
    switch (path) {
      case '/api/call/accept':
        both({ state: 'connecting' });
        return ok({});
      case '/api/call/end':
        both({ state: 'ended', reason: (body.reason as string | undefined) ?? null });
        return ok({});
      case '/api/call/signal':
        this.peer.tell('call-signal', { id: body.id, signal: body.signal });
        return ok({});
      case '/api/call/lease':
        if (this.leases === 'mute') return null;
        if (this.leases === 'failing') return { status: 503, body: { message: 'later' } };
        if (this.leases === 'refused' || this.level === 'black') return refused(this.reason);
        if (this.call.state === 'ended') return refused('the call has ended');
        this.lastLeaseMs = Date.now();
        return ok(this.#lease(body as unknown as LeaseRequest));
      default:
        return { status: 404, body: { message: 'nothing here' } };
    }
  }

  /** Keys for what this desk sends, once, and for what the peer sends now and next. */
  #lease({ session, have }: LeaseRequest): LeaseAnswer {
    const held = new Set(have);
    const idOf = (use: string, epoch: number, stream: string) => `${use}/${epoch}/${stream}`;
    const streams = ['audio', 'video'] as const;
    // A page that lost its keys goes on in a new epoch.
    if (
      streams.some((s) => this.given.has(idOf('send', this.sendEpoch, s)) && !held.has(idOf('send', this.sendEpoch, s)))
    )
      this.renew();
    const keys: LeaseKey[] = [];
    for (const stream of streams) {
      const wanted = [
        ['send', this.sendEpoch] as const,
        ['receive', this.peer.sendEpoch] as const,
        ['receive', this.peer.sendEpoch + 1] as const,
      ];
      for (const [use, mediaEpoch] of wanted) {
        const keyId = idOf(use, mediaEpoch, stream);
        if (held.has(keyId)) continue;
        if (use === 'send') {
          if (this.given.has(keyId)) this.faults.push(`${keyId} was given twice`);
          this.given.set(keyId, session);
        }
        keys.push({ keyId, mediaEpoch, stream, use, baseKey: this.#baseKey(use, mediaEpoch, stream) });
      }
    }
    return { leaseMs: LEASE_MS, sendEpoch: this.sendEpoch, keys, pads: this.#pads(have) };
  }

  /** Blocks to speak with for the next seconds, and to hear with what the other side may speak with by then; each once. */
  #pads(have: readonly string[]): LeasePad[] {
    if (this.call?.sealing !== 'sealed') return [];
    const pads: LeasePad[] = [];
    const give = (use: LeasePad['use'], block: number) =>
      pads.push({ padId: `pad/${use}/${block}`, block, use, bytes: this.#pad(use, block) });
    while (this.blocks.heard < this.peer.blocks.sent + 2 * PADS_AHEAD) give('receive', this.blocks.heard++);
    for (let held = have.filter((id) => id.startsWith('pad/send/')).length; held < PADS_AHEAD; held++) {
      if (this.peer.blocks.heard <= this.blocks.sent) break;
      give('send', this.blocks.sent++);
    }
    return pads;
  }

  #pad(use: LeasePad['use'], block: number): string {
    const direction = use === 'send' ? this.direction : 3 - this.direction;
    const label = `${this.call?.id} ${direction} ${block}`;
    return Buffer.from(hkdfSync('sha512', this.padSecret, '', label, PAD_BYTES)).toString('base64');
  }

  #baseKey(use: 'send' | 'receive', epoch: number, stream: string): string {
    const direction = use === 'send' ? this.direction : 3 - this.direction;
    const label = `${this.call?.id} ${direction} ${epoch} ${stream}`;
    return Buffer.from(hkdfSync('sha512', this.secret, '', label, 32)).toString('base64');
  }
}

/** Two played sites, listening, that know each other; both serve the page in `folder`. */
export async function playedSites(folder: string): Promise<readonly [PlayedSite, PlayedSite]> {
  const beijing = new PlayedSite('Beijing', 1, folder);
  const moscow = new PlayedSite('Moscow', 2, folder);
  beijing.peer = moscow;
  moscow.peer = beijing;
  await Promise.all([beijing.listen(), moscow.listen()]);
  return [beijing, moscow];
}

async function bodyOf(request: IncomingMessage): Promise<Record<string, unknown>> {
  let text = '';
  for await (const piece of request) text += String(piece);
  return text === '' ? {} : (JSON.parse(text) as Record<string, unknown>);
}
