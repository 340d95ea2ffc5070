/**
 * The applications of `skykey bench kme`, a process of its own: so many closed loops, each with a connection to either KME
 * that stays open. One loop asks for keys at the one KME, fetches them at the other by their ids, and compares. It speaks
 * HTTP/1.1 by hand, since what it takes of the processor the KMEs have not got.
 */
import { readFileSync } from 'node:fs';
import { connect, type TLSSocket } from 'node:tls';
import { Latencies } from './latencies.ts';

export interface Application {
  readonly saeId: string;
  /** Port of its KME, on loopback. */
  readonly port: number;
  readonly tls: { readonly cert: string; readonly key: string; readonly ca: string };
}

export interface Load {
  readonly master: Application;
  readonly slave: Application;
  readonly connections: number;
  /** Keys in a request. */
  readonly number: number;
  /** Every second loop asks the other way round. */
  readonly bothWays: boolean;
  readonly warmUpS: number;
  readonly seconds: number;
}

export interface LoadResult {
  /** `enc_keys` and `dec_keys` that both gave all keys, alike at both ends and never seen before. */
  readonly pairs: number;
  readonly seconds: number;
  /** Answers other than 200, by what they said. */
  readonly errors: Readonly<Record<string, number>>;
  /** Keys that differ at the two ends, and keys seen before; in all rounds of this process. */
  readonly unequal: number;
  readonly repeated: number;
  readonly encMs: Quantiles;
  readonly decMs: Quantiles;
  readonly pairMs: Quantiles;
  /** Processor time of this process in the measured time, seconds. */
  readonly cpuS: number;
}

export interface Quantiles {
  readonly p50: number;
  readonly p99: number;
}

interface Answer {
  readonly status: number;
  readonly body: string;
}

const HEAD_END = '\r\n\r\n';

/** One connection, one request at a time. */
class Line {
  readonly #socket: TLSSocket;
  #text = '';
  #waiting: { resolve(answer: Answer): void; reject(error: Error): void } | undefined;

  static open({ port, tls }: Application): Promise<Line> {
    const [cert, key, ca] = [tls.cert, tls.key, tls.ca].map((file) => readFileSync(file));
    return new Promise((resolve, reject) => {
      const socket = connect({ host: '127.0.0.1', port, cert, key, ca, ALPNProtocols: ['http/1.1'] }, () =>
        resolve(new Line(socket)),
      );
      socket.once('error', reject);
    });
  }

