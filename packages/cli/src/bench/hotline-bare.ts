/**
 * The reference of `skykey bench hotline`: a text from a page to the other side's page with nothing of a hotline between. Each
 * process commits it to an SQLite file on the disk (WAL, synchronous FULL) and hands it on. `node hotline-bare.ts FOLDER`.
 */
import { createServer, request, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';

const database = new DatabaseSync(join(process.argv[2]!, 'bare.db'));
database.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; CREATE TABLE text (words TEXT) STRICT');
const insert = database.prepare('INSERT INTO text VALUES (?)');
let next: number | null = null;
let page: ServerResponse | undefined;

process.on('message', (port: number) => {
  next = port;
});
const server = createServer((asked, answer) => {
  if (asked.method === 'GET') {
    page = answer.writeHead(200, { 'content-type': 'text/event-stream' });
    page.write('event: open\ndata: {}\n\n');
    return;
  }
  let text = '';
  asked.setEncoding('utf8').on('data', (part: string) => {
    text += part;
  });
  asked.on('end', () => {
    insert.run(text);
    answer.end('{}');
    page?.write(`event: message\ndata: ${text}\n\n`);
    if (next !== null) request({ port: next, host: '127.0.0.1', method: 'POST' }, (heard) => heard.resume()).end(text);
  });
});
server.listen(0, '127.0.0.1', () => process.send!((server.address() as AddressInfo).port));
process.on('disconnect', () => process.exit());
