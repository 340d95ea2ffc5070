/** Certificates for tests, made by the system's openssl and gone with the folder. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export interface Issued {
  readonly cert: string;
  readonly key: string;
}

export class Authority {
  readonly cert: string;
  readonly #folder: string;

  constructor(name: string) {
    this.#folder = mkdtempSync(join(tmpdir(), 'skykey-agent-ca-'));
    this.#openssl(
      ...['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '2'],
      ...['-subj', `/CN=${name}`, '-keyout', 'ca.key', '-out', 'ca.crt'],
      ...['-addext', 'keyUsage=critical,keyCertSign,cRLSign'],
    );
    this.cert = this.#read('ca.crt');
  }

  /** `names` as in openssl's subjectAltName; empty: none. */
  issue(commonName: string, names: string): Issued {
    const extensions = ['basicConstraints=critical,CA:FALSE', 'extendedKeyUsage=serverAuth,clientAuth'];
    if (names) extensions.push(`subjectAltName=${names}`);
    writeFileSync(join(this.#folder, 'leaf.ext'), extensions.join('\n'));
    this.#openssl(
      ...['req', '-new', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes'],
      ...['-subj', `/CN=${commonName}`, '-keyout', 'leaf.key', '-out', 'leaf.csr'],
    );
    this.#openssl(
      ...['x509', '-req', '-in', 'leaf.csr', '-CA', 'ca.crt', '-CAkey', 'ca.key', '-CAcreateserial', '-days', '2'],
      ...['-extfile', 'leaf.ext', '-out', 'leaf.crt'],
    );
    return { cert: this.#read('leaf.crt'), key: this.#read('leaf.key') };
  }

  remove(): void {
    rmSync(this.#folder, { recursive: true, force: true });
  }

  #openssl(...args: string[]): void {
    execFileSync('openssl', args, { cwd: this.#folder, stdio: 'pipe' });
  }

  #read(name: string): string {
    return readFileSync(join(this.#folder, name), 'utf8');
  }
}

/** Why tests with certificates cannot run here, or false. */
export function withoutOpenssl(): string | false {
  try {
    execFileSync('openssl', ['version'], { stdio: 'pipe' });
    return false;
  } catch {
    return 'openssl is not installed';
  }
}
