/** What `skykey distill` tells people. */
import type { DistillDocument } from './party.ts';

const count = (n: number): string => n.toLocaleString('en');
const percent = (q: number): string => `${(q * 100).toFixed(2)} %`;

export function reportOf(document: DistillDocument): string {
  const { role, sessionId, linkId, report, line, authentication, timing } = document;
  const lines = [`${role}, session ${sessionId} on ${linkId}`];
  if (report) {
    const { reconciliation: ec } = report;
    lines.push(
      `  pulses                 ${count(report.pulses)}`,
      `  detections             ${count(report.detections)}, ${count(report.monitored)} of them spent on the monitor`,
      `  sifted signal          ${count(report.siftedSignal)}  (error rate ${percent(report.qberSignal)})`,
      `  ${ec.method.padEnd(22)} ${count(ec.leakedBits)} bits disclosed, efficiency ${ec.efficiency.toFixed(3)}, ${ec.roundTrips} round trip${ec.roundTrips === 1 ? '' : 's'}`,
    );
    if (report.acquisitions) {
      lines.push(
        `  slots found            by ${count(report.acquisitions)} claim${report.acquisitions === 1 ? '' : 's'}, which took ${count(report.spentSlots)} slots`,
      );
    }
  }
  lines.push(
    `  line                   ${count(line.messagesSent)} messages sent (${count(line.bitsSent)} bits), ${count(line.messagesReceived)} received (${count(line.bitsReceived)} bits), ${count(line.roundTrips)} round trips${line.connections > 1 ? `, ${line.connections} connections` : ''}`,
    `  authentication         ${authentication.padsTouched.length * 128} bits spent, pads for ${Math.floor(authentication.padsLeft / 3)} more sessions`,
    `  time                   ${timing.wallS.toFixed(2)} s, of these ${timing.waitingS.toFixed(2)} s waiting for the other party; ${timing.cpuS.toFixed(2)} s of processor`,
  );
  if (report && document.files) {
    lines.push(
      `  secret key             ${count(document.secretBits)} bits  (${report.proof}, secrecy ${report.epsSec}, correctness ${report.epsCor}; with authentication ${report.composed.toExponential(2)} in all)`,
      `                         ${document.files.key}`,
    );
    if (!report.rigorous) lines.push(`  proof                  ${report.proofGaps[0]}`);
  }
  lines.push(`  verdict                ${document.verdict}${document.reason ? `: ${document.reason}` : ''}`);
  for (const alarm of report?.alarms ?? []) lines.push(`  ${`${alarm.severity} alarm`.padEnd(22)} ${alarm.message}`);
  for (const { blockId, outcome } of document.settled) lines.push(`  settled                ${blockId}: ${outcome}`);
  return `${lines.join('\n')}\n`;
}
