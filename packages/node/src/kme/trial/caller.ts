/** An application of a trial: ETSI GS QKD 014 with a certificate of its own. */
import { Agent, request } from 'node:https';
import type { Door, Stage } from './stage.ts';

const LIMIT_MS = 30_000;

export interface Answer {
  readonly status: number;
  readonly text: string;
}

export interface Key {
  readonly key_ID: string;
  readonly key: string;
}

export const keysOf = ({ text }: Answer): Key[] => (JSON.parse(text) as { keys: Key[] }).keys;

export class Caller {
  readonly saeId: string;
  readonly site: string;
  readonly #stage: Stage;
  readonly #agent: Agent;

  constructor(stage: Stage, saeId: string) {
    this.#stage = stage;
    this.saeId = saeId;
    this.site = stage.options.saes[saeId]!;
    this.#agent = new Agent({ ...stage.identity(saeId), keepAlive: true, maxSockets: 8 });
  }

  /** Null: no answer, or half of one. */
  ask(path: string, body?: unknown, door: Door = 'etsi014'): Promise<Answer | null> {
    const text = body === undefined ? undefined : JSON.stringify(body);
    return new Promise((resolve) => {
      const call = request(
        {
          ...{ host: '127.0.0.1', port: this.#stage.port(this.site, door), path, agent: this.#agent },
          method: text === undefined ? 'GET' : 'POST',
          headers: text === undefined ? {} : { 'content-type': 'application/json' },
        },
        (response) => {
          let heard = '';
          response.setEncoding('utf8').on('data', (part: string) => {
            heard += part;
          });
          response.on('end', () => resolve(response.complete ? { status: response.statusCode!, text: heard } : null));
          response.on('error', () => resolve(null));
        },
      );
      call.setTimeout(LIMIT_MS, () => call.destroy());
      call.on('error', () => resolve(null));
      call.end(text);
    });
  }

  encKeys(slave: string, number = 1, size = 256): Promise<Answer | null> {
    return this.ask(`/api/v1/keys/${slave}/enc_keys`, { number, size });
  }

  decKeys(master: string, ids: readonly string[]): Promise<Answer | null> {
    return this.ask(`/api/v1/keys/${master}/dec_keys`, { key_IDs: ids.map((key_ID) => ({ key_ID })) });
  }

  close(): void {
    this.#agent.destroy();
  }
}
