/** Two parties and the files of a small session, for tests alone: its epsilon makes it small and its key worthless. */
import assert from 'node:assert/strict';
import { createCipheriv, createHash } from 'node:crypto';
import { copyFileSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { connect, createServer, type Socket } from 'node:net';
import { join } from 'node:path';
import { EmissionWriter, type RandomBytes, type Role, type SessionParameters } from '@skykey/distill';
import { drawAuthenticationKey } from '../authentication-file.ts';
import { linkText } from '../link-document.ts';
import { type DistillDocument, type PartyOptions, runParty, type Surroundings } from '../party.ts';

export const PULSES = 100_000;

const PARAMETERS: SessionParameters = {
  sessionId: 'session-1',
  linkId: 'lab-roof',
  pulses: PULSES,
  meanPhotons: [0.8, 0.1, 0],
  probabilities: [0.5, 0.25, 0.25],
  detectorMismatch: 0,
  epsSec: 0.3,
  epsCor: 1e-15,
  proof: 'tilted',
  method: 'auto',
  monitorProbability: 0.05,
  alarm: { expectedQber: 0.01, qberDrift: 0.02, softFalseAlarm: 1e-4, hardQber: 0.11, hardFalseAlarm: 1e-6 },
};

/** The same bytes each time, to compare a run with another. */
export function seeded(seed: string): RandomBytes {
  const key = createHash('sha256').update(seed).digest();
  const stream = createCipheriv('aes-256-ctr', key, Buffer.alloc(16));
  return (length) => new Uint8Array(stream.update(Buffer.alloc(length)));
}

/** What was sent in each slot, and the clicks. */
export interface Light {
  readonly emissions: Uint8Array;
  readonly slot: readonly number[];
  readonly detector: readonly number[];
}

/** Half of the photons arrive; `qber` of the bits are wrong. */
export function light(seed: string, qber = 0.002, pulses = PULSES): Light {
  const bytes = seeded(seed)(8 * pulses);
  const words = new Uint16Array(bytes.buffer, bytes.byteOffset, 4 * pulses);
  const emissions = new Uint8Array(pulses);
  const slot: number[] = [];
  const detector: number[] = [];
  const arrives = PARAMETERS.meanPhotons.map((mean) => 1 - Math.exp(-mean / 2) + 1e-5);
  for (let at = 0; at < pulses; at++) {
    const [setting, bases, click, error] = words.subarray(4 * at, 4 * at + 4) as unknown as [
      number,
      number,
      number,
      number,
    ];
    const intensity = setting < 0x8000 ? 0 : setting < 0xc000 ? 1 : 2;
    const basis = (bases & 255) < 154 ? 0 : 1;
    const bobBasis = bases >> 8 < 154 ? 0 : 1;
    const bit = setting & 1;
    emissions[at] = intensity * 4 + basis * 2 + bit;
    if (click / 65536 >= arrives[intensity]!) continue;
    slot.push(at);
    const received = basis === bobBasis ? bit ^ (error / 65536 < qber ? 1 : 0) : error & 1;
    detector.push(bobBasis * 2 + received);
  }
  return { emissions, slot, detector };
}

export function emissionBytes(
  { emissions }: Light,
  parameters: Pick<SessionParameters, 'linkId' | 'sessionId'> = PARAMETERS,
): Uint8Array {
  const { linkId, sessionId } = parameters;
  const header = { linkId, sessionId, pulseRateHz: 1e6, pulses: emissions.length, simulated: true };
  const writer = new EmissionWriter(header);
  return Buffer.concat([writer.write(emissions), writer.end()]);
}

export function slotText({ slot, detector }: Pick<Light, 'slot' | 'detector'>, until = PULSES): string {
  return `slot,detector\n${slot.map((at, i) => `${at},${detector[i]}\n`).join('')}until,${until}\n`;
}

/** Files of both parties in one folder. */
export class Laboratory {
  readonly folder: string;

  constructor(folder: string) {
    this.folder = folder;
    mkdirSync(folder, { recursive: true });
  }

  path(name: string): string {
    return join(this.folder, name);
  }

  read(name: string): Buffer {
    return readFileSync(this.path(name));
  }

  write(name: string, content: string | Uint8Array): string {
    writeFileSync(this.path(name), content, { mode: 0o600 });
    return this.path(name);
  }

  link(name: string, edit: Partial<SessionParameters> = {}): string {
    const sync = { offsetUncertaintyPs: 2e6, slopeUncertainty: 1e-7, gatePs: 1000 };
    return this.write(name, linkText({ parameters: { ...PARAMETERS, ...edit }, pulseRateHz: 1e6, sync }));
  }

  /** Files of session `sessionId`, and the options of both parties but for where they meet. */
  session(sessionId: string, { qber = 0.002 } = {}): Record<Role, PartyOptions> {
    const parameters = { ...PARAMETERS, sessionId };
    const sent = light(`light of ${sessionId}`, qber);
    const link = this.link(`${sessionId}.json`, parameters);
    if (!existsSync(this.path('alice.auth'))) {
      drawAuthenticationKey(64 + 48 * 12, this.path('alice.auth'));
      copyFileSync(this.path('alice.auth'), this.path('bob.auth'));
    }
    const options = (role: Role, input: string): PartyOptions => ({
      input,
      link,
      auth: this.path(`${role}.auth`),
      out: this.path(`${role}.keys`),
      patience: 20,
    });
    return {
      alice: options('alice', this.write(`${sessionId}.emit`, emissionBytes(sent, parameters))),
      bob: options('bob', this.write(`${sessionId}.slots`, slotText(sent))),
    };
  }

  key(role: Role, sessionId: string): Buffer {
    return this.read(`${role}.keys/lab-roof/${sessionId}.key`);
  }

  /** Pads that a party has on record as spent. */
  spent(role: Role): number[] {
    const journal = this.path(`${role}.auth.spent`);
    if (!existsSync(journal)) return [];
    return readFileSync(journal, 'utf8')
      .split('\n')
      .map((line) => line.split(' '))
      .filter(([what, , part]) => what === 'pad' && part === role)
      .map(([, , , , index]) => Number(index));
  }
}

export type Ending = PromiseSettledResult<DistillDocument>;

/** Runs both over a socket; Alice listens. */
export async function distil(
  options: Record<Role, PartyOptions>,
  {
    onPort,
    meddle,
    alice: ofAlice = {},
    bob: ofBob = {},
  }: {
    /** Where Alice listens, before Bob calls. */
    readonly onPort?: (port: number) => Promise<void>;
    /** Somebody on the line between them. */
    readonly meddle?: Meddle;
    readonly alice?: Surroundings;
    readonly bob?: Surroundings;
  } = {},
): Promise<Record<Role, Ending>> {
  let listening: (port: number) => void = () => undefined;
  const port = new Promise<number>((resolve) => {
    listening = resolve;
  });
  const alice = runParty(
    'alice',
    { listen: '127.0.0.1:0', ...options.alice },
    { random: seeded('alice'), ...ofAlice, onListening: listening },
  );
  let stop = (): void => undefined;
  const bob = Promise.race([port, alice.then(() => 1)]).then(async (at) => {
    await onPort?.(at);
    const line = meddle && (await proxy(at, meddle));
    if (line) stop = line.stop;
    const to = { connect: `127.0.0.1:${line?.port ?? at}`, ...options.bob };
    return runParty('bob', to, { random: seeded('bob'), ...ofBob });
  });
  const [a, b] = await Promise.allSettled([alice, bob]);
  stop();
  return { alice: a, bob: b };
}

export function documentOf(ending: Ending): DistillDocument {
  if (ending.status === 'rejected') throw ending.reason;
  return ending.value;
}

/** What a man in the line does with a frame. */
export type Meddle = (frame: Buffer, from: Role) => 'pass' | 'cut' | 'pass and cut' | 'swallow';

/** Type of the message in a frame (PROTOCOL.md of `distill`); undefined when it holds none. */
export function messageType(frame: Buffer): number | undefined {
  return frame[4] === 3 ? frame[13] : undefined;
}

export const BASES = 0x09;
export const SETTINGS = 0x0a;
export const TEST_BOB = 0x0b;
export const TAG = 0x1a;
export const RELEASE = 0x1c;
/** Kind of a frame, its fifth byte. */
export const FAREWELL = 6;

/** A proxy that reads frames on the way. Closes with its last connection once `stop` was called. */
export async function proxy(port: number, meddle: Meddle): Promise<{ readonly port: number; stop(): void }> {
  const sockets = new Set<Socket>();
  const server = createServer((bob) => {
    const alice = connect({ port, host: '127.0.0.1' });
    const cut = (): void => {
      bob.destroy();
      alice.destroy();
    };
    for (const [from, to, role] of [
      [bob, alice, 'bob'],
      [alice, bob, 'alice'],
    ] as const) {
      sockets.add(from);
      from.setNoDelay(true);
      let rest = Buffer.alloc(0);
      let open = true;
      from.on('error', cut);
      from.on('close', cut);
      from.on('data', (bytes: Buffer) => {
        rest = Buffer.concat([rest, bytes]);
        while (open && rest.length >= 4 && rest.length >= 4 + rest.readUInt32LE(0)) {
          const frame = rest.subarray(0, 4 + rest.readUInt32LE(0));
          rest = rest.subarray(frame.length);
          const what = meddle(frame, role);
          if (what.startsWith('pass')) to.write(frame);
          if (what === 'pass' || what === 'swallow') continue;
          open = false;
          // What was let through must arrive.
          if (what === 'cut') cut();
          else to.end(() => setTimeout(cut, 5));
        }
      });
    }
  });
  await new Promise<void>((resolve) => server.listen({ port: 0, host: '127.0.0.1' }, resolve));
  return {
    port: (server.address() as { port: number }).port,
    stop() {
      server.close();
      for (const socket of sockets) socket.destroy();
    },
  };
}

/** Both came to no key, for this reason; nothing of it is in the folders. */
export function refused(lab: Laboratory, endings: Record<Role, Ending>, session: string, reason: RegExp): void {
  for (const role of ['alice', 'bob'] as const) {
    const { verdict, files, reason: why } = documentOf(endings[role]);
    assert.equal(verdict, 'refused');
    assert.equal(files, null);
    assert.match(why!, reason);
    assert(!existsSync(lab.path(`${role}.keys/lab-roof/${session}.key`)));
  }
}

/** One end was refused with an error. */
export function rejected(ending: Ending, code: string, message: RegExp): void {
  assert.equal(ending.status, 'rejected');
  const { reason } = ending as PromiseRejectedResult;
  assert.equal(reason.code, code, String(reason.message));
  assert.match(reason.message, message);
}
