/** `skykey pki …`: certificates for SAEs and KMEs. */
import { resolve } from 'node:path';
import {
  type AuthorityState,
  authorityFiles,
  type CertificateAlgorithm,
  initAuthority,
  issueCertificate,
  listAuthorities,
  type Role,
  renewRevocationList,
  revokeCertificates,
} from '@skykey/node';
import { CliError } from './error.ts';

interface Common {
  readonly out: string;
  readonly passphraseFile?: string;
  readonly json?: boolean;
}

interface Named extends Common {
  readonly sae?: string;
  readonly kme?: string;
}

const WHO: Record<Role, string> = { sae: 'SAEs', kme: 'KMEs' };

/** `skykey pki init`. */
export async function init(
  options: Common & { ca: string; name?: string; days?: number; algorithm: string },
): Promise<void> {
  const role = roleOf(options.ca);
  const files = await initAuthority({
    ...common(options, role),
    name: options.name,
    days: options.days,
    algorithm: algorithmOf(options.algorithm),
  });
  tell(options, { authority: role, files }, [
    `The authority of the ${WHO[role]}:`,
    `  certificate      ${files.cert}  (who is called by ${WHO[role]}, or calls them, trusts this)`,
    `  revocation list  ${files.crl}`,
    `  key              ${files.key}  (stays here${options.passphraseFile ? ', encrypted' : ', readable by you alone'})`,
  ]);
}

/** `skykey pki issue`. */
export async function issue(
  options: Named & { host?: readonly string[]; days?: number; renew?: boolean },
): Promise<void> {
  const { role, id } = named(options);
  const issued = await issueCertificate({
    ...common(options, role),
    id,
    hosts: options.host,
    days: options.days,
    renew: options.renew,
  });
  const { cert, key, serial } = issued;
  const until = new Date(issued.untilMs).toISOString();
  const use =
    role === 'sae'
      ? `curl --cacert ${authorityFiles(resolve(options.out), 'kme').cert} --cert ${cert} --key ${key} https://KME/api/v1/keys/OTHER-SAE/status`
      : 'both files belong into the configuration of the KME (kme.tls and peer.tls); a running one takes a renewed pair by itself';
  tell(options, { role, id, serial, until, files: { cert, key } }, [
    `${id}, ${role.toUpperCase()}, until ${until}:`,
    `  certificate  ${cert}`,
    `  key          ${key}  (readable by you alone)`,
    `  ${use}`,
  ]);
}

/** `skykey pki revoke`. */
export async function revoke(options: Named): Promise<void> {
  const { role, id } = named(options);
  const revoked = await revokeCertificates({ ...common(options, role), id });
  const { crl } = authorityFiles(resolve(options.out), role);
  tell(options, { role, id, revoked: revoked.map(certificate), revocationList: crl }, [
    ...revoked.map(({ serial }) => `revoked: ${id}, serial ${serial}`),
    `The list is ${crl}. A KME that watches it closes their connections within two seconds; others need a copy.`,
  ]);
}

/** `skykey pki crl`. */
export async function crl(options: Common & { ca: string; days?: number }): Promise<void> {
  const role = roleOf(options.ca);
  const until = new Date(await renewRevocationList({ ...common(options, role), days: options.days })).toISOString();
  const file = authorityFiles(resolve(options.out), role).crl;
  tell(options, { authority: role, revocationList: file, until }, [`${file}: good until ${until}`]);
}

/** `skykey pki list`. */
export function list(options: Common): void {
  const authorities = listAuthorities(resolve(options.out));
  const now = Date.now();
  const document = authorities.map(({ role, name, files, untilMs, certificates }) => ({
    authority: role,
    name,
    files,
    until: new Date(untilMs).toISOString(),
    certificates: certificates.map(certificate),
  }));
  tell(
    options,
    { authorities: document },
    authorities.flatMap((authority) => lines(authority, now)),
  );
}

const certificate = ({ id, serial, untilMs, revokedMs }: AuthorityState['certificates'][number]): object => ({
  id,
  serial,
  until: new Date(untilMs).toISOString(),
  revoked: revokedMs === null ? null : new Date(revokedMs).toISOString(),
});

function lines({ role, name, untilMs, certificates }: AuthorityState, now: number): string[] {
  const date = (ms: number): string => new Date(ms).toISOString().slice(0, 10);
  const width = Math.max(...certificates.map(({ id }) => (id ?? '?').length), 4);
  return [
    `${role.toUpperCase()}  ${name}, until ${date(untilMs)}`,
    ...certificates.map(({ id, serial, untilMs: end, revokedMs }) => {
      const state = revokedMs !== null ? `revoked ${date(revokedMs)}` : end <= now ? 'ended' : 'good';
      return `  ${(id ?? '?').padEnd(width)}  ${serial}  until ${date(end)}  ${state}`;
    }),
    ...(certificates.length === 0 ? ['  nothing issued yet'] : []),
  ];
}

function common(options: Common, role: Role) {
  return { folder: resolve(options.out), role, nowMs: Date.now(), passphraseFile: options.passphraseFile };
}

function roleOf(text: string): Role {
  if (text === 'sae' || text === 'kme') return text;
  throw new CliError('cli/option', `--ca is ${text}: give sae or kme`);
}

function algorithmOf(text: string): CertificateAlgorithm {
  if (text === 'p-256' || text === 'ml-dsa-65') return text;
  throw new CliError('cli/option', `--algorithm is ${text}: give p-256 or ml-dsa-65`);
}

function named({ sae, kme }: Named): { role: Role; id: string } {
  if (sae !== undefined && kme === undefined) return { role: 'sae', id: sae };
  if (kme !== undefined && sae === undefined) return { role: 'kme', id: kme };
  throw new CliError('cli/option', 'give one of --sae NAME and --kme NAME');
}

function tell(options: Common, document: object, sentences: readonly string[]): void {
  process.stdout.write(options.json ? `${JSON.stringify(document, null, 2)}\n` : `${sentences.join('\n')}\n`);
}
