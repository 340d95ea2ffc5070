/** `skykey desk pad`: keys for a few words while the line is shut, for a courier. */
import { randomBytes } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { HotlineError, makeEmergencyFile } from '@skykey/hotline';
import { tell } from '../desk.ts';
import { CliError } from '../error.ts';

export function makePad(
  path: string,
  options: {
    readonly conversation: string;
    readonly from: string;
    readonly texts: number;
    readonly json?: boolean;
  },
): void {
  const { conversation, from, texts } = options;
  let pad: Uint8Array;
  try {
    pad = makeEmergencyFile(
      { conversationId: conversation.toLowerCase(), provenance: from, texts },
      (bytes) => new Uint8Array(randomBytes(bytes)),
    );
  } catch (error) {
    if (!(error instanceof HotlineError)) throw error;
    throw new CliError('cli/option', error.message, { cause: error });
  }
  try {
    writeFileSync(path, pad, { mode: 0o600, flag: 'wx' });
  } catch (cause) {
    throw new CliError('cli/file', `the pad cannot be written: ${(cause as Error).message}`, { cause });
  } finally {
    pad.fill(0);
  }
  tell(
    options,
    { path, texts, from },
    `${path} is an emergency pad of ${texts} texts each way. Whoever reads it reads them. Carry it to both sites, put it where ` +
      '"desk.emergencyPad" of their configuration says, start both, and destroy every other copy: each desk takes it in and destroys its own.',
  );
}
