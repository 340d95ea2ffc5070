/** Commands that give keys to tunnels. */
import type { Command } from 'commander';
import { agentIpsec, agentWireguard } from '../agent.ts';

export function agents(program: Command): void {
  const agent = program.command('agent').description('rotate the keys of a real tunnel with keys from a key manager');
  agent
    .command('wireguard')
    .description('pre-shared keys of a WireGuard peer')
    .requiredOption('--config <file>', 'its document, as docs/agents.md shows it')
    .option('--once', 'one key, then end; the tunnel stays open')
    .option('--json', 'one JSON document a line')
    .addHelpText('after', '\nExample:\n  skykey agent wireguard --config wg0.json')
    .action(agentWireguard);
  agent
    .command('ipsec')
    .description('post-quantum pre-shared keys (RFC 8784) of a strongSwan connection, through vici')
    .requiredOption('--config <file>', 'its document, as docs/agents.md shows it')
    .option('--once', 'one key, then end; the tunnel stays open')
    .option('--json', 'one JSON document a line')
    .addHelpText('after', '\nExample:\n  skykey agent ipsec --config site-b.json --json')
    .action(agentIpsec);
}
