/** The report of a run of hostile input, for people: Markdown. */
import type { HostileOutcome } from './hostile-trial.ts';

const mebibytes = (bytes: number): string => `${(bytes / 2 ** 20).toFixed(0)} MiB`;

export function reportHostile(outcome: HostileOutcome, seed: number): string {
  const { targets, besiegers, violations } = outcome;
  const inputs = targets.reduce((sum, target) => sum + target.inputs, 0);
  const rows = targets.map(({ name, inputs: count, reactions }) => {
    const told = Object.entries(reactions)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([reaction, times]) => `${times} ${reaction}`);
    return `| ${name} | ${count} | ${told.join(', ')} |`;
  });
  return `# Hostile input on every interface of a key manager

\`skykey study kme-hostile\`, seed ${seed}. The process \`skykey kme\` (SQLite) has all its doors open: ETSI GS QKD 014, 004 and 020, SKIP with
certificates and with pre-shared keys, the line of other key managers, the operations on loopback. At each one bytes are thrown that
are noise, half of TLS, HTTP that two readers could take for two things, or whole requests and frames that are right but for a
little; with the certificate of an application, of a key manager, or of a foreign system. Meanwhile, of each kind as many
connections as given stay open and are slow: ${Object.entries(besiegers)
    .map(([name, count]) => `${name} (${count})`)
    .join(', ')}. Beside them an application that nobody attacks gets keys and has them fetched at the other end.

| door | inputs | answers by status (0: an answer that has none; closed: the connection was ended) |
|---|---|---|
${rows.join('\n')}

- Inputs: ${inputs}. Violations (an end of the process, a fault inside, an answer that is none of the interface, no answer and no end within 20 s, an honest application refused): ${violations.length}.
- The honest application got ${outcome.honestKeys} keys at both ends. Its answers took ${outcome.medianMs.toFixed(0)} ms in the median and ${outcome.slowestMs.toFixed(0)} ms at most by the clock of a machine that threw all this itself; the key manager never worked for more than ${outcome.slowestCpuMs.toFixed(0)} ms while it waited (limit 1000 ms).
- Resident memory: ${mebibytes(outcome.startBytes)} after a tenth of the inputs, ${mebibytes(outcome.mostBytes)} at most after that. The vault has ${mebibytes(outcome.vaultBytes)}.
${violations.map((violation) => `\n- ${violation}`).join('')}
`;
}
