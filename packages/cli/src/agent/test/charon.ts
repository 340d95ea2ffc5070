/** strongSwan's charon in a network namespace, with its files in a folder of the test's own. */
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import type { End, SitePair } from './site-pair.ts';

export const CHARON = '/usr/lib/ipsec/charon';
/** ESP in user space: a kernel without XFRM is enough. */
const PLUGINS = 'random nonce aes sha1 sha2 hmac kdf gmp kernel-libipsec kernel-netlink socket-default vici';

/** Why tests with strongSwan cannot run here, or false. */
export function withoutCharon(): string | false {
  if (!existsSync(CHARON)) return 'strongSwan is not installed (package strongswan-charon)';
  for (const plugin of ['vici', 'kernel-libipsec']) {
    if (!existsSync(`/usr/lib/ipsec/plugins/libstrongswan-${plugin}.so`))
      return `strongSwan's plugin ${plugin} is not installed`;
  }
  if (!existsSync('/dev/net/tun')) return 'there is no /dev/net/tun';
  return false;
}

export interface Charon {
  /** Path of its vici socket. */
  readonly socket: string;
  log(): string;
  kill(): Promise<void>;
}

export async function startCharon(sites: SitePair, end: End): Promise<Charon> {
  const file = (name: string): string => join(sites.folder, `${end}.${name}`);
  const socket = file('vici');
  writeFileSync(
    file('conf'),
    `charon {
       load = ${PLUGINS}
       plugins { vici { socket = unix://${socket} } }
       filelog { log { path = ${file('log')}
                       flush_line = yes
                       default = 1 } }
     }`,
  );
  rmSync(socket, { force: true });
  // Its own /run: charon has one file for its process id there, whatever is configured.
  const child = sites.start(end, ['unshare', '-m', 'sh', '-c', `mount -t tmpfs none /run && exec ${CHARON}`], {
    STRONGSWAN_CONF: file('conf'),
  });
  for (let i = 0; i < 100 && !existsSync(socket); i++) await pause(50);
  return {
    socket,
    log: () => readFileSync(file('log'), 'utf8'),
    kill: async () => {
      const gone = new Promise((resolve) => child.once('close', resolve));
      child.kill('SIGKILL');
      await gone;
    },
  };
}
