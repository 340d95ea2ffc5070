/**
 * The public channel of a satellite's links: sessions, and calls between the two nodes, each a connection whose first
 * frame says what it is for. Nothing here is trusted: sessions authenticate their own transcript, and what is said in calls
 * carries one-time tags.
 */
import { type AddressInfo, createServer, type Server } from 'node:net';
import { dial, FrameSocket, frameText, textFrame } from '../wire/frames.ts';
import { portError } from '../wire/http.ts';

const FORMAT = 'skykey-link/1';
/** A session is silent while somebody holds the mission clock; beyond this its pass is given up. */
const SESSION_SILENCE_MS = 15 * 60_000;
/** A line of calls is asked several times within this whether it is still there. */
const CALLS_SILENCE_MS = 30_000;

/** Station side: opens the channel of one session. */
export async function dialSession(port: number, linkId: string, sessionId: string): Promise<FrameSocket> {
  const channel = await dial(port, 'the satellite', { silenceLimitMs: SESSION_SILENCE_MS });
  await channel.send(textFrame(`${FORMAT} session ${linkId} ${sessionId}`));
  return channel;
}

/** Station side: opens a connection for calls between the two nodes. */
export async function dialCalls(port: number, linkId: string): Promise<FrameSocket> {
  const channel = await dial(port, 'the satellite', { silenceLimitMs: CALLS_SILENCE_MS });
  await channel.send(textFrame(`${FORMAT} calls ${linkId}`));
  return channel;
}

/** Satellite side. The handlers own the connection they are given. */
export async function serveLinks(
  port: number,
  handlers: {
    session: (channel: FrameSocket, linkId: string, sessionId: string) => Promise<void>;
    calls: (channel: FrameSocket, linkId: string) => Promise<void>;
  },
): Promise<{ readonly port: number; readonly close: () => void }> {
  const open = new Set<FrameSocket>();
  const serve = async (channel: FrameSocket): Promise<void> => {
    open.add(channel);
    try {
      const [format, purpose, linkId, sessionId] = frameText(await channel.receive()).split(' ');
      if (format !== FORMAT || !linkId) return;
      if (purpose === 'session' && sessionId) await handlers.session(channel, linkId, sessionId);
      if (purpose === 'calls') await handlers.calls(channel, linkId);
    } catch {
      // The peer went away or spoke garbage: this connection ends, nothing else does.
    } finally {
      channel.close();
      open.delete(channel);
    }
  };
  const server: Server = createServer(
    (socket) => void serve(new FrameSocket(socket, { silenceLimitMs: SESSION_SILENCE_MS })),
  );
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error) => reject(portError(error, port, 'the satellite link')));
    server.listen({ port, host: '127.0.0.1' }, resolve);
  });
  return {
    port: (server.address() as AddressInfo).port,
    close() {
      server.close();
      for (const channel of open) channel.close();
    },
  };
}
