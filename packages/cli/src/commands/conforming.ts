/** Whether servers of others, and our own, keep the standards. */
import type { Command } from 'commander';
import { conformance } from '../conformance.ts';
import { several } from './option.ts';

export function conforming(program: Command): void {
  program
    .command('conformance')
    .description('whether a key manager keeps every SHALL of ETSI GS QKD 014; consumes keys of the server')
    .requiredOption('--url <url>', 'key manager of the master, https://host:port')
    .option('--peer-url <url>', 'key manager of the slave and of the third (the same)')
    .requiredOption('--ca <file>', 'authority of the key managers, PEM')
    .requiredOption(
      '--sae <name=cert,key>',
      'application, its certificate and key, PEM: master, slave, one that has no part in their keys, perhaps another slave',
      several,
    )
    .option('--keys <n>', 'consume at most so many keys (512)')
    .option('--json <file>', 'write the report; - is standard output')
    .option('--decisions', 'what Skykey decided where the standard is silent counts too')
    .option('--server-name <name>', 'name in the certificates of the key managers, when it is not the host')
    .option('--unmeetable <json>', 'a mandatory extension parameter that the key manager knows and cannot meet')
    .option('--timeout <s>', 'seconds that an answer may take (10)')
    .addHelpText(
      'after',
      `
Exit code 0 when no SHALL failed, 1 when one did.

Example:
  skykey conformance --url https://localhost:8461 --peer-url https://localhost:8462 --ca kme-ca.pem \\
    --sae a=a.pem,a.key --sae b=b.pem,b.key --sae c=c.pem,c.key --json report.json`,
    )
    .action(conformance);
}
