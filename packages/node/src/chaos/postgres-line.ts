import { connect, createServer, type Server, type Socket } from 'node:net';
import type { Random } from '@skykey/photons';

/** How often what breaks, as chances. */
export interface CutRates {
  /** Of each message of a client. */
  readonly anywhere: number;
  /** Of each COMMIT, in three ways alike: before it gets there, after it has gone, after it was answered. */
  readonly atCommit: number;
}

const COMMIT = Buffer.from('COMMIT\0', 'latin1');

/**
 * The way of one process to a PostgreSQL server, which can be cut: by chance anywhere, in the middle of a COMMIT above all,
 * when nobody knows whether it took place, and altogether, when the process dies. Copies bytes and looks for `COMMIT` in
 * what the client sends (PostgreSQL 15, 55.7: a Query message is `Q`, length, text, zero).
 */
export class CutLine {
  readonly #server: Server;
  readonly #socketPath: string;
  readonly #random: Random;
  readonly #open = new Set<Socket>();
  rates: CutRates = { anywhere: 0, atCommit: 0 };
  cuts = 0;
  cutCommits = 0;

  /** `socketPath` is where the server listens. */
  static async open(socketPath: string, random: Random): Promise<CutLine> {
    const line = new CutLine(socketPath, random);
    await new Promise<void>((resolve, reject) => {
      line.#server.once('error', reject).listen(0, '127.0.0.1', resolve);
    });
    return line;
  }

  private constructor(socketPath: string, random: Random) {
    this.#socketPath = socketPath;
    this.#random = random;
    this.#server = createServer((client) => this.#serve(client));
  }

  get port(): number {
    return (this.#server.address() as { port: number }).port;
  }

  cutAll(): void {
    for (const socket of this.#open) socket.destroy();
  }

  async close(): Promise<void> {
    this.cutAll();
    await new Promise<void>((resolve) => this.#server.close(() => resolve()));
  }

  #serve(client: Socket): void {
    const server = connect(this.#socketPath);
    const both = [client, server];
    const cut = (): void => {
      for (const socket of both) {
        this.#open.delete(socket);
        socket.destroy();
      }
    };
    for (const socket of both) {
      this.#open.add(socket);
      socket.setNoDelay(true).on('error', cut).on('close', cut);
    }
    let cutsAnswer = false;
    client.on('data', (bytes: Buffer) => {
      const isCommit = bytes.includes(COMMIT);
      const { anywhere, atCommit } = this.rates;
      if (isCommit && this.#random.uniform() < atCommit) {
        this.cutCommits++;
        const how = this.#random.uniform();
        if (how < 1 / 3) return cut();
        if (how < 2 / 3) {
          // The server has it, and may find nobody to answer.
          server.write(bytes, cut);
          return;
        }
        cutsAnswer = true;
      } else if (this.#random.uniform() < anywhere) {
        this.cuts++;
        return cut();
      }
      server.write(bytes);
    });
    server.on('data', (bytes: Buffer) => {
      if (cutsAnswer) return cut();
      client.write(bytes);
    });
  }
}
