/** A JSON document out of a file, or out of standard input. */
import { CliError } from '../error.ts';
import { readText } from '../file.ts';

/** `-` is standard input. Throws CliError `cli/file`. */
export async function readDocument(option: string, file: string): Promise<unknown> {
  const text = file === '-' ? await standardInput() : readText(option, file);
  const name = file === '-' ? `${option} - (standard input)` : `${option} ${file}`;
  try {
    return JSON.parse(text);
  } catch (error) {
    const reason = text.trim() === '' ? 'it is empty' : (error as Error).message;
    throw new CliError('cli/file', `${name} is not a JSON document: ${reason}`, { cause: error });
  }
}

async function standardInput(): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of process.stdin) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString('utf8');
}
