#!/usr/bin/env node
/** `skykey-conformance`. */
import { parseArgs } from 'node:util';
import { conformance } from './command.ts';
import { ConformanceError } from './error.ts';

const HELP = `Whether a key management entity keeps every SHALL of ETSI GS QKD 014 V1.1.1.
It consumes keys of the server that it is pointed at.

  skykey-conformance --url https://kme-a:port --peer-url https://kme-b:port --ca kme-authority.pem
    --sae MASTER=cert.pem,key.pem --sae SLAVE=cert.pem,key.pem --sae THIRD=cert.pem,key.pem

  --url URL            KME of the master
  --peer-url URL       KME of the slave and of the third (the same)
  --ca FILE            authority of the KMEs' certificates, PEM
  --sae NAME=C,K       SAE ID, certificate, private key: master, slave, one that has no part in their keys,
                       and if you like another slave for multicast (else the third is tried)
  --keys N             consume at most so many keys (512)
  --json FILE          write the report; - is standard output
  --decisions          what Skykey decided where the standard is silent counts too
  --server-name NAME   name in the KMEs' certificates, when it is not the host
  --unmeetable JSON    a mandatory extension parameter that the KME knows and cannot meet
  --timeout S          seconds that an answer may take (10)

Exit code: 0 when no SHALL failed, 1 when one did, 2 when the options cannot be used.
`;

try {
  const text = { type: 'string' } as const;
  const { values } = parseArgs({
    options: {
      ...{ url: text, 'peer-url': text, ca: text, json: text, keys: text, timeout: text },
      ...{ 'server-name': text, unmeetable: text, sae: { type: 'string', multiple: true } },
      ...{ decisions: { type: 'boolean' }, help: { type: 'boolean', short: 'h' } },
    },
  });
  if (values.help) {
    process.stdout.write(HELP);
  } else {
    const { 'peer-url': peerUrl, 'server-name': serverName, ...rest } = values;
    process.exitCode = await conformance({
      ...rest,
      ...(peerUrl === undefined ? {} : { peerUrl }),
      ...(serverName === undefined ? {} : { serverName }),
    });
  }
} catch (error) {
  const forPeople =
    error instanceof ConformanceError || (error as { code?: string }).code?.startsWith('ERR_PARSE_ARGS');
  const { message, stack } = error as Error;
  process.stderr.write(`skykey-conformance: ${forPeople ? message : `a fault of the suite: ${stack}`}\n`);
  process.exitCode = forPeople ? 2 : 70;
}
