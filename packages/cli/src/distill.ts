/** `skykey distill`: a laboratory's own light to secret key, between two hosts. */
import { loadScenario } from '@skykey/node';
import type { Command } from 'commander';
import { drawAuthenticationKey, type Role } from './distill/authentication-file.ts';
import { linkText } from './distill/link-document.ts';
import { linkFromScenario } from './distill/link-from-scenario.ts';
import { type DistillDocument, type PartyOptions, runParty } from './distill/party.ts';
import { reportOf } from './distill/report.ts';
import { Progress, warn } from './progress.ts';
import type { PlayOptions } from './tags/played.ts';

interface CommonOptions extends Omit<PartyOptions, 'input'> {
  readonly json?: boolean;
}

export interface DistillAliceOptions extends CommonOptions {
  readonly emissions: string;
}

export interface DistillBobOptions extends CommonOptions {
  readonly tags: string;
}

/** `skykey distill alice`. */
export function distillAlice({ emissions, ...options }: DistillAliceOptions): Promise<void> {
  return distil('alice', { ...options, input: emissions });
}

/** `skykey distill bob`. */
export function distillBob({ tags, ...options }: DistillBobOptions): Promise<void> {
  return distil('bob', { ...options, input: tags });
}

async function distil(role: Role, options: PartyOptions & { readonly json?: boolean }): Promise<void> {
  const progress = new Progress();
  const interrupted = new AbortController();
  const interrupt = (): void => interrupted.abort();
  process.on('SIGINT', interrupt);
  process.on('SIGTERM', interrupt);
  let document: DistillDocument;
  let stage = 'hello';
  let detections = 0;
  let fraction = 0;
  try {
    document = await runParty(role, options, {
      signal: interrupted.signal,
      onListening: (port) => process.stderr.write(`skykey: ${role} listens on port ${port}\n`),
      onStranger: (sentence) => process.stderr.write(`skykey: ${sentence}\n`),
      onEvent: (event, { parameters }) => {
        if (event.kind === 'stage') stage = event.stage;
        if (event.kind === 'monitor') {
          detections = event.detections;
          fraction = (event.lastSlot + 1) / parameters.pulses;
        }
        progress.report(fraction, `the pass, ${detections.toLocaleString('en')} detections, ${stage}`);
      },
    });
  } finally {
    progress.end();
    process.off('SIGINT', interrupt);
    process.off('SIGTERM', interrupt);
  }
  for (const warning of document.warnings) process.stderr.write(`skykey: warning: ${warning}\n`);
  process.stdout.write(options.json ? `${JSON.stringify(document, null, 2)}\n` : reportOf(document));
  process.exitCode = document.verdict === 'accepted' ? 0 : 1;
}

/** `skykey distill link`. */
export function distillLink(options: PlayOptions & { readonly scenario: string }): void {
  const { link, assumptions } = linkFromScenario(loadScenario(options.scenario), options);
  process.stdout.write(linkText(link));
  warn(assumptions, {});
}

/** `skykey distill auth`. */
export function distillAuth({ bytes, out, json }: { bytes: number; out: string; json?: boolean }): void {
  const { pads, sessions } = drawAuthenticationKey(bytes, out);
  process.stdout.write(
    json
      ? `${JSON.stringify({ file: out, bytes, pads, sessions }, null, 2)}\n`
      : `${out}: ${pads} pads, enough for ${sessions} sessions. Carry a copy to the other party yourself, keep both for yourselves.\n`,
  );
}

interface Parsers {
  readonly wholeNumber: (text: string) => number;
  readonly decimal: (text: string) => number;
}

/** Adds `skykey distill …` with its help. */
export function addDistill(program: Command, { wholeNumber, decimal }: Parsers): void {
  const distill = program.command('distill').description('post-processing of recorded light between two hosts');
  const party = (role: Role, input: string, what: string): Command =>
    distill
      .command(role)
      .description(`${role}'s side: from ${what} to secret key`)
      .requiredOption(input, what)
      .requiredOption('--link <file>', 'what both parties have alike, as "skykey distill link" writes it')
      .requiredOption('--auth <file>', 'the key that both carried home, as "skykey distill auth" draws it; mode 0600')
      .requiredOption('--out <folder>', 'where keys and reports are kept, a folder for this party alone')
      .option('--listen <host:port>', 'wait there for the other party')
      .option('--connect <host:port>', 'go there to the other party')
      .option('--folder <dir>', 'meet in a folder that both see, in place of a connection')
      .option('--patience <s>', 'how long nothing may move before the session is given up (60)', decimal)
      .option('--json', 'one JSON document')
      .addHelpText(
        'after',
        '\nExit: 0 there is key, 1 there is none (the reason is told), 2 something given is wrong.',
      );
  party('alice', '--emissions <file>', 'what the transmitter sent').action(distillAlice);
  party('bob', '--tags <file>', 'what the receiver saw, by slot').action(distillBob);
  distill
    .command('link')
    .description('write the link file of a pass of a scenario, as "skykey tags write" plays it')
    .requiredOption('--scenario <id>', 'scenario')
    .option('--station <id>', 'station (the first of the scenario)')
    .option('--from <iso>', 'the first pass with light from here on (start of the scenario)')
    .option('--seconds <s>', 'only the first seconds (all)', decimal)
    .addHelpText('after', '\nExample:\n  skykey distill link --scenario micius-2016-12-19 > link.json')
    .action(distillLink);
  distill
    .command('auth')
    .description('draw an authentication key for two people who will carry it')
    .requiredOption('--bytes <n>', '64, and 48 more for each session', wholeNumber)
    .requiredOption('--out <file>', 'where to; nothing is written over')
    .option('--json', 'one JSON document')
    .addHelpText('after', '\nExample:\n  skykey distill auth --bytes 4096 --out auth.key')
    .action(distillAuth);
}
