import { Reader, Writer } from '../bytes.ts';
import { HotlineError } from '../error.ts';
import { hybridText, readText, type Sealing, type TextMessage } from '../sealed/index.ts';

/** A text as it is kept until it is done with: sealing (1: 1 hybrid, 2 sealed) ‖ its content as of a hybrid text. */
export interface KeptText {
  readonly sealing: Sealing;
  readonly message: TextMessage;
}

export function writeKeptText({ sealing, message }: KeptText): Uint8Array {
  const content = hybridText(message);
  const bytes = new Writer()
    .u8(sealing === 'hybrid' ? 1 : 2)
    .raw(content)
    .finish();
  content.fill(0);
  return bytes;
}

/** Throws HotlineError `hotline/store`. */
export function readKeptText(bytes: Uint8Array): KeptText {
  const reader = new Reader(bytes, 'a text that was kept');
  try {
    const sealing = reader.u8() === 1 ? 'hybrid' : 'sealed';
    const content = readText(reader.raw(reader.left));
    if (content.sealing !== 'hybrid') throw reader.refuse('it is sealed');
    return { sealing, message: content.message };
  } catch (cause) {
    throw new HotlineError('hotline/store', 'a text that was kept cannot be read; the store is damaged', { cause });
  }
}
