/** `skykey distill`: a laboratory's own light to secret key, between two hosts. */
import type { Role } from '@skykey/distill';
import { loadScenario } from '@skykey/node';
import { drawAuthenticationKey } from './distill/authentication-file.ts';
import { linkText } from './distill/link-document.ts';
import { linkFromScenario } from './distill/link-from-scenario.ts';
import { makeTiming, type TimingOptions } from './distill/make-timing.ts';
import { type DistillDocument, type PartyOptions, runParty } from './distill/party.ts';
import { reportOf } from './distill/report.ts';
import { timingText } from './distill/timing-document.ts';
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

/** `skykey distill timing`. */
export async function distillTiming(options: TimingOptions): Promise<void> {
  const { timing, warnings } = await makeTiming(options);
  process.stdout.write(timingText(timing));
  warn(warnings, {});
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
