/** Whoever stands before a door of a key manager, with whatever certificate: what answers, and how. */
import { type RequestOptions, request } from 'node:https';
import { connect } from 'node:tls';
import {
  decodeHeader,
  decodeResponse,
  encodeRequest,
  HEADER_BYTES,
  type StreamRequest,
  type StreamResponse,
} from '@skykey/kme';

const LIMIT_MS = 15_000;

/** Certificate and key of the one who knocks, and the authority that it trusts: PEM. Without a certificate: nobody. */
export type Shown = Pick<RequestOptions, 'cert' | 'key' | 'ca'>;

/** `handshake`: not one byte of an answer came. */
export type Heard = 'handshake' | { readonly status: number; readonly text: string };

export function knock(
  shown: Shown,
  port: number,
  { method = 'GET', path, body }: { method?: string; path: string; body?: string | Uint8Array },
): Promise<Heard> {
  return new Promise((resolve) => {
    const call = request(
      {
        ...shown,
        host: '127.0.0.1',
        port,
        path,
        method,
        agent: false,
        headers: { 'content-type': 'application/json' },
      },
      (response) => {
        let text = '';
        response.setEncoding('utf8').on('data', (part: string) => {
          text += part;
        });
        response.on('end', () => resolve({ status: response.statusCode!, text }));
      },
    );
    call.setTimeout(LIMIT_MS, () => call.destroy());
    call.on('error', () => resolve('handshake'));
    call.end(body);
  });
}

/** One call of ETSI GS QKD 004 on a connection of its own. */
export function call004(shown: Shown, port: number, message: StreamRequest): Promise<'handshake' | StreamResponse> {
  return new Promise((resolve) => {
    const socket = connect({ ...shown, host: '127.0.0.1', port } as Parameters<typeof connect>[0] & object);
    const parts: Buffer[] = [];
    const end = (heard: 'handshake' | StreamResponse): void => {
      socket.destroy();
      resolve(heard);
    };
    socket.setTimeout(LIMIT_MS, () => end('handshake'));
    socket.on('error', () => end('handshake'));
    socket.on('close', () => end('handshake'));
    socket.on('data', (part) => {
      parts.push(part);
      const bytes = Buffer.concat(parts);
      if (bytes.length < HEADER_BYTES) return;
      const header = decodeHeader(bytes.subarray(0, HEADER_BYTES));
      if (bytes.length < HEADER_BYTES + header.payloadBytes) return;
      end(decodeResponse(header, bytes.subarray(HEADER_BYTES, HEADER_BYTES + header.payloadBytes), 'C'));
    });
    socket.write(encodeRequest(message, 'C'));
  });
}
