/** Commands from counts and bits to keys. */
import type { Command } from 'commander';
import { amplify } from '../amplify.ts';
import { keyrate } from '../keyrate.ts';
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
    .option('--json', 'one JSON document')
    .addHelpText(
      'after',
      `
Examples:
  skykey keyrate --list
  skykey keyrate --counts counts.json --plot key.svg
  skykey keyrate --counts - --proof lim2014-chernoff --json < counts.json
  skykey keyrate --optimise --loss 35 --pulses 1e11 --misalignment 0.005
  skykey keyrate --optimise --link pass.json --decoys 1 --json`,
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
}
