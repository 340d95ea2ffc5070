/** Connections that cost a server something for as long as they stay, opened again whenever it closes them. */
import type { Socket } from 'node:net';
import { SDN_STREAM_PATH } from '@skykey/kme';
import type { Door, Stage } from '../stage.ts';
import { dialPlain, dialTls } from './throwing.ts';

const DRIP_MS = 1000;
const AGAIN_MS = 200;
/** Of each kind at each door. */
const EACH = 6;

interface Besieger {
  readonly name: string;
  readonly dial: () => Socket;
  /** Said at once; then a byte of `drip` every second. */
  readonly first: string;
  readonly drip: string;
  readonly reads: boolean;
}

export interface Siege {
  /** Connections at a time, by kind. */
  readonly connections: Readonly<Record<string, number>>;
  close(): void;
}

export function besiege(stage: Stage): Siege {
  const port = (door: Door): number => stage.port('alpha', door);
  // A third application, so that limits on connections of one client fall on it alone.
  const b1 = stage.identity('b1');
  const head = 'POST /api/v1/keys/b1/enc_keys HTTP/1.1\r\nHost: kme\r\n';
  const kinds: Besieger[] = [
    ...(['etsi014', 'peers', 'etsi004', 'etsi020', 'skip', 'skipPsk'] as const).map((door): Besieger => {
      return {
        name: 'half a handshake',
        dial: dialPlain(port(door)),
        first: '\x16\x03\x01\x02',
        drip: '\0',
        reads: true,
      };
    }),
    { name: 'silent after the handshake', dial: dialTls(port('etsi014'), b1), first: '', drip: '', reads: true },
    { name: 'silent after the handshake', dial: dialTls(port('etsi004'), b1), first: '', drip: '', reads: true },
    { name: 'a header a minute', dial: dialTls(port('etsi014'), b1), first: head, drip: 'X', reads: true },
    { name: 'a header a minute', dial: dialPlain(port('operations')), first: head, drip: 'X', reads: true },
    {
      name: 'a body a minute',
      dial: dialTls(port('etsi014'), b1),
      first: `${head}Content-Length: 60000\r\n\r\n`,
      drip: ' ',
      reads: true,
    },
    {
      name: 'a frame a minute',
      dial: dialTls(port('etsi004'), b1),
      first: '\x01\0\0\x02\0\0\x10\0',
      drip: 'q',
      reads: true,
    },
    {
      name: 'answers not read',
      dial: dialTls(port('etsi014'), b1),
      first: 'GET /api/v1/keys/a1/status HTTP/1.1\r\nHost: kme\r\n\r\n'.repeat(200),
      drip: '',
      reads: false,
    },
    {
      name: 'events not read',
      dial: dialPlain(port('operations')),
      first: `GET ${SDN_STREAM_PATH} HTTP/1.1\r\nHost: localhost\r\nAccept: text/event-stream\r\n\r\n`,
      drip: '',
      reads: false,
    },
  ];
  const open = new Set<Socket>();
  let isOver = false;
  const begin = (besieger: Besieger): void => {
    if (isOver) return;
    const socket = besieger.dial();
    open.add(socket);
    if (besieger.reads) socket.resume();
    else socket.pause();
    if (besieger.first) socket.write(besieger.first, 'latin1');
    const dripping = besieger.drip ? setInterval(() => socket.write(besieger.drip, 'latin1'), DRIP_MS) : undefined;
    socket.on('close', () => {
      clearInterval(dripping);
      open.delete(socket);
      if (!isOver) setTimeout(() => begin(besieger), AGAIN_MS).unref();
    });
  };
  for (const besieger of kinds) for (let i = 0; i < EACH; i++) begin(besieger);
  const connections: Record<string, number> = {};
  for (const { name } of kinds) connections[name] = (connections[name] ?? 0) + EACH;
  return {
    connections,
    close: () => {
      isOver = true;
      for (const socket of open) socket.destroy();
    },
  };
}
