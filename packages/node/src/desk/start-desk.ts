/** A desk with everything it needs: its store, its persons, its conversation and its own address for a page. */
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { SecretBytes } from '@skykey/bits';
import { SUITES } from '@skykey/hotline';
import type { SiteConfiguration } from '../configuration.ts';
import { NodeError } from '../error.ts';
import { listenLocally, localServer } from '../wire/http.ts';
import { Desk, type DeskOptions } from './desk.ts';
import { readLinePolicy } from './line-policy.ts';
import { serveDesk } from './serve-desk.ts';
import { SignIn } from './sign-in/index.ts';
import { DeskStore } from './store/index.ts';

const LEAST_SECRET_BYTES = 32;

export interface StartDeskOptions
  extends Pick<
    DeskOptions,
    | 'siteId'
    | 'ownId'
    | 'peerId'
    | 'ownName'
    | 'peerName'
    | 'conversationId'
    | 'keys'
    | 'post'
    | 'quarantine'
    | 'journal'
  > {
  readonly configuration: SiteConfiguration['desk'];
  /** Folder of the built console. */
  readonly pages: string;
  /** This desk's own clock, ms of UTC; that of the machine where not given. */
  readonly now?: () => number;
}

export interface RunningDesk {
  readonly desk: Desk;
  readonly port: number;
  stop(): Promise<void>;
}

/** Rejects with a sentence when something it needs is missing or damaged; what is kept stays as it was. */
export async function startDesk(options: StartDeskOptions): Promise<RunningDesk> {
  const { configuration, siteId, ownName, journal, pages, now = Date.now } = options;
  const policy = readLinePolicy(configuration.policy);
  const psk = readSecret(configuration.secret);
  const store = await DeskStore.open({ folder: configuration.folder, witness: configuration.witness, now });
  const server = localServer();
  let desk: Desk | undefined;
  let endStreams = (): void => undefined;
  const stop = async (): Promise<void> => {
    endStreams();
    await server.close();
    await desk?.close();
    await store.close();
    psk.wipe();
  };
  try {
    const signIn = await SignIn.open({
      origin: `http://localhost:${configuration.port}`,
      name: `Skykey desk ${ownName}`,
      state: store,
      restored: store.restored,
      now,
      journal,
    });
    await writeLinks(configuration.enrolment, signIn, ownName);
    desk = await Desk.open({
      ...options,
      ...{ psk, policy, store },
      suites: { own: SUITES, peer: SUITES },
      nowMs: now,
      retentionDays: retentionOf(store, policy.retentionDays),
    });
    endStreams = await serveDesk(server, { desk, signIn, pages, iceServers: configuration.iceServers });
    await listenLocally(server, configuration.port, `the desk of ${siteId}`);
    return { desk, port: configuration.port, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

function readSecret(file: string): SecretBytes {
  let bytes: Uint8Array;
  try {
    bytes = new Uint8Array(readFileSync(file));
  } catch (error) {
    throw new NodeError('desk/secret', `the couriered secret of the desks cannot be read: ${(error as Error).message}`);
  }
  if (bytes.length < LEAST_SECRET_BYTES || bytes.every((byte) => byte === 0)) {
    throw new NodeError(
      'desk/secret',
      `the couriered secret in ${file} has ${bytes.length} bytes, or nothing but zeros; bring one of ${LEAST_SECRET_BYTES} random bytes or more to both desks`,
    );
  }
  return SecretBytes.adopt(bytes);
}

/** For whoever runs the site; they go as soon as nobody needs them. */
async function writeLinks(file: string, signIn: SignIn, siteName: string): Promise<void> {
  const links = await signIn.firstInvitations(siteName);
  if (links.length > 0) writeFileSync(file, `${JSON.stringify(links, null, 2)}\n`, { mode: 0o600 });
  else if (existsSync(file)) rmSync(file);
}

/** What an operator has settled here, or what both desks have pinned. */
function retentionOf(store: DeskStore, pinned: number | null): number | null {
  const settled = store.get('desk/retention');
  return settled ? (JSON.parse(Buffer.from(settled).toString()) as number | null) : pinned;
}
