/** The key of this terminal for a desk, in a file that only its owner reads. */
import { existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { SecretBytes } from '@skykey/bits';
import { type Device, deviceOf, makeDevice } from '@skykey/node';
import { CliError } from '../error.ts';

const BYTES = 32;

/** The device in `file`; made when `make`. Throws a sentence. */
export function deviceIn(file: string, make: boolean): Device {
  if (!existsSync(file)) {
    if (!make) {
      throw new CliError(
        'cli/desk',
        `there is no device key in ${file}; make one with "skykey desk enrol LINK", with a link that an operator of the desk gives you`,
      );
    }
    const device = makeDevice();
    mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
    device.privateKey.open((bytes) => writeFileSync(file, bytes, { mode: 0o600, flag: 'wx' }));
    return device;
  }
  if (process.platform !== 'win32' && (statSync(file).mode & 0o077) !== 0) {
    throw new CliError('cli/desk', `${file} can be read by others on this machine; run "chmod 600 ${file}" first`);
  }
  const bytes = new Uint8Array(readFileSync(file));
  if (bytes.length !== BYTES) {
    throw new CliError('cli/desk', `${file} is not the key of a device (${bytes.length} bytes instead of ${BYTES})`);
  }
  return deviceOf(SecretBytes.adopt(bytes));
}
