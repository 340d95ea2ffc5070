/** Commands from counts and bits to keys. */
import type { Command } from 'commander';
import { amplify } from '../amplify.ts';
import type { Role } from '../distill/authentication-file.ts';
import { distillAlice, distillAuth, distillBob, distillLink } from '../distill.ts';
import { keyrate } from '../keyrate.ts';
import { reconcile } from '../reconcile.ts';
import { decimal, wholeNumber } from './option.ts';

export function distilling(program: Command): void {
  program
    .command('keyrate')
    .description('how many bits are secret: counts in, length out, under a named proof; or the best setting of a link')
    .option('--list', 'name the proofs, with what they treat and where they are from')
    .option('--counts <file>', 'JSON document of counts, - for standard input')
    .option('--proof <name>', 'one of --list (the default is marked there)')
    .option('--optimise', 'find basis bias, intensities and probabilities that bring most, for a link')
    .option('--link <file>', 'that link as JSON: lossDb (a number, or one a slice of a pass), pulses a slice, noise, …')
    .option('--loss <db>', 'its loss, detectors included', decimal)
    .option('--pulses <n>', 'pulses sent (in each slice)', decimal)
    .option('--noise <p>', 'dark and background counts per detector and gate (5e-7)', decimal)
    .option('--misalignment <share>', 'photons that the wrong detector sees (0.01)', decimal)
    .option('--after-pulses <p>', 'after-pulses a click (0)', decimal)
    .option('--decoys <n>', 'intensities beside the signal, 1 or 2 (as many as the proof treats)', wholeNumber)
    .option('--weakest <mu>', 'weakest of three intensities, as the modulator leaves it (0)', decimal)
    .option(
      '--receiver-basis <p>',
      'key basis at the receiver, where a beam splitter decides it (as the sender)',
      decimal,
    )
    .option('--mismatch <share>', '1 - least / greatest efficiency of the detectors (0)', decimal)
    .option('--efficiency <f>', 'of reconciliation: f n h(E) bits are disclosed (1.16)', decimal)
    .option('--eps-sec <eps>', 'probability that the key is not secret (1e-9)', decimal)
    .option('--eps-cor <eps>', 'probability that the keys differ (1e-15)', decimal)
    .option('--plot <file>', 'draw key against block size, and with --optimise against loss, as SVG')
    .option('--study <name>', 'coverage: count how often the bounds are wrong, over simulated sessions, with a report')
    .option('--sessions <n>', 'of each cell of the study (100000: about half an hour)', wholeNumber)
    .option('--seed <n>', 'of the study: same seed, same sessions (1)', wholeNumber)
    .option('--results <folder>', 'where the report of a study is written (docs/results)')
    .option('--json', 'one JSON document')
    .addHelpText(
      'after',
      `
Examples:
  skykey keyrate --list
  skykey keyrate --counts counts.json --plot key.svg
  skykey keyrate --counts - --proof lim2014-chernoff --json < counts.json
  skykey keyrate --optimise --loss 35 --pulses 1e11 --misalignment 0.005
  skykey keyrate --optimise --link pass.json --decoys 1 --json
  skykey keyrate --study coverage --sessions 1000 --results .`,
    )
    .action(keyrate);

  program
    .command('amplify')
    .description('privacy amplification alone: a Toeplitz product of plain packed bit files')
    .requiredOption('--key <file>', 'reconciled key, packed bits')
    .requiredOption('--bits <n>', 'bits of it that are key', wholeNumber)
    .requiredOption('--seed <file>', 'uniform bits, n + l - 1 of them')
    .requiredOption('--out-bits <l>', 'bits to keep', wholeNumber)
    .requiredOption('--out <file>', 'where to, for this user alone')
    .option('--json', 'one JSON document')
    .addHelpText(
      'after',
      '\nExample:\n  skykey amplify --key raw.bits --bits 1000000 --seed seed.bits --out-bits 300000 --out secret.bits',
    )
    .action(amplify);

  program
    .command('reconcile')
    .description('error correction alone: both parties in one process')
    .requiredOption('--alice <file>', "Alice's sifted key, packed bits")
    .requiredOption('--bob <file>', "Bob's, with errors")
    .requiredOption('--bits <n>', 'bits of them that are key', wholeNumber)
    .requiredOption('--method <name>', 'cascade: few bits, many round trips; ldpc: one message')
    .option('--error-rate <q>', 'what both take it to be (as it is)', decimal)
    .option('--seed <n>', 'seed: same seed, same result (random)', wholeNumber)
    .option('--json', 'one JSON document')
    .addHelpText(
      'after',
      '\nExample:\n  skykey reconcile --alice a.bits --bob b.bits --bits 1000000 --method cascade --json',
    )
    .action(reconcile);

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
