/** `skykey kme`. */
import { resolve } from 'node:path';
import { onEnd, runKme } from '@skykey/node';

/** What is under way has five seconds; closing the vault comes after. */
const END_LIMIT_MS = 8000;

const NAMES: Readonly<Record<string, string>> = {
  etsi014: 'ETSI GS QKD 014, mutual TLS',
  peers: 'other key managers, mutual TLS',
  etsi020: 'ETSI GS QKD 020, mutual TLS',
  skip: 'SKIP, TLS with certificates',
  skipPsk: 'SKIP, TLS 1.2 with pre-shared keys',
  etsi004: 'ETSI GS QKD 004, mutual TLS',
  operations: 'operations: /readyz, /metrics, /api; loopback only',
};

export async function kme(options: { readonly config: string; readonly json?: boolean }): Promise<void> {
  const running = await runKme(resolve(options.config));
  // Before the first word: whoever reads it may send a signal at once.
  onEnd(() => running.stop(), { followParent: process.env.SKYKEY_FOLLOW_PARENT === '1', limitMs: END_LIMIT_MS });
  process.on('SIGHUP', () => void running.reload());
  const { registry } = running.kme;
  if (options.json) {
    const document = { kmeId: registry.kmeId, siteId: registry.siteId, ports: running.ports };
    process.stdout.write(`${JSON.stringify(document)}\n`);
    return;
  }
  process.stdout.write(`\n  ${registry.kmeId} at ${registry.siteId}\n`);
  for (const [name, port] of Object.entries(running.ports)) {
    process.stdout.write(`  ${String(port).padStart(5)}  ${NAMES[name] ?? name}\n`);
  }
  process.stdout.write('\n');
}
