/** What was found of a conversation in the memory of its desks, for people. */
import { MEMORY_KINDS, type MemoryFinding, type MemoryKind, type MemoryOutcome } from './memory-trial.ts';

const WORDS: Readonly<Record<MemoryKind, string>> = {
  'hybrid text': 'words, under renewed keys',
  'sealed text': 'words, by one-time pad',
  'one-time pad': 'keys of one-time pads, as the key manager gave them',
  'key of the line': 'quantum keys of agreements, as the key manager gave them',
  'key of the call': 'base keys of a call, as the page got them',
  secret: 'every secret that the process said it had overwritten',
};

/** Over both sites: how many were looked for, and what was found. */
export function memoryTotals(findings: readonly MemoryFinding[], kind: MemoryKind) {
  const own = findings.filter((finding) => finding.kind === kind);
  const sum = (of: (finding: MemoryFinding) => number): number => own.reduce((total, each) => total + of(each), 0);
  const looked = own.some(({ during }) => during !== null);
  return {
    canaries: sum(({ canaries }) => canaries),
    during: looked ? sum(({ during }) => during ?? 0) : null,
    after: sum(({ after }) => after),
  };
}

export function reportMemory({ texts, bytes, renewals, findings }: MemoryOutcome): string {
  const mega = (count: number): string => (count / 1e6).toFixed(0);
  const lines = [
    '# What is left of a conversation in memory',
    '',
    `Two desks, each in a process of its own as a site starts it; ${texts} texts in both directions, half of them by one-time pad, a call, ${renewals} renewals of keys. Then the days of the texts ended by policy, the keys of the line were renewed, and it was quiet for a while. All memory that either process had ever written (${mega(bytes.north)} and ${mega(bytes.south)} MB) was looked through: for 8 bytes in a row of a text (UTF-8, UTF-16) or a key, and for their hexadecimal and base64 digits. The desks' key manager was the trial itself; what a real one leaves is looked for by its own test.`,
    '',
    '| what | canaries, both sites | found during the conversation | found afterwards |',
    '| --- | ---: | ---: | ---: |',
  ];
  for (const kind of MEMORY_KINDS) {
    const { canaries, during, after } = memoryTotals(findings, kind);
    lines.push(`| ${WORDS[kind]} | ${canaries} | ${during ?? 'not looked for'} | ${after} |`);
  }
  const secrets = findings.filter(({ kind, after }) => kind === 'secret' && after > 0);
  if (secrets.length > 0) {
    lines.push('', 'Secrets that were found, by the file that made them:', '');
    lines.push('| site | file | overwritten | found |', '| --- | --- | ---: | ---: |');
    for (const { site, of, canaries, after } of secrets) lines.push(`| ${site} | ${of} | ${canaries} | ${after} |`);
  }
  const left = findings.reduce((sum, { after }) => sum + after, 0);
  lines.push('', left === 0 ? '**Nothing was found.**' : `**Found: a piece of ${left} canaries.**`, '');
  return lines.join('\n');
}
