/** Two processes that hand on a text and keep it on the disk: see `hotline-bare.ts`. */
import { type ChildProcess, fork } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { get, request } from 'node:http';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { CliError } from '../error.ts';

export class Reference {
  readonly #children: readonly ChildProcess[];
  readonly #port: number;
  #heard: (text: string) => void = () => undefined;

  static async start(folder: string): Promise<Reference> {
    const script = fileURLToPath(new URL('./hotline-bare.ts', import.meta.url));
    const children = ['near', 'far'].map((name) => {
      mkdirSync(join(folder, name), { recursive: true });
      return fork(script, [join(folder, name)], { execArgv: [...process.execArgv, '--no-warnings'] });
    });
    const ports = await Promise.all(children.map(portOf));
    children[0]!.send(ports[1]!);
    const reference = new Reference(children, ports[0]!);
    await reference.#listen(ports[1]!);
    return reference;
  }

  private constructor(children: readonly ChildProcess[], port: number) {
    this.#children = children;
    this.#port = port;
  }

  /** Milliseconds from the request until the far page was told, of each text; one after the other. */
  async times(count: number): Promise<number[]> {
    const times: number[] = [];
    for (let i = 0; i < count; i++) {
      const text = JSON.stringify({ text: `${i}: a line as people write it, neither long nor short` });
      const startMs = performance.now();
      const heard = new Promise<number>((resolve) => {
        this.#heard = (came) => came.includes(text) && resolve(performance.now());
      });
      const answered = new Promise((resolve, reject) => {
        const asked = request({ port: this.#port, host: '127.0.0.1', method: 'POST' }, (answer) => {
          answer.resume().on('end', resolve);
        });
        asked.on('error', reject).end(text);
      });
      times.push((await heard) - startMs);
      await answered;
    }
    return times;
  }

  close(): void {
    for (const child of this.#children) child.kill();
  }

  #listen(port: number): Promise<void> {
    return new Promise((resolve, reject) => {
      get({ port, host: '127.0.0.1' }, (answer) => {
        answer.setEncoding('utf8').on('data', (part: string) => {
          resolve();
          this.#heard(part);
        });
        answer.on('error', () => undefined);
      }).on('error', reject);
    });
  }
}

function portOf(child: ChildProcess): Promise<number> {
  return new Promise((resolve, reject) => {
    child.once('message', (port: number) => resolve(port));
    child.once('exit', (code) => reject(new CliError('cli/bench', `the reference of the texts ended with ${code}`)));
  });
}
