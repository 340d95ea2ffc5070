/**
 * PLAYED, for tests: the site of one desk that says what it is told to say. There is no hotline here and nobody signs in; what
 * is real is the page: it is the built one.
 */
import { readFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { extname, join, normalize } from 'node:path';
import type { DeskPerson, DeskState } from '@skykey/telemetry';
import { POLICY } from '../../call/test/played-sites.ts';

const MIME: Record<string, string> = { '.html': 'text/html', '.js': 'text/javascript', '.css': 'text/css' };
export interface Played {
  readonly status: number;
  readonly body: unknown;
}

export class PlayedDesk {
  url = '';
  state: DeskState;
  /** Null: nobody is signed in. */
  person: DeskPerson | null = { id: 'p-1', name: 'Li Wei', roles: ['speaker', 'operator', 'approver'] };
  /** What is answered to a command; 200 and nothing unless told. */
  answer: (path: string, body: unknown) => Played | undefined = () => undefined;
  /** A file that comes is not read before this. */
  hold: Promise<unknown> = Promise.resolve();
  /** Commands as they came. */
  readonly asked: { readonly path: string; readonly body: unknown }[] = [];
  readonly #folder: string;
  readonly #streams = new Set<ServerResponse>();
  readonly #server = createServer((request, response) => void this.#serve(request, response));

  constructor(folder: string, state: DeskState) {
    this.#folder = folder;
    this.state = state;
  }

  async listen(): Promise<void> {
    await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', resolve));
    this.url = `http://localhost:${(this.#server.address() as AddressInfo).port}`;
  }

  /** The page hears the state. */
  tell(state: DeskState = this.state): void {
    this.state = state;
    for (const stream of this.#streams) stream.write(`event: desk\ndata: ${JSON.stringify(state)}\n\n`);
  }

  /** The process hangs, as far as the page can tell: connections end and nobody answers. */
  close(): void {
    this.#server.close();
    this.#server.closeAllConnections();
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { pathname: path } = new URL(request.url ?? '/', 'http://localhost');
    const say = ({ status, body }: Played) =>
      response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
    response.setHeader('content-security-policy', POLICY);
    if (path === '/api/events') {
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      this.#streams.add(response);
      request.on('close', () => this.#streams.delete(response));
      return this.tell();
    }
    if (path === '/api/me') {
      say(this.person ? { status: 200, body: this.person } : { status: 401, body: { error: 'you are not signed in' } });
      return;
    }
    if (path === '/api/state') return void say({ status: 200, body: this.state });
    if (path === '/api/persons') {
      return void say({ status: 200, body: { persons: [{ ...this.person, keys: [] }], invitations: [] } });
    }
    if (path.startsWith('/api/')) {
      let text = '';
      if (path === '/api/files') await this.hold;
      try {
        for await (const piece of request) text += String(piece);
      } catch {
        // The browser gave up.
        return;
      }
      const body = text.startsWith('{') ? (JSON.parse(text) as unknown) : text.length;
      this.asked.push({ path, body });
      return void say(this.answer(path, body) ?? { status: 200, body: {} });
    }
    const file = normalize(path === '/' ? '/desk.html' : path);
    response.setHeader('content-type', MIME[extname(file)] ?? 'application/octet-stream');
    response.end(readFileSync(join(this.#folder, file)));
  }
}
