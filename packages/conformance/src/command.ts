/** The command: files in, a table and a report out, an exit code. `skykey conformance` shows the same face. */
import { readFileSync, writeFileSync } from 'node:fs';
import { styleText } from 'node:util';
import { CATALOGUE } from './catalogue.ts';
import { ConformanceError } from './error.ts';
import { type Paint, type Result, tableOf } from './report.ts';
import { type ConformanceOptions, DEFAULT_KEYS, runConformance } from './run.ts';
import type { SaeFiles } from './target.ts';
import type { Verdict } from './verdict.ts';

/** As they stand on the command line. */
export interface CommandOptions {
  readonly url?: string;
  readonly peerUrl?: string;
  readonly ca?: string;
  /** `NAME=cert.pem,key.pem`: master, slave, third, perhaps another slave. */
  readonly sae?: readonly string[];
  /** File for the report; `-` is standard output, and then there is no table. */
  readonly json?: string;
  readonly decisions?: boolean;
  readonly keys?: string | number;
  /** Seconds. */
  readonly timeout?: string | number;
  readonly serverName?: string;
  readonly unmeetable?: string;
}

/**
 * 0 when nothing that counts failed, 1 when something did. Rejects with ConformanceError for options and files that
 * cannot be used.
 */
export async function conformance(options: CommandOptions): Promise<number> {
  const run = runOptions(options);
  // Told before a key is consumed, and without harm to an older report.
  if (options.json !== undefined && options.json !== '-') writeReport(options.json, '', 'a');
  const { stderr, stdout } = process;
  stderr.write(
    `Asks ${run.url} and ${run.peerUrl} for keys, and consumes up to ${run.keys} of them: they are lost to their owners.\n`,
  );
  let done = 0;
  const onResult = ({ id }: Result): void => {
    done++;
    if (stderr.isTTY) stderr.write(`\r\x1b[K${done} of ${CATALOGUE.length}  ${id}`);
  };
  const report = await runConformance({ ...run, onResult });
  if (stderr.isTTY) stderr.write('\r\x1b[K');
  const document = `${JSON.stringify(report, null, 2)}\n`;
  if (options.json === '-') {
    stdout.write(document);
  } else {
    if (options.json !== undefined) writeReport(options.json, document);
    stdout.write(tableOf(report, paint));
  }
  return report.conformant ? 0 : 1;
}

const COLOURS = { fail: 'red', inconclusive: 'yellow', 'not-applicable': 'gray', pass: 'green' } as const;
const paint: Paint = (verdict: Verdict, text) => styleText(COLOURS[verdict], text, { stream: process.stdout });

function runOptions(options: CommandOptions): ConformanceOptions & { readonly keys: number } {
  const { url, peerUrl = url, ca, sae = [], serverName, unmeetable } = options;
  if (url === undefined || peerUrl === undefined) throw refuse('--url', 'say where the KME of the master is');
  if (ca === undefined) throw refuse('--ca', 'name the file with the authority of the KMEs, PEM');
  const timeout = Number(options.timeout ?? 10);
  const keys = Number(options.keys ?? DEFAULT_KEYS);
  if (!Number.isSafeInteger(keys)) throw refuse('--keys', 'give a whole number');
  if (!(timeout > 0)) throw refuse('--timeout', 'give seconds, above 0');
  return {
    ...{ url, peerUrl, ca: readPem('--ca', ca), saes: sae.map(readSae), keys },
    ...{ decisions: options.decisions ?? false, timeoutMs: timeout * 1000 },
    ...(serverName === undefined ? {} : { serverName }),
    ...(unmeetable === undefined ? {} : { unmeetable: readParameter(unmeetable) }),
  };
}

function readSae(text: string): SaeFiles {
  // An SAE ID may be a URI with an equals sign in it.
  const split = text.lastIndexOf('=');
  const [cert, key, ...rest] = text.slice(split + 1).split(',');
  if (split < 1 || !cert || !key || rest.length)
    throw refuse('--sae', `${text} is not of the form NAME=cert.pem,key.pem`);
  const saeId = text.slice(0, split);
  return { saeId, cert: readPem('--sae', cert), key: readPem('--sae', key) };
}

function readParameter(text: string): object {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value;
  } catch {
    // Said below.
  }
  throw refuse('--unmeetable', 'give a JSON object with one parameter, such as {"vendor_paths":1000}');
}

function readPem(option: string, file: string): string {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    throw new ConformanceError('conformance/file', `${option} ${file} cannot be read: ${(error as Error).message}`);
  }
  if (!text.includes('-----BEGIN ')) throw new ConformanceError('conformance/file', `${option} ${file} is not PEM`);
  return text;
}

function writeReport(file: string, text: string, flag: 'w' | 'a' = 'w'): void {
  try {
    writeFileSync(file, text, { flag });
  } catch (error) {
    throw new ConformanceError('conformance/file', `--json ${file} cannot be written: ${(error as Error).message}`);
  }
}

function refuse(option: string, remedy: string): ConformanceError {
  return new ConformanceError('conformance/option', `${option}: ${remedy}`);
}
