/** A desk as a program uses it: the same routes and the same sessions as its page, with a device's key instead of a passkey. */
import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { basename } from 'node:path';
import { Readable } from 'node:stream';
import type { DeskFile, DeskMessage, DeskPerson, DeskState, Sealing } from '@skykey/telemetry';
import { NodeError } from '../error.ts';
import { readEvents } from '../wire/read-events.ts';
import { answerOf, type Device } from './sign-in/index.ts';

export class DeskClient {
  /** `http://localhost:8467` */
  readonly origin: string;
  readonly #device: Device;
  readonly #cookies = new Map<string, string>();

  constructor(url: string, device: Device) {
    const parsed = URL.parse(url);
    if (!parsed || !['http:', 'https:'].includes(parsed.protocol)) {
      throw new NodeError(
        'desk/address',
        `"${url}" is not the address of a desk; it looks like http://localhost:8467/`,
      );
    }
    this.origin = parsed.origin;
    this.#device = device;
  }

  /**
   * Takes an enrolment link: this device is one of the desk's from now on, and signed in. `name` counts where the link was made
   * for nobody by name.
   */
  async enrol(link: string, name?: string): Promise<DeskPerson> {
    const token = /#enrol=([\w-]+)$/.exec(link)?.[1];
    if (!token)
      throw new NodeError('desk/link', 'this is not an enrolment link; it ends with #enrol=… and is shown once');
    const { challenge } = (await this.post('/api/enrol/options', { token, name })) as { challenge: string };
    const device = answerOf(this.#device, 'enrolment', this.origin, challenge);
    return (await this.post('/api/enrol', { token, name, device })) as DeskPerson;
  }

  async signIn(): Promise<DeskPerson> {
    const { challenge } = (await this.post('/api/sign-in/options', {})) as { challenge: string };
    return (await this.post('/api/sign-in', {
      device: answerOf(this.#device, 'sign-in', this.origin, challenge),
    })) as DeskPerson;
  }

  async state(): Promise<DeskState> {
    return (await this.#call('GET', '/api/state')) as DeskState;
  }

  async say(text: string, sealing: Sealing): Promise<DeskMessage> {
    return (await this.post('/api/messages', { text, sealing })) as DeskMessage;
  }

  /** Short words by the emergency pad, while the line is shut. */
  async sayEmergency(text: string): Promise<DeskMessage> {
    return (await this.post('/api/emergency', { text })) as DeskMessage;
  }

  /** Sends a file of this machine. */
  async sendFile(path: string): Promise<DeskFile> {
    const { size } = await stat(path);
    return (await this.#call('POST', '/api/files', {
      body: Readable.toWeb(createReadStream(path)) as ReadableStream,
      headers: { 'x-skykey-name': encodeURIComponent(basename(path)), 'content-length': String(size) },
    })) as DeskFile;
  }

  /** What was said on the record, with the signatures (`RecordDocument`). */
  record(): Promise<unknown> {
    return this.#call('GET', '/api/record');
  }

  /** The bytes of a file that is here whole. */
  async file(id: string): Promise<ReadableStream<Uint8Array>> {
    const response = await this.#fetch('GET', `/api/files/${id}`);
    return response.body!;
  }

  /** Events of the desk until `signal` aborts or the desk ends them. */
  async follow(onEvent: (event: string, data: unknown) => void, signal: AbortSignal): Promise<void> {
    const response = await this.#fetch('GET', '/api/events', { signal });
    await readEvents(response.body!, onEvent);
  }

  /** Rejects with NodeError `desk/refused` and the desk's own sentence. */
  post(path: string, body: object): Promise<unknown> {
    return this.#call('POST', path, { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } });
  }

  async #call(method: string, path: string, init: RequestInit = {}): Promise<unknown> {
    return (await this.#fetch(method, path, init)).json();
  }

  async #fetch(method: string, path: string, init: RequestInit = {}): Promise<Response> {
    let response: Response;
    try {
      response = await fetch(this.origin + path, {
        ...init,
        ...(init.body instanceof ReadableStream && { duplex: 'half' }),
        method,
        headers: {
          ...(init.headers as Record<string, string>),
          'x-skykey': '1',
          ...(method !== 'GET' && { origin: this.origin }),
          cookie: [...this.#cookies].map(([name, value]) => `${name}=${value}`).join('; '),
        },
      });
    } catch (cause) {
      throw new NodeError('desk/unreachable', `the desk at ${this.origin} does not answer; is its site running?`, {
        cause,
      });
    }
    for (const line of response.headers.getSetCookie()) {
      const [, name, value] = /^([^=]+)=([^;]*)/.exec(line) ?? [];
      if (name) this.#cookies.set(name, value!);
    }
    if (response.ok) return response;
    const { error, message } = (await response.json().catch(() => ({}))) as { error?: string; message?: string };
    throw new NodeError('desk/refused', error ?? message ?? `the desk answers with status ${response.status}`);
  }
}
