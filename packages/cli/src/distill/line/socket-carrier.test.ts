import assert from 'node:assert/strict';
import { createServer } from 'node:net';
import { test } from 'node:test';
import { dial } from './socket-carrier.ts';

const frame = (...bytes: number[]): Buffer => Buffer.from([bytes.length, 0, 0, 0, ...bytes]);

test('what was said before a connection was closed is heard by one who was busy and speaks first', {
  // There a reset takes what was not read, whoever is careful.
  skip: process.platform === 'win32',
}, async (t) => {
  let leave = (): void => undefined;
  const server = createServer((socket) => {
    socket.write(frame(1));
    socket.on('data', () => undefined);
    leave = () => {
      socket.write(frame(2));
      socket.destroy();
    };
  });
  t.after(() => server.close());
  await new Promise<void>((resolve) => server.listen({ port: 0, host: '127.0.0.1' }, resolve));
  const carrier = await dial({ host: '127.0.0.1', port: (server.address() as { port: number }).port });
  assert.deepEqual([...(await carrier.receive())], [1]);
  // Nothing is read in between: the other has left, the first answer draws a reset, the second finds it.
  leave();
  carrier.send(Uint8Array.of(3));
  carrier.send(Uint8Array.of(4));
  assert.deepEqual([...(await carrier.receive())], [2]);
  await assert.rejects(carrier.receive());
  carrier.close();
});

test('all that was sent leaves before the connection is closed, in order', async (t) => {
  const heard: Buffer[] = [];
  const server = createServer((socket) => void socket.on('data', (data: Buffer) => heard.push(data)));
  t.after(() => server.close());
  await new Promise<void>((resolve) => server.listen({ port: 0, host: '127.0.0.1' }, resolve));
  const closed = new Promise<void>((resolve) => {
    server.once('connection', (socket) => socket.once('close', () => resolve()));
  });
  const carrier = await dial({ host: '127.0.0.1', port: (server.address() as { port: number }).port });
  for (let byte = 0; byte < 3; byte++) carrier.send(Uint8Array.of(byte));
  carrier.close();
  carrier.send(Uint8Array.of(3));
  await closed;
  assert.deepEqual(Buffer.concat(heard), Buffer.concat([frame(0), frame(1), frame(2)]));
});
