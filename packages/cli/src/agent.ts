/** `skykey agent wireguard` and `skykey agent ipsec`. */
import { onEnd } from '@skykey/node';
import { type AgentOptions, runAgent } from './agent/agent.ts';
import { loadAgent } from './agent/configuration.ts';
import { Ipsec } from './agent/ipsec.ts';
import { reportTo } from './agent/report.ts';
import { Wireguard } from './agent/wireguard.ts';

interface AgentCommand {
  readonly config: string;
  readonly once?: boolean;
  readonly json?: boolean;
}

export async function agentWireguard(options: AgentCommand): Promise<void> {
  const configuration = loadAgent('wireguard', options.config);
  await run(options, { configuration, tunnel: new Wireguard(configuration.wireguard) });
}

export async function agentIpsec(options: AgentCommand): Promise<void> {
  const configuration = loadAgent('ipsec', options.config);
  await run(options, { configuration, tunnel: new Ipsec(configuration.ipsec) });
}

async function run(
  { once = false, json = false }: AgentCommand,
  agent: Pick<AgentOptions, 'configuration' | 'tunnel'>,
): Promise<void> {
  const ending = new AbortController();
  const running = runAgent({ ...agent, once, report: reportTo(process.stdout, { json }), signal: ending.signal });
  onEnd(
    async () => {
      ending.abort();
      await running.catch(() => undefined);
    },
    { followParent: false },
  );
  await running;
}
