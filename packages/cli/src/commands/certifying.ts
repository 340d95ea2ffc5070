/** Commands that make certificates. */
import type { Command } from 'commander';
import { crl, init, issue, list, revoke } from '../pki.ts';
import { several, wholeNumber } from './option.ts';

const OUT = 'folder of the authorities; "skykey up" has its own in DATA/pki';
const PASSPHRASE = "the authority's key is encrypted with the text of this file (20 characters at least)";

export function certifying(program: Command): void {
  const pki = program
    .command('pki')
    .description('certificates for SAEs and KMEs: authorities, issuing, revoking')
    .addHelpText(
      'after',
      '\nExamples:\n' +
        '  skykey pki init --out pki --ca kme\n' +
        '  skykey pki init --out pki --ca sae\n' +
        '  skykey pki issue --out pki --kme kme-paris --host kme.paris.example --host 192.0.2.7\n' +
        '  skykey pki issue --out pki --sae sae-vpn-7\n' +
        '  skykey pki revoke --out pki --sae sae-vpn-7\n' +
        '  skykey pki list --out pki\n\n' +
        'Nothing that is there is ever written over.',
    );

  pki
    .command('init')
    .description('make an authority, of the SAEs or of the KMEs')
    .requiredOption('--out <folder>', OUT)
    .requiredOption('--ca <role>', 'whose authority: sae or kme')
    .option('--name <text>', 'name of the authority (Skykey CA for SAEs)')
    .option('--days <n>', 'how long it lasts (3650)', wholeNumber)
    .option('--algorithm <name>', 'p-256, or ml-dsa-65 for TLS 1.3 with OpenSSL 3.5 at both ends', 'p-256')
    .option('--passphrase-file <file>', PASSPHRASE)
    .option('--json', 'one JSON document')
    .addHelpText('after', '\nExample:\n  skykey pki init --out pki --ca sae --name "Example SAE CA" --days 1825')
    .action(init);

  pki
    .command('issue')
    .description('issue a certificate and its key')
    .requiredOption('--out <folder>', OUT)
    .option('--sae <id>', 'for this SAE')
    .option('--kme <id>', 'for this KME')
    .option(
      '--host <name>',
      'host name or address of the KME (localhost, 127.0.0.1), or where an SAE is called itself; may be given several times',
      several,
    )
    .option('--days <n>', 'how long it lasts (365)', wholeNumber)
    .option('--renew', 'take the place of the pair that is there, which is kept under its serial number')
    .option('--passphrase-file <file>', PASSPHRASE)
    .option('--json', 'one JSON document')
    .addHelpText(
      'after',
      '\nExamples:\n  skykey pki issue --out data/micius-2016-12-19/pki --sae sae-mine\n  skykey pki issue --out pki --kme kme-paris --host kme.paris.example --renew',
    )
    .action(issue);

  pki
    .command('revoke')
    .description('revoke every certificate of a name, and write the revocation list')
    .requiredOption('--out <folder>', OUT)
    .option('--sae <id>', 'of this SAE')
    .option('--kme <id>', 'of this KME')
    .option('--passphrase-file <file>', PASSPHRASE)
    .option('--json', 'one JSON document')
    .addHelpText('after', '\nExample:\n  skykey pki revoke --out pki --sae sae-vpn-7')
    .action(revoke);

  pki
    .command('crl')
    .description('write the revocation list anew, before it ends')
    .requiredOption('--out <folder>', OUT)
    .requiredOption('--ca <role>', 'whose authority: sae or kme')
    .option('--days <n>', 'how long it is good (30)', wholeNumber)
    .option('--passphrase-file <file>', PASSPHRASE)
    .option('--json', 'one JSON document')
    .addHelpText('after', '\nExample:\n  skykey pki crl --out pki --ca sae --days 7')
    .action(crl);

  pki
    .command('list')
    .description('authorities, and what they issued and revoked')
    .requiredOption('--out <folder>', OUT)
    .option('--json', 'one JSON document')
    .addHelpText('after', '\nExample:\n  skykey pki list --out pki --json')
    .action(list);
}
