/** `skykey desk`: the hotline without a browser, by the same protocol, sessions and roles as the page. */
import { createWriteStream } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { DeskClient, newOperatorLink } from '@skykey/node';
import type { DeskFile, DeskMessage, DeskState, Sealing } from '@skykey/telemetry';
import { deviceIn } from './desk/device-file.ts';
import { fileLine, lineOfState, messageLine, stateReport } from './desk/lines.ts';
import { CliError } from './error.ts';

export interface DeskOptions {
  readonly device?: string;
  readonly json?: boolean;
}

interface SayOptions extends DeskOptions {
  readonly sealed?: boolean;
  readonly emergency?: boolean;
  readonly wait?: number;
}

export async function enrol(link: string, options: DeskOptions & { readonly name?: string }): Promise<void> {
  const origin = URL.parse(link)?.origin;
  if (!origin)
    throw new CliError('cli/desk', 'the enrolment link is not an address; copy it whole, from http to its end');
  const file = deviceFile(origin, options);
  const person = await new DeskClient(origin, deviceIn(file, true)).enrol(link, options.name);
  tell(
    options,
    person,
    `You are ${person.name} (${person.roles.join(', ')}) at ${origin}. The key of this device is ${file}.`,
  );
}

/** `skykey desk new-operator`: on the site's own machine, while the site is stopped. */
export async function newOperator(configurationFile: string, options: DeskOptions): Promise<void> {
  const link = await newOperatorLink(configurationFile);
  const until = `${new Date(link.expiresUtcMs).toISOString().slice(0, 16).replace('T', ' ')} UTC`;
  const text = [
    link.link,
    '',
    `It makes one person of this desk, with every role, and works once, until ${until}. Start the site again and open it in a browser on`,
    'this machine. Nobody was removed: remove those whose devices are lost, under Desk, People. The journal of the site names this link.',
  ];
  tell(options, link, text.join('\n'));
}

export async function state(url: string, options: DeskOptions): Promise<void> {
  const desk = await (await enter(url, options)).state();
  tell(options, desk, stateReport(desk));
}

export async function say(url: string, text: string, options: SayOptions): Promise<void> {
  const client = await enter(url, options);
  const sealing: Sealing = options.sealed ? 'sealed' : 'hybrid';
  const message = await (options.emergency ? client.sayEmergency(text) : client.say(text, sealing));
  const settled = await delivered(client, message, 1000 * (options.wait ?? 30));
  tell(options, settled, messageLine(settled));
  if (settled.state !== 'delivered') process.exitCode = 3;
}

export async function send(url: string, path: string, options: SayOptions): Promise<void> {
  const client = await enter(url, options);
  const offered = await client.sendFile(path);
  const limitMs = 1000 * (options.wait ?? 600);
  const begun = performance.now();
  let file: DeskFile = offered;
  while (['offered', 'running', 'paused'].includes(file.state) && performance.now() - begun < limitMs) {
    await new Promise((resolve) => setTimeout(resolve, 300));
    file = (await client.state()).files.find(({ id }) => id === offered.id) ?? file;
    if (!options.json && process.stderr.isTTY) process.stderr.write(`\r${fileLine(file)}   `);
  }
  if (!options.json && process.stderr.isTTY) process.stderr.write('\n');
  tell(options, file, fileLine(file));
  if (file.state !== 'done') process.exitCode = 3;
}

export async function fetchFile(url: string, id: string, path: string, options: DeskOptions): Promise<void> {
  const client = await enter(url, options);
  const body = Readable.fromWeb((await client.file(id)) as import('node:stream/web').ReadableStream);
  await pipeline(body, createWriteStream(path, { mode: 0o600, flags: 'wx' }));
  tell(options, { id, path }, `The file is in ${path}.`);
}

/** Shows what happens, and sends what is typed, until it is ended. */
export async function open(url: string, options: SayOptions): Promise<void> {
  const client = await enter(url, options);
  const sealing: Sealing = options.sealed ? 'sealed' : 'hybrid';
  const ending = new AbortController();
  const input = createInterface({ input: process.stdin });
  input.on('line', (text) => {
    if (text.trim() === '') return;
    client.say(text, sealing).catch((error: Error) => process.stderr.write(`skykey: ${error.message}\n`));
  });
  // A terminal stays until Ctrl-C; what is piped in is said, and then it ends.
  if (!process.stdin.isTTY) input.once('close', () => setTimeout(() => ending.abort(), 1000 * (options.wait ?? 5)));
  process.once('SIGINT', () => ending.abort());
  let shown = '';
  await client
    .follow((event, data) => {
      if (options.json) return void process.stdout.write(`${JSON.stringify({ event, data })}\n`);
      if (event === 'message') process.stdout.write(`${messageLine(data as DeskMessage)}\n`);
      if (event === 'file') process.stdout.write(`${fileLine(data as DeskFile)}\n`);
      if (event !== 'desk') return;
      const line = lineOfState(data as DeskState);
      if (line !== shown) process.stdout.write(`${line}\n`);
      shown = line;
    }, ending.signal)
    .catch((error: Error) => {
      if (!ending.signal.aborted) throw error;
    });
  input.close();
}

export async function enter(url: string, options: DeskOptions): Promise<DeskClient> {
  const origin = URL.parse(url)?.origin ?? url;
  const client = new DeskClient(url, deviceIn(deviceFile(origin, options), false));
  await client.signIn();
  return client;
}

async function delivered(client: DeskClient, message: DeskMessage, limitMs: number): Promise<DeskMessage> {
  const begun = performance.now();
  let now = message;
  while (now.state !== 'delivered' && now.state !== 'refused' && performance.now() - begun < limitMs) {
    await new Promise((resolve) => setTimeout(resolve, 100));
    now = (await client.state()).messages.find(({ id }) => id === message.id) ?? now;
  }
  return now;
}

function deviceFile(origin: string, { device }: DeskOptions): string {
  return (
    device ?? join(homedir(), '.config', 'skykey', `${origin.replace(/^\w+:\/\//, '').replace(/[^\w.-]/g, '-')}.key`)
  );
}

export function tell({ json }: DeskOptions, document: unknown, text: string): void {
  process.stdout.write(`${json ? JSON.stringify(document, null, 2) : text}\n`);
}
