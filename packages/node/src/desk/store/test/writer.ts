/**
 * A process that writes until it is killed: `node writer.ts FOLDER WITNESS`. Number n is one commit of a record, a message and
 * a file; it is told on the standard output when the commit was.
 */
import { writeSync } from 'node:fs';
import { argv } from 'node:process';
import { DeskStore } from '../desk-store.ts';
import { bytesOf, fileOf, messageOf, NOON, textOf } from './place.ts';

const [, , folder, witness] = argv as [string, string, string, string];
const store = await DeskStore.open({ folder, witness, now: () => NOON });
let number = Number(textOf(store.get('number')) ?? 0);

async function write(n: number): Promise<void> {
  await store.commit({
    puts: [
      ['number', bytesOf(`${n}`)],
      [`outbox/${n}`, bytesOf(`${n}`)],
    ],
    messages: [messageOf(n)],
    files: [{ file: fileOf(n % 5), progress: bytesOf(`${n}`) }],
  });
  writeSync(1, `${n}\n`);
}

for (;;) {
  // Some alone, some together, and now and then everything under a new key.
  await write(++number);
  await Promise.all([1, 2, 3].map(() => write(++number)));
  if (number % 3 === 0) await store.rotate();
}
