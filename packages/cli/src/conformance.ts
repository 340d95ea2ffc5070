import { type CommandOptions, conformance as conduct } from '@skykey/conformance';

/** `skykey conformance`: a face of `@skykey/conformance`, which outsiders run without Skykey. */
export async function conformance(options: CommandOptions): Promise<void> {
  process.exitCode = await conduct(options);
}
