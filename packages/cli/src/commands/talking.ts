/** Commands of people at a desk. */
import type { Command } from 'commander';
import { makePad } from '../desk/pad.ts';
import { checkRecord, takeRecord } from '../desk/record.ts';
import { enrol, fetchFile, newOperator, open, say, send, state } from '../desk.ts';
import { decimal } from './option.ts';

export function talking(program: Command): void {
  const desk = program
    .command('desk')
    .description('the hotline in a terminal: enrol this device, write, send files, follow what happens')
    .addHelpText(
      'after',
      '\nExamples:\n  skykey desk enrol "http://localhost:8467/#enrol=…"\n  skykey desk say http://localhost:8467 "Good evening" --sealed\n  skykey desk open http://localhost:8467\n  skykey desk record http://localhost:8467 treaty.json\n  skykey desk verify-record treaty.json --key desk-moscow=moscow.record-key.pub',
    );
  const device = ['--device <file>', 'key of this device (~/.config/skykey/HOST.key)'] as const;
  const json = ['--json', 'JSON instead of sentences'] as const;

  desk
    .command('enrol')
    .argument('<link>', 'enrolment link of the desk; works once')
    .description('make a key for this device and let the desk know it')
    .option('--name <name>', 'your name, as both sides will see it; for links that were made for nobody by name')
    .option(...device)
    .option(...json)
    .action(enrol);
  desk
    .command('new-operator')
    .argument('<configuration>', "the site's own configuration, as in data/micius-2016-12-19/beijing.config.json")
    .description(
      "when all operators have lost their devices: a new link, made on the site's machine while it is stopped",
    )
    .option(...json)
    .addHelpText(
      'after',
      '\nExample:\n  skykey desk new-operator data/micius-2016-12-19/beijing.config.json\n\nWhoever may read and write the files of the site can do this, and nobody else.',
    )
    .action(newOperator);
  desk
    .command('state')
    .argument('<desk>', 'address of the desk')
    .description('how safe the line is, and what it is still good for')
    .option(...device)
    .option(...json)
    .action(state);
  desk
    .command('say')
    .argument('<desk>', 'address of the desk')
    .argument('<text>', 'what to say')
    .description('send one text; exit 0 once the other desk keeps it, 3 if it still waits')
    .option('--sealed', 'by one-time pad')
    .option('--emergency', 'while the line is shut: short words by the pad that a courier brought')
    .option('--wait <s>', 'how long to wait for it', decimal)
    .option(...device)
    .option(...json)
    .action(say);
  desk
    .command('pad')
    .argument('<path>', 'where to put it; nothing is overwritten')
    .description('make an emergency pad, to be carried by a courier to the sites of both desks')
    .requiredOption('--conversation <uuid>', '"conversationId" in the configuration of both sites')
    .requiredOption('--from <text>', 'who stands for it that nobody else has it, as people will read it')
    .option('--texts <n>', 'texts each way, 1 to 64', decimal, 20)
    .option(...json)
    .action(makePad);
  desk
    .command('send')
    .argument('<desk>', 'address of the desk')
    .argument('<file>', 'file to send')
    .description('send a file; exit 0 once it has arrived whole, 3 if it has not')
    .option('--wait <s>', 'how long to wait for it', decimal)
    .option(...device)
    .option(...json)
    .action(send);
  desk
    .command('fetch')
    .argument('<desk>', 'address of the desk')
    .argument('<id>', 'id of a file that has arrived, as "state --json" lists them')
    .argument('<path>', 'where to put it; nothing is overwritten')
    .description('take a file out of the desk')
    .option(...device)
    .option(...json)
    .action(fetchFile);
  desk
    .command('record')
    .argument('<desk>', 'address of the desk')
    .argument('<path>', 'where to put it; nothing is overwritten')
    .description('take what was said on the record out of the desk, with both signatures, for a third person')
    .option(...device)
    .option(...json)
    .action(takeRecord);
  desk
    .command('verify-record')
    .argument('<file>', 'what "skykey desk record" wrote')
    .description('check a record without any desk; exit 1 when it shows nothing, with the reason')
    .option(
      '--key <desk=file>',
      'public key of a desk (PEM) as its site has published it; once for each desk',
      (text: string, before: readonly string[]) => [...before, text],
      [],
    )
    .option(...json)
    .action(checkRecord);
  desk
    .command('open')
    .argument('<desk>', 'address of the desk')
    .description('show what happens, and send each line that is typed')
    .option('--sealed', 'send by one-time pad')
    .option('--wait <s>', 'how long to stay after the end of the input, when that is no terminal', decimal)
    .option(...device)
    .option(...json)
    .action(open);
}
