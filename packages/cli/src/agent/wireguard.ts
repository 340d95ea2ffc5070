/**
 * WireGuard's pre-shared key of one peer, through `wg` (kernel or wireguard-go alike). It is mixed into every handshake;
 * the session that stands when it changes goes on until the next handshake, 120 s after the last at most while there is
 * traffic, 180 s at the very end (WireGuard whitepaper, 6.1: Rekey-After-Time, Reject-After-Time). Keys go to `wg` on its
 * standard input: never on a command line, never in a file.
 */
import { spawn } from 'node:child_process';
import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import { SecretBytes } from '@skykey/bits';
import { CliError } from '../error.ts';
import type { Tunnel, TunnelKey } from './tunnel.ts';

export interface WireguardOptions {
  /** Name of the interface. */
  readonly interface: string;
  /** Public key of the peer, base64. */
  readonly peer: string;
}

const LIMIT_MS = 10_000;
const NO_KEY = '(none)';

export class Wireguard implements Tunnel {
  readonly kind = 'wireguard';
  readonly name: string;
  readonly #interface: string;
  readonly #peer: string;
  /** SHA-256 of the key that was set last, to see whether it is still there; the key itself is not kept. */
  #set: Uint8Array | null = null;

  constructor(options: WireguardOptions) {
    this.#interface = options.interface;
    this.#peer = options.peer;
    this.name = `WireGuard ${options.interface}`;
  }

  async open(): Promise<void> {
    await this.#column('peers');
  }

  async install({ key }: TunnelKey): Promise<void> {
    // `wg set` makes a peer that is not there: one without allowed addresses, that nobody wanted.
    await this.#column('peers');
    await this.#setKey([], key);
  }

  async start(): Promise<string> {
    await this.#expectSet();
    return '';
  }

  async verify(): Promise<void> {
    await this.#expectSet();
  }

  /** The old key was overwritten by the new one; the old session ends with the next handshake. */
  async retire(): Promise<void> {}

  async wrong(): Promise<string | null> {
    const fingerprint = await this.#fingerprint();
    if (!fingerprint) return 'its peer has no pre-shared key at all';
    if (this.#set && !timingSafeEqual(fingerprint, this.#set)) {
      return 'its pre-shared key is not the one that this agent set: has "wg setconf", "wg syncconf" or "wg-quick" been run?';
    }
    return null;
  }

  /** In one step: the peer goes, with its sessions, and is there again as it was, with a key that nobody has. */
  async shut(): Promise<void> {
    const [endpoint] = await this.#column('endpoints');
    const allowed = await this.#column('allowed-ips');
    const [keepalive] = await this.#column('persistent-keepalive');
    const rest: string[] = [];
    if (endpoint && endpoint !== NO_KEY) rest.push('endpoint', endpoint);
    if (keepalive && keepalive !== 'off') rest.push('persistent-keepalive', keepalive);
    rest.push('allowed-ips', allowed[0] === NO_KEY ? '' : allowed.join(','));
    const nobodys = SecretBytes.adopt(new Uint8Array(randomBytes(32)));
    try {
      await this.#setKey(['peer', this.#peer, 'remove'], nobodys, rest);
    } finally {
      nobodys.wipe();
    }
    await this.#expectSet();
  }

  release(): void {}

  /** Seconds since 1970 of the last handshake; 0: none yet. */
  async lastHandshakeS(): Promise<number> {
    return Number((await this.#column('latest-handshakes'))[0]);
  }

  async #setKey(before: readonly string[], key: SecretBytes, after: readonly string[] = []): Promise<void> {
    const line = key.open(encodeLine);
    const set = createHash('sha256').update(line.subarray(0, -1)).digest();
    const set_ = ['set', this.#interface, ...before, 'peer', this.#peer, 'preshared-key', '/dev/stdin', ...after];
    try {
      (await wg(set_, line)).fill(0);
    } finally {
      line.fill(0);
    }
    this.#set = set;
  }

  async #expectSet(): Promise<void> {
    const wrong = this.#set === null ? 'no key was set yet' : await this.wrong();
    if (wrong) throw new CliError('agent/tunnel', `${this.name}: ${wrong}`);
  }

  async #fingerprint(): Promise<Uint8Array | null> {
    const shown = await wg(['show', this.#interface, 'preshared-keys']);
    try {
      const prefix = Buffer.from(`${this.#peer}\t`);
      const at = shown.indexOf(prefix);
      if (at < 0) throw this.#missing();
      const from = at + prefix.length;
      const end = shown.indexOf('\n', from);
      const key = shown.subarray(from, end < 0 ? shown.length : end);
      return key.equals(Buffer.from(NO_KEY)) ? null : createHash('sha256').update(key).digest();
    } finally {
      shown.fill(0);
    }
  }

  /** What `wg show` says about the peer, in words. */
  async #column(what: string): Promise<string[]> {
    const lines = (await wg(['show', this.#interface, what])).toString('utf8').split('\n');
    const line = lines.find((one) => one === this.#peer || one.startsWith(`${this.#peer}\t`));
    if (line === undefined) throw this.#missing();
    return line.slice(this.#peer.length + 1).split(' ');
  }

  #missing(): CliError {
    return new CliError(
      'agent/tunnel',
      `${this.name} has no peer ${this.#peer}: set it up with its allowed addresses first, without or with any pre-shared key`,
    );
  }
}

/** Base64 and a newline, as bytes: a text could not be overwritten. */
function encodeLine(key: Uint8Array): Uint8Array {
  const digits = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/';
  const line = new Uint8Array(45);
  for (let i = 0, at = 0; at < 44; i += 3) {
    const group = (key[i]! << 16) | ((key[i + 1] ?? 0) << 8) | (key[i + 2] ?? 0);
    for (let shift = 18; shift >= 0; shift -= 6) line[at++] = digits.charCodeAt((group >> shift) & 63);
  }
  // 32 bytes leave one digit over.
  line[43] = '='.charCodeAt(0);
  line[44] = '\n'.charCodeAt(0);
  return line;
}

/** Runs `wg`; gives its standard output. What it complains about never holds a key, since it is given none to repeat. */
function wg(args: readonly string[], input?: Uint8Array): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const refuse = (why: string): void => {
      reject(new CliError('agent/tunnel', `wg ${args.slice(0, 2).join(' ')} failed: ${why}`));
    };
    // Node's pipes are sockets, which cannot be opened by the name /dev/stdin; behind `cat` is a real pipe.
    const [program, rest] = input ? ['sh', ['-c', 'cat | wg "$@"', 'wg', ...args]] : ['wg', [...args]];
    const child = spawn(program, rest, { stdio: ['pipe', 'pipe', 'pipe'], timeout: LIMIT_MS });
    const out: Buffer[] = [];
    let complaint = '';
    child.stdout.on('data', (bytes: Buffer) => out.push(bytes));
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      complaint = (complaint + text).slice(0, 500);
    });
    child.once('error', (error: NodeJS.ErrnoException) =>
      refuse(error.code === 'ENOENT' ? 'it is not installed (package wireguard-tools)' : error.message),
    );
    child.once('close', (code, signal) => {
      const shown = Buffer.concat(out);
      for (const part of out) part.fill(0);
      if (code === 0) resolve(shown);
      else refuse(complaint.trim() || (signal ? `nothing within ${LIMIT_MS / 1000} s` : `exit code ${code}`));
    });
    // A child that is gone before it has read: its exit code says why.
    child.stdin.on('error', () => undefined);
    child.stdin.end(input);
  });
}
