/** `skykey desk record` and `verify-record`: what was said on the record, for a third person. */
import { createPublicKey, type KeyObject } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { HotlineError, type RecordDocument, type RecordReport, verifyRecord } from '@skykey/hotline';
import { type DeskOptions, enter, tell } from '../desk.ts';
import { CliError } from '../error.ts';
import { shown } from './lines.ts';

export async function takeRecord(url: string, path: string, options: DeskOptions): Promise<void> {
  const document = (await (await enter(url, options)).record()) as RecordDocument;
  try {
    writeFileSync(path, `${JSON.stringify(document, null, 2)}\n`, { mode: 0o600, flag: 'wx' });
  } catch (cause) {
    throw new CliError('cli/file', `the record cannot be written: ${(cause as Error).message}`, { cause });
  }
  const { texts, unsigned } = verifyRecord(document);
  const rest = unsigned > 0 ? `; ${unsigned} more wait for signatures and prove nothing yet` : '';
  tell(
    options,
    { path, texts: texts.length, unsigned },
    `${path} holds ${texts.length} texts signed by both desks${rest}.`,
  );
}

export function checkRecord(path: string, options: { readonly key: readonly string[]; readonly json?: boolean }): void {
  let document: unknown;
  try {
    document = JSON.parse(readFileSync(path, 'utf8'));
  } catch (cause) {
    throw new CliError('cli/file', `${path} cannot be read as a record: ${(cause as Error).message}`, { cause });
  }
  let report: RecordReport;
  try {
    report = verifyRecord(document, new Map(options.key.map(pinned)));
  } catch (error) {
    if (!(error instanceof HotlineError)) throw error;
    process.stderr.write(`skykey: ${path} shows nothing: ${error.message}\n`);
    process.exitCode = 1;
    return;
  }
  tell(options, report, words(report));
}

/** `desk-moscow=FILE`. */
function pinned(text: string): readonly [string, KeyObject] {
  const [, desk, file] = /^([^=]+)=(.+)$/.exec(text) ?? [];
  if (!desk || !file)
    throw new CliError('cli/option', `--key is "${text}"; give DESK=FILE, as in desk-moscow=moscow.pub`);
  try {
    return [desk, createPublicKey(readFileSync(file))];
  } catch (cause) {
    throw new CliError('cli/file', `the public key of ${desk}, ${file}, cannot be read: ${(cause as Error).message}`, {
      cause,
    });
  }
}

function words({ desks, texts, unsigned }: RecordReport): string {
  const unknown = desks.filter((desk) => !desk.pinned);
  return [
    ...texts.map(({ from, number, words: said }) =>
      said
        ? `${new Date(said.utcMs).toISOString().slice(0, 19)}Z ${from} ${number}, ${shown(said.author)}: ${shown(said.text)}`
        : `${from} ${number}: signed, and its words are no longer kept`,
    ),
    `${texts.length} texts are signed by ${desks.map(({ id }) => id).join(' and ')}.`,
    ...(unsigned > 0 ? [`${unsigned} more texts in the file are not signed by both: they prove nothing.`] : []),
    ...unknown.map(
      ({ id, fingerprint }) =>
        `The key of ${id} is the file's own (SHA-256 ${fingerprint}): compare it with what the site has published, or name it with --key.`,
    ),
  ].join('\n');
}
