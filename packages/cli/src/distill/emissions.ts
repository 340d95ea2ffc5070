/** Alice's input: what her transmitter sent. */
import { blockIdOf, DistillError, EmissionFile, type EmissionRecord } from '@skykey/distill';
import { CliError } from '../error.ts';
import { InputFile } from './input-file.ts';
import { LightJournal } from './light-journal.ts';
import type { LinkDocument } from './link-document.ts';

export interface Emissions {
  readonly warnings: readonly string[];
  at(slots: Float64Array): Promise<EmissionRecord>;
  /** Uses the light up: nobody distils this file again. Throws CliError `cli/keys` when it was before. */
  begin(blockId: string): void;
  close(): void;
}

export const SIMULATED = 'the light of this session is simulated: its key protects nothing';

/**
 * Opens the file, holds its header to the link, and sees in `FILE.begun`, beside the file that links lead to, whether its light was used. Throws CliError
 * `cli/file`, `cli/keys`, DistillError `distill/emission-file`.
 */
export async function openEmissions(file: string, link: LinkDocument): Promise<Emissions> {
  const input = new InputFile('--emissions', file);
  try {
    const emissions = await EmissionFile.open(input).catch(named(file));
    const { header } = emissions;
    const { parameters, pulseRateHz } = link;
    const { linkId, sessionId, pulses } = parameters;
    for (const [field, due] of Object.entries({ linkId, sessionId, pulses, pulseRateHz })) {
      const found = header[field as 'linkId' | 'sessionId' | 'pulses' | 'pulseRateHz'];
      if (found !== due) {
        throw new CliError('cli/link', `${file} is of ${field} ${found}, and the link says ${due}`);
      }
    }
    const journal = new LightJournal(`${input.place}.begun`, 'alice');
    journal.checkFresh(blockIdOf(parameters));
    const exposed = `${file} may be read by others than its owner: the key is no better kept than it (chmod 600)`;
    return {
      warnings: [...(input.open ? [exposed] : []), ...(header.simulated ? [SIMULATED] : [])],
      begin: (blockId) => journal.begin(blockId),
      at: (slots) => emissions.at(slots).catch(named(file)),
      close: () => input.close(),
    };
  } catch (error) {
    input.close();
    throw error;
  }
}

function named(file: string): (error: unknown) => never {
  return (error) => {
    if (!(error instanceof DistillError)) throw error;
    throw new DistillError(error.code, `${file}: ${error.message}`, { cause: error });
  };
}
