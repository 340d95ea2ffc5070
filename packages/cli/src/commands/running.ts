/** Commands that start Skykey's processes. */
import type { Command } from 'commander';
import { demo } from '../demo.ts';
import { kme } from '../kme.ts';
import { pass } from '../pass.ts';
import { node, sky, up } from '../processes.ts';
import { DEFAULT_SCENARIO, decimal, wholeNumber } from './option.ts';

export function running(program: Command): void {
  program
    .command('up')
    .argument('[scenario]', 'id of a shipped scenario, or the path of a .json file', DEFAULT_SCENARIO)
    .description('start a scenario with all its processes, and the console in a browser')
    .option('--port <n>', 'first port; the console is on it, the key managers on the next two', wholeNumber, 8460)
    .option('--data <folder>', 'where vaults, certificates and logs are kept (data/<scenario>)')
    .option('--speed <x>', 'fixed speed of the mission clock, a multiple of real time (automatic)', decimal)
    .option('--seed <n>', 'seed of the simulated sky, used at the first start (random)', wholeNumber)
    .option('--json', 'one JSON document with the addresses, once everything answers')
    .addHelpText('after', '\nExample:\n  skykey up micius-2016-12-19 --port 9000 --data /tmp/skykey')
    .action(up);

  program
    .command('node')
    .description('run the process of one site or satellite')
    .requiredOption('--config <file>', 'its configuration, as "skykey up" writes it into the data folder')
    .addHelpText('after', '\nExample:\n  skykey node --config data/micius-2016-12-19/beijing.config.json')
    .action(node);

  program
    .command('kme')
    .description('run a key manager in front of real links: ETSI GS QKD 014, 004, 020, SKIP')
    .requiredOption('--config <file>', 'its configuration, as docs/kme.md shows it')
    .option('--json', 'one JSON document with the ports, once everything answers')
    .addHelpText(
      'after',
      '\nSIGHUP reads policy, certificates and revocation lists again; SIGTERM finishes what is under way and ends.\n' +
        '\nExample:\n  skykey kme --config /etc/skykey/kme-paris.json',
    )
    .action(kme);

  program
    .command('sky')
    .description('run the process that plays physics')
    .requiredOption('--config <file>', 'its configuration, as "skykey up" writes it into the data folder')
    .addHelpText('after', '\nExample:\n  skykey sky --config data/micius-2016-12-19/sky.config.json')
    .action(sky);

  program
    .command('pass')
    .description('one pass, photon by photon, to final key on two parties')
    .option('--scenario <id>', 'scenario', DEFAULT_SCENARIO)
    .option('--station <id>', 'station (the first of the scenario)')
    .option('--seed <n>', 'seed: same seed, same result', wholeNumber, 1)
    .option('--attack <name>', 'adversary: intercept-resend')
    .option('--fraction <f>', 'share of pulses attacked, above 0 and at most 1', decimal)
    .option('--json', 'one JSON document')
    .addHelpText(
      'after',
      '\nExamples:\n  skykey pass --seed 7\n  skykey pass --seed 7 --attack intercept-resend --fraction 0.1 --json',
    )
    .action(pass);

  program
    .command('demo')
    .description(
      'the whole story without a browser: pass, relay, message, tap, refusal; exit 0 only if every step did as it should',
    )
    .option('--scenario <id>', 'scenario', DEFAULT_SCENARIO)
    .option('--port <n>', 'first of the ports it uses', wholeNumber, 18460)
    .option('--seed <n>', 'seed of the simulated sky (random)', wholeNumber)
    .option('--json', 'one JSON document')
    .action(demo);
}
