/**
 * An agent in a process of its own that is killed at a chosen step: `node crashing-agent.ts DOCUMENT TUNNEL POINT`. Its
 * tunnel is a file with what a peer's entry would hold. A point is `install<` (before it) or `install>` (after it); `-`: none.
 */
import { createHash, randomUUID } from 'node:crypto';
import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import { flushCompileCache } from 'node:module';
import { runAgent } from '../agent.ts';
import { loadAgent } from '../configuration.ts';
import { reportTo } from '../report.ts';
import type { Tunnel, TunnelKey } from '../tunnel.ts';

const [, , document, file, point] = process.argv as [string, string, string, string, string];

class FileTunnel implements Tunnel {
  readonly kind = 'wireguard';
  readonly name = 'a file';
  #set: string | null = null;

  async open(): Promise<void> {}

  install({ key }: TunnelKey): Promise<void> {
    return this.#at('install', () =>
      this.#write(key.open((bytes) => createHash('sha256').update(bytes).digest('hex'))),
    );
  }

  async start(): Promise<string> {
    await this.#at('start', () => undefined);
    return '';
  }

  verify(): Promise<void> {
    return this.#at('verify', () => undefined);
  }

  retire(): Promise<void> {
    return this.#at('retire', () => undefined);
  }

  async wrong(): Promise<string | null> {
    const now = readFileSync(file, 'utf8');
    if (now === 'none') return 'it has no key at all';
    return this.#set && now !== this.#set ? 'somebody else has been here' : null;
  }

  shut(): Promise<void> {
    return this.#at('shut', () => this.#write(`shut ${randomUUID()}`));
  }

  release(): void {}

  async #at(step: string, effect: () => void): Promise<void> {
    if (point === `${step}<`) process.kill(process.pid, 'SIGKILL');
    effect();
    if (point === `${step}>`) process.kill(process.pid, 'SIGKILL');
  }

  #write(content: string): void {
    writeFileSync(`${file}.part`, content);
    renameSync(`${file}.part`, file);
    this.#set = content;
  }
}

// Whoever is killed does not come to it at the end.
flushCompileCache();
await runAgent({
  configuration: loadAgent('wireguard', document),
  tunnel: new FileTunnel(),
  report: reportTo(process.stdout, { json: true }),
  once: false,
  signal: new AbortController().signal,
});
