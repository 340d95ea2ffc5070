/** Commands that play photons: attacks, speeds, recordings. */
import type { Command } from 'commander';
import { bench } from '../bench.ts';
import { lab } from '../lab.ts';
import { tagsConvert, tagsRead, tagsWrite } from '../tags.ts';
import { DEFAULT_SCENARIO, decimal, several, wholeNumber } from './option.ts';

export function measuring(program: Command): void {
  program
    .command('lab')
    .description('attacks against a link, pass after pass: how often the alarm sees them, cries wolf, or sleeps')
    .option('--list', 'name the attacks and faults, with class and meaning of strength')
    .option('--attack <name>', 'one of them; none for clean passes')
    .option('--strength <s>', 'how strong, or several with commas (the usual one)')
    .option('--passes <n>', 'how many (100; of a study its own number)', wholeNumber)
    .option('--seed <n>', 'seed: same seed, same result', wholeNumber, 1)
    .option('--scenario <id>', 'scenario whose first pass with light is played', DEFAULT_SCENARIO)
    .option('--detections <n>', 'scale the link to so many detections a pass (as the scenario has it)', decimal)
    .option('--seconds <s>', 'only the first seconds of the pass (all)', decimal)
    .option('--level <name>', 'count: bins are drawn; event: every click is (count)')
    .option('--assumptions <state>', 'off: without what the secrecy of the attack rests on (on)')
    .option('--without <monitor>', 'a monitor that is not fitted; may come several times', several)
    .option('--out <folder>', 'keep every pass there, and go on where it was cut off')
    .option('--workers <n>', 'threads; the result does not depend on it (one a core)', wholeNumber)
    .option('--roc <file>', 'draw detection against false alarms, with as many clean passes, as SVG')
    .option(
      '--study <name>',
      'a long study with its report: false-alarms, misses, verdicts, leakage, source-gate, curves',
    )
    .option('--results <folder>', 'where the report of a study is written (docs/results)')
    .option('--json', 'one JSON document')
    .addHelpText(
      'after',
      `
Examples:
  skykey lab --list
  skykey lab --attack intercept-resend --strength 0.05 --passes 100 --seed 7 --json
  skykey lab --attack pns --detections 5e5 --strength 0.02,0.05,0.1,0.2 --roc pns.svg
  skykey lab --attack blinding --assumptions off
  skykey lab --study false-alarms --passes 3000`,
    )
    .action(lab);

  program
    .command('bench')
    .argument('[what]', 'what is measured: photons, distill, kme or hotline', 'photons')
    .description('the speeds that Skykey states, measured on this machine')
    .option('--rounds <n>', 'rounds of which each figure is the median (5; kme 3)', wholeNumber)
    .option('--quick', 'distill, kme and hotline: small sizes and one round, to see that it works')
    .option('--minutes <n>', 'kme: one load for so long, and whether memory, files or latency grow', wholeNumber)
    .option('--hour', 'kme: the same for an hour')
    .option('--results <folder>', 'kme: where the report of that is written as well')
    .option('--json', 'one JSON document')
    .addHelpText(
      'after',
      '\nExamples:\n  skykey bench photons --json\n  skykey bench distill\n  skykey bench kme\n  skykey bench hotline\n  skykey bench kme --hour --results docs/results',
    )
    .action(bench);

  const tags = program.command('tags').description('time tags of detections: write, read and convert them');

  tags
    .command('write')
    .description('play a pass and write what its time tagger would record')
    .requiredOption('--out <file>', 'where to; entangled pairs are a file a station')
    .option('--scenario <id>', 'scenario', DEFAULT_SCENARIO)
    .option('--station <id>', 'station (the first of the scenario)')
    .option('--from <iso>', 'the first pass with light from here on (start of the scenario)')
    .option('--seed <n>', 'seed: same seed, same tags', wholeNumber, 1)
    .option('--seconds <s>', 'only the first seconds (all)', decimal)
    .option('--format <name>', 'time-tag-64 or parquet (by the ending of the file)')
    .option('--layout <name>', 'of time-tag-64: high-word-first, low-word-first or hexadecimal (high-word-first)')
    .option('--time-bits <n>', 'of time-tag-64: 54 or 49 (54)', wholeNumber)
    .option('--detectors <list>', 'bit of each detector in a word, with commas (3,1,2,0)')
    .option('--fading', 'light that fades in steps of a millisecond, as turbulence and pointing make it')
    .option('--frames <how>', 'polarisation frames that turn along the pass: free or compensated (aligned)')
    .option('--settings', 'Parquet: with what the sender had set, and the slots as reckoned')
    .option('--emissions <file>', 'what was sent, pulse by pulse, for "skykey distill alice"')
    .option('--raw', 'times on a clock of its own, without slots, and beside it OUT.timing.json: slots are to be found')
    .option('--truth <file>', 'what is true of each tag, in a Parquet file of its own')
    .option('--json', 'one JSON document')
    .addHelpText('after', '\nExample:\n  skykey tags write --seed 7 --seconds 10 --out bob.tags')
    .action(tagsWrite);

  readable(tags.command('read'))
    .argument('<file>', 'recording of a laboratory, or of "skykey tags write"')
    .description('what is in a recording; where it is damaged, the byte and the reason, and everything before it')
    .option('--to <other>', 'keep what could be read in another file')
    .addHelpText('after', '\nExample:\n  skykey tags read bob.tags --json')
    .action(tagsRead);

  readable(tags.command('convert'))
    .argument('<from>', 'recording')
    .argument('<to>', 'file to write')
    .description('the same tags in the other format')
    .addHelpText('after', '\nExample:\n  skykey tags convert bob.tags bob.parquet')
    .action(tagsConvert);
}

/** How a file of tags is to be read. */
function readable(command: Command): Command {
  return command
    .option('--format <name>', 'time-tag-64 or parquet (by what the file begins with)')
    .option('--layout <name>', 'of time-tag-64: high-word-first, low-word-first or hexadecimal (high-word-first)')
    .option('--time-bits <n>', 'of time-tag-64: 54 or 49 (54)', wholeNumber)
    .option('--detectors <list>', 'bit of each detector in a word, with commas (3,1,2,0)')
    .option(
      '--origin <s>',
      'of time-tag-64: whole second of its clock to count from (0; after its first hour, that of the first tag)',
      wholeNumber,
    )
    .option('--to-format <name>', 'format to write (by the ending of the file)')
    .option('--to-layout <name>', 'layout to write (high-word-first)')
    .option('--to-time-bits <n>', 'bits of time to write (54)', wholeNumber)
    .option('--to-detectors <list>', 'bits of the detectors to write (3,1,2,0)')
    .option('--json', 'one JSON document');
}
