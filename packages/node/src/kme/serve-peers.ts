/** The lines of other key managers: messages of the core, greetings, and what is for a resident. */
import type { TlsFiles } from '../wire/mutual-tls.ts';
import type { Attendance } from './attendance.ts';
import type { Doors } from './doors.ts';
import { HELLO_PATH, KME_PATH, type PeerKmes } from './peer-kmes.ts';
import type { Resident } from './resident.ts';

export interface PeersScene {
  readonly doors: Doors;
  readonly attendance: Attendance;
  readonly peers: PeerKmes;
  readonly resident: Resident | undefined;
  readonly port: number;
  readonly tls: TlsFiles;
  readonly maxFrameBytes: number;
  readonly hear: (message: Uint8Array) => Promise<Uint8Array>;
}

/** Throws NodeError. */
export async function servePeers({ doors, attendance, peers, resident, hear, ...scene }: PeersScene): Promise<void> {
  const known = new Set(peers.states().map(({ kmeId }) => kmeId));
  await doors.serve('peers', {
    ...{ port: scene.port, what: 'the lines to other key managers', tls: scene.tls, role: 'kme' },
    bodyLimit: (_, path) => (path.startsWith(KME_PATH) ? scene.maxFrameBytes : undefined),
    answer: ({ peerId, method, path, body }) =>
      attendance.http('peer', { caller: peerId, method, path }, async () => {
        if (peerId === null || !known.has(peerId)) return { status: 401 };
        if (method !== 'POST') return { status: 405, headers: { Allow: 'POST' } };
        if (path === KME_PATH) return { status: 200, body: await hear(body) };
        if (path !== HELLO_PATH) return (await resident?.posts.get(path)?.(peerId, body)) ?? { status: 404 };
        const hello = await peers.answer(peerId, body);
        return hello ? { status: 200, body: JSON.stringify(hello) } : { status: 400 };
      }),
  });
}
