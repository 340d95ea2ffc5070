/** Commands from counts and bits to keys. */

import type { Role } from '@skykey/distill';
import type { Command } from 'commander';
import { amplify } from '../amplify.ts';
import { distillAlice, distillAuth, distillBob, distillLink, distillTiming } from '../distill.ts';
import type { TagBits } from '../keyrate/link.ts';
import { keyrate } from '../keyrate.ts';
import { reconcile } from '../reconcile.ts';
import { DEFAULT_SCENARIO, decimal, wholeNumber } from './option.ts';

const tagBits = (text: string): TagBits => (text === 'published' ? text : decimal(text));

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
    .option('--tag-bits <n>', 'of the verification tag: as sent (128), or "published" for log2(2 / eps_cor)', tagBits)
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
    .requiredOption(
      '--method <name>',
      'cascade: fewest bits, many round trips; ldpc: one message, error rates up to 0.11; auto: by --round-trip',
    )
    .option('--round-trip <ms>', 'for auto: time between a question and its answer (0)', decimal)
    .option('--error-rate <q>', 'what both take it to be (as it is)', decimal)
    .option('--error-spread <s>', 'ldpc: standard deviation of that, for which more is disclosed (0)', decimal)
    .option(
      '--frames <name>',
      'ldpc: short (100 kbit, faster) or long (800 kbit, discloses less) (long from 409,600 bits and 1.8 % on)',
    )
    .option('--seed <n>', 'seed: same seed, same result (random)', wholeNumber)
    .option('--json', 'one JSON document')
    .addHelpText(
      'after',
      `
A frame that ldpc cannot correct is disclosed whole and stays in the key: its bits count as disclosed.

Examples:
  skykey reconcile --alice a.bits --bob b.bits --bits 1000000 --method cascade --json
  skykey reconcile --alice a.bits --bob b.bits --bits 8192000 --method ldpc
  skykey reconcile --alice a.bits --bob b.bits --bits 1000000 --method ldpc --error-rate 0.02 --error-spread 0.0005
  skykey reconcile --alice a.bits --bob b.bits --bits 1000000 --method auto --round-trip 480`,
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
  party('bob', '--tags <file>', 'what the receiver saw, by slot or as raw time tags')
    .option('--timing <file>', 'of raw tags: pulse-per-second and flight time (TAGS.timing.json)')
    .action(distillBob);
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
    .command('timing')
    .description('write what is known of the time of raw tags: pulse-per-second, and flight time from elements')
    .requiredOption('--tags <file>', 'recording, which is counted')
    .requiredOption(
      '--pps <file>',
      "the tagger's readings of the pulse-per-second, whole ps, one a line, none left out",
    )
    .requiredOption('--first-second <iso>', 'UTC of the first of them')
    .requiredOption('--slot-zero <iso>', 'when slot 0 leaves the satellite, UTC with up to twelve digits of a second')
    .requiredOption('--jitter <ps>', 'standard deviation of a tag: pulse, detector and clock together', decimal)
    .option('--tolerance <ps>', 'how far a reading may be off the line of all (1000000)', decimal)
    .option('--tle <file>', 'two-line elements, in place of the satellite of a scenario')
    .option('--omm <file>', 'the same as orbit mean-elements messages')
    .option('--satellite <id>', 'of several, this one')
    .option('--latitude <deg>', 'where the receiver is, degrees north, in place of a station of a scenario', decimal)
    .option('--longitude <deg>', 'its longitude, degrees east', decimal)
    .option('--altitude <m>', 'its height (0)', decimal)
    .option('--scenario <id>', 'scenario', DEFAULT_SCENARIO)
    .option('--station <id>', 'station (the first of the scenario)')
    .option('--max-age <days>', 'use elements up to this far from their epoch (30; from 7 on with a warning)', decimal)
    .addHelpText(
      'after',
      `
Example:
  skykey distill timing --tags B.parquet --pps B.pps --first-second 2016-12-19T16:49:50Z \\
    --slot-zero 2016-12-19T16:49:57.600000000000Z --jitter 350 > B.parquet.timing.json`,
    )
    .action(distillTiming);
  distill
    .command('auth')
    .description('draw an authentication key for two people who will carry it')
    .requiredOption('--bytes <n>', '64, and 48 more for each session', wholeNumber)
    .requiredOption('--out <file>', 'where to; nothing is written over')
    .option('--json', 'one JSON document')
    .addHelpText('after', '\nExample:\n  skykey distill auth --bytes 4096 --out auth.key')
    .action(distillAuth);
}
