import type { Api } from '../api.ts';
import type { GateRefusal } from './gate.tsx';
import { passkeyRefusal } from './passkey.ts';

/**
 * One answer of a passkey to the desk: its options are asked for at `PATH/options`, the browser and the person do their part,
 * and the answer goes to `PATH`, each with `body`. Null when the desk took it.
 */
export async function ceremony(
  api: Api,
  path: string,
  body: object,
  answer: (options: unknown) => Promise<unknown>,
): Promise<GateRefusal | null> {
  const options = await api.post(`${path}/options`, body);
  if (!options.ok) return { said: options.error };
  let credential: unknown;
  try {
    credential = await answer(options.body);
  } catch (error) {
    return { passkey: passkeyRefusal(error) };
  }
  const taken = await api.post(path, { ...body, credential });
  return taken.ok ? null : { said: taken.error };
}