  constructor(socket: TLSSocket) {
    this.#socket = socket;
    // Bodies are ASCII: bytes and characters are the same.
    socket.setNoDelay().setEncoding('latin1');
    socket.on('data', (text: string) => this.#take(text));
    const end = (error?: Error): void => this.#waiting?.reject(error ?? new Error('the KME hung up'));
    socket.on('error', end);
    socket.on('close', () => end());
  }

  ask(request: string): Promise<Answer> {
    return new Promise((resolve, reject) => {
      this.#waiting = { resolve, reject };
      this.#socket.write(request, 'latin1');
    });
  }

  #take(text: string): void {
    this.#text = this.#text === '' ? text : this.#text + text;
    const end = this.#text.indexOf(HEAD_END);
    if (end < 0) return;
    const length = Number(/\r\ncontent-length: *(\d+)/i.exec(this.#text)?.[1] ?? 0);
    const from = end + HEAD_END.length;
    if (this.#text.length < from + length) return;
    const answer = { status: Number(this.#text.slice(9, 12)), body: this.#text.slice(from, from + length) };
    this.#text = this.#text.slice(from + length);
    this.#waiting?.resolve(answer);
    this.#waiting = undefined;
  }

  close(): void {
    this.#waiting = undefined;
    this.#socket.destroy();
  }
}

/** 64 bits of every key that was ever given, in a table that grows: two that agree in them are taken for one. */
class Seen {
  #table = new BigUint64Array(1 << 16);
  #count = 0;

  /** Whether it is new. */
  add(key: string): boolean {
    if (this.#count * 2 > this.#table.length) this.#grow();
    // Zero is a free place.
    const mark = Buffer.from(key.slice(0, 11), 'base64').readBigUInt64LE() || 1n;
    return this.#put(mark);
  }

  #put(mark: bigint): boolean {
    const mask = this.#table.length - 1;
    let at = Number(mark & 0xffffffffn) & mask;
    for (; this.#table[at] !== 0n; at = (at + 1) & mask) if (this.#table[at] === mark) return false;
    this.#table[at] = mark;
    this.#count++;
    return true;
  }

  #grow(): void {
    const before = this.#table;
    this.#table = new BigUint64Array(before.length * 2);
    this.#count = 0;
    for (const mark of before) if (mark !== 0n) this.#put(mark);
  }
}

interface Container {
  readonly keys: readonly { readonly key_ID: string; readonly key: string }[];
}

const seen = new Seen();

function post(other: string, resource: string, body: string): string {
  return (
    `POST /api/v1/keys/${other}/${resource} HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\n` +
    `content-length: ${body.length}\r\n\r\n${body}`
  );
}

async function run(load: Load): Promise<LoadResult> {
  const { connections, number, bothWays, warmUpS, seconds } = load;
  const errors: Record<string, number> = {};
  const [enc, dec, pair] = [new Latencies(), new Latencies(), new Latencies()];
  const sums = { pairs: 0, unequal: 0, repeated: 0 };
  const beginMs = performance.now() + warmUpS * 1000;
  const endMs = beginMs + seconds * 1000;
  let cpu = process.cpuUsage();
  const fail = (what: string): void => void (errors[what] = (errors[what] ?? 0) + 1);
  const body = JSON.stringify({ number, size: 256 });

  const loop = async (master: Application, slave: Application): Promise<void> => {
    const [at, there] = await Promise.all([Line.open(master), Line.open(slave)]);
    const ask = post(slave.saeId, 'enc_keys', body);
    try {
      for (let startMs = performance.now(); startMs < endMs; startMs = performance.now()) {
        const given = await at.ask(ask);
        const givenMs = performance.now();
        if (given.status !== 200) {
          fail(`enc_keys ${given.status} ${given.body.slice(0, 120)}`);
          continue;
        }
        const { keys } = JSON.parse(given.body) as Container;
        const ids = JSON.stringify({ key_IDs: keys.map(({ key_ID }) => ({ key_ID })) });
        const fetchMs = performance.now();
        const fetched = await there.ask(post(master.saeId, 'dec_keys', ids));
        const doneMs = performance.now();
        if (fetched.status !== 200) {
          fail(`dec_keys ${fetched.status} ${fetched.body.slice(0, 120)}`);
          continue;
        }
        const others = (JSON.parse(fetched.body) as Container).keys;
        const equal =
          keys.length === number &&
          others.length === number &&
          keys.every(({ key_ID, key }, i) => others[i]!.key_ID === key_ID && others[i]!.key === key);
        if (!equal) sums.unequal++;
        for (const { key } of keys) if (!seen.add(key)) sums.repeated++;
        if (startMs < beginMs || doneMs > endMs) continue;
        if (equal) sums.pairs++;
        enc.add(givenMs - startMs);
        dec.add(doneMs - fetchMs);
        pair.add(doneMs - startMs);
      }
    } finally {
      at.close();
      there.close();
    }
  };
  const timer = setTimeout(() => {
    cpu = process.cpuUsage();
    process.send!('measuring');
  }, warmUpS * 1000);
  try {
    await Promise.all(
      Array.from({ length: connections }, (_, i) =>
        bothWays && i % 2 ? loop(load.slave, load.master) : loop(load.master, load.slave),
      ),
    );
  } finally {
    clearTimeout(timer);
  }
  const { user, system } = process.cpuUsage(cpu);
  const quantiles = (of: Latencies): Quantiles => ({ p50: of.quantile(0.5), p99: of.quantile(0.99) });
  return {
    ...{ ...sums, seconds, errors, cpuS: (user + system) / 1e6 },
    ...{ encMs: quantiles(enc), decMs: quantiles(dec), pairMs: quantiles(pair) },
  };
}

process.on('message', (load: Load) => {
  run(load).then(
    (result) => process.send!(result),
    (error: Error) => process.send!({ failed: error.message }),
  );
});
// The bench may be killed: nothing of it stays behind.
process.on('disconnect', () => process.exit());
