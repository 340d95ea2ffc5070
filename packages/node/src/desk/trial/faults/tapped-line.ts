/** The line between two desks, with somebody on it who reads along: over loopback HTTP, where sites have mutual TLS. */
import { Agent, createServer, request, type Server } from 'node:http';
import { bodyOf, listenAnywhere } from './loopback.ts';

export class TappedLine {
  readonly #server: Server;
  readonly #agent = new Agent({ keepAlive: true });
  /** Port of each desk, by its name. */
  readonly #ends: ReadonlyMap<string, number>;
  readonly #tap: (bytes: Uint8Array, from: string) => void;
  #url = '';

  /** `tap` hears every message before it is passed on. */
  constructor(ends: ReadonlyMap<string, number>, tap: (bytes: Uint8Array, from: string) => void) {
    this.#ends = ends;
    this.#tap = tap;
    this.#server = createServer((incoming, answer) => {
      const from = incoming.url!.slice(1);
      bodyOf(incoming)
        .then((bytes) => {
          this.#tap(bytes, from);
          return this.#pass(bytes, from);
        })
        .then(
          (status) => answer.writeHead(status).end(),
          () => answer.destroy(),
        );
    });
  }

  async open(): Promise<void> {
    this.#url = `http://127.0.0.1:${await listenAnywhere(this.#server)}`;
  }

  /** Where a desk puts what it sends. */
  urlOf(name: string): string {
    return `${this.#url}/${name}`;
  }

  close(): void {
    this.#server.close();
    this.#server.closeAllConnections();
    this.#agent.destroy();
  }

  /** 503 where nobody is at the other end. */
  #pass(bytes: Uint8Array, from: string): Promise<number> {
    const [, port] = [...this.#ends].find(([name]) => name !== from)!;
    return new Promise((resolve) => {
      const passed = request({ host: '127.0.0.1', port, method: 'POST', agent: this.#agent }, (response) => {
        response.resume();
        resolve(response.statusCode!);
      });
      passed.on('error', () => resolve(503)).end(bytes);
    });
  }
}
