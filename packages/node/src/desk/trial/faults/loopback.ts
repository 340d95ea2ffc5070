/** Servers of a trial, on ports that the system chooses. */
import type { IncomingMessage, Server } from 'node:http';

/** Returns the port. */
export async function listenAnywhere(server: Server): Promise<number> {
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  return (server.address() as { port: number }).port;
}

/** Rejects when it breaks off. */
export async function bodyOf(message: IncomingMessage): Promise<Buffer> {
  const parts: Buffer[] = [];
  for await (const part of message) parts.push(part as Buffer);
  return Buffer.concat(parts);
}
