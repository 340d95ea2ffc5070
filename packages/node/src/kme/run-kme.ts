/** `skykey kme`: the process of a key manager, from its configuration file. */

import { hostname } from 'node:os';
import type { Vault } from '@skykey/vault';
import type { Logger } from 'pino';
import { collectDefaultMetrics } from 'prom-client';
import { NodeError } from '../error.ts';
import { createLog } from '../process.ts';
import { type KmeConfiguration, loadKmeConfiguration } from './configuration.ts';
import { loadContacts } from './contacts-file.ts';
import { COURIER_PROOF, takeCourier } from './courier.ts';
import { messageOf } from './doors.ts';
import { KmeMetrics } from './metrics.ts';
import { loadNetwork, type NetworkFile } from './network-file.ts';
import { openVault } from './open-vault.ts';
import { type RunningKme, startKme } from './start-kme.ts';

/** Throws NodeError, KmeError or VaultError: one sentence with file, field and remedy; what is on the disk stays as it was. */
export async function runKme(file: string): Promise<RunningKme> {
  const configuration = loadKmeConfiguration(file);
  const { kmeId, vault: place, listen } = configuration;
  // Standard output is for what a program reads.
  const log = createLog(kmeId, 'stderr');
  const network = loadNetwork(configuration.network);
  checkPlace(file, configuration, network);
  const loadPlan = () =>
    configuration.contacts === undefined ? undefined : loadContacts(configuration.contacts, network.topology);
  let plan = loadPlan();
  const processId =
    configuration.processId ?? (place.kind === 'sqlite' ? kmeId : `${kmeId}@${hostname()}:${listen.etsi014}`);
  const metrics = new KmeMetrics();
  // Memory, processor time, pauses: one process, one key manager.
  collectDefaultMetrics({ register: metrics.registry });
  const vault = await openVault(configuration, processId, {
    onTransaction: () => metrics.transaction(),
    onCommit: () => metrics.commit(),
  });
  try {
    const running = await startKme({
      ...{ kmeId, network, vault, metrics, log, processId, shared: place.kind === 'postgres' },
      ...{ policyFile: configuration.policy, listen, tls: configuration.tls, staleList: configuration.staleList },
      ...{ identity: configuration.identity, skip: configuration.skip, etsi020: configuration.etsi020 },
      ...(configuration.limits && { limits: defined(configuration.limits) }),
      keyTtlMs: configuration.keyTtlS * 1000,
      contacts: () => plan,
      takeIn: () => takeCouriers(configuration, network, vault, log),
    });
    log.info({ ports: running.ports }, 'the key manager answers');
    return {
      kme: running.kme,
      ports: running.ports,
      reload: async () => {
        const refused = await running.reload();
        try {
          plan = loadPlan();
        } catch (error) {
          refused.push(messageOf(error));
          log.error({ reason: messageOf(error) }, 'the contacts were refused; the old stay in force');
        }
        return refused;
      },
      stop: async () => {
        await running.stop();
        try {
          await vault.close();
          log.info('ended; the vault is closed');
        } catch (error) {
          log.error(
            { reason: messageOf(error) },
            'ended; the log of the vault could not be put away, which the next start does',
          );
        }
      },
    };
  } catch (error) {
    // Why it does not start is what matters.
    await vault.close().catch(() => undefined);
    throw error;
  }
}

function checkPlace(file: string, { kmeId, siteId, couriers }: KmeConfiguration, { kmes }: NetworkFile): void {
  const refuse = (problem: string): NodeError => new NodeError('node/configuration', `${file}: ${problem}`);
  const own = kmes.find((kme) => kme.kmeId === kmeId);
  if (!own) throw refuse(`kmeId is ${kmeId}, which is not in the network file: list it in its "kmes"`);
  if (own.siteId !== siteId)
    throw refuse(`siteId is ${siteId}, and the network file has ${kmeId} at ${own.siteId}: make both alike`);
  for (const { peer } of couriers) {
    const other = kmes.find((kme) => kme.kmeId === peer);
    if (!other || other === own)
      throw refuse(`couriers names the peer ${peer}: give the kmeId of another KME of the network file`);
  }
}

/** Throws NodeError when a file is no key, or its key would have nowhere to be used. */
async function takeCouriers(
  { couriers, siteId }: KmeConfiguration,
  { kmes, topology }: NetworkFile,
  vault: Vault,
  log: Logger,
): Promise<void> {
  for (const { peer, file } of couriers) {
    const other = kmes.find(({ kmeId }) => kmeId === peer)!.siteId;
    const link = topology.links.find(
      ({ ends, proof }) => proof === COURIER_PROOF && ends.includes(siteId) && ends.includes(other),
    );
    if (!link) {
      throw new NodeError(
        'node/courier',
        `the network file has no link of ${siteId} and ${other} with the proof "${COURIER_PROOF}": list one, so that alarms and policies can name the key in ${file}`,
      );
    }
    const jurisdictions = topology.jurisdictions([siteId, other]);
    const id = await takeCourier({
      vault,
      self: siteId,
      peer: other,
      file,
      link: link.id,
      jurisdictions,
      nowMs: Date.now(),
    });
    if (id !== null) log.info({ peer, courier: id }, 'took a couriered key in; its file is overwritten and gone');
  }
}

type Given<T> = { [K in keyof T]: Exclude<T[K], undefined> };

const defined = <T extends object>(members: T): Partial<Given<T>> =>
  Object.fromEntries(Object.entries(members).filter(([, value]) => value !== undefined)) as Partial<Given<T>>;
