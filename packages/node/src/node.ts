import { readFileSync } from 'node:fs';
import { loadConfiguration, satelliteConfiguration, siteConfiguration } from './configuration.ts';
import { NodeError } from './error.ts';
import { runSatellite } from './satellite/satellite.ts';
import { runSite, type SiteOptions } from './site/site.ts';

/** Runs the process that a configuration file describes. Throws a sentence when it cannot. */
export async function runNode(
  configurationFile: string,
  options: SiteOptions = {},
): Promise<{ stop: () => Promise<void> }> {
  let kind: unknown;
  try {
    kind = (JSON.parse(readFileSync(configurationFile, 'utf8')) as { kind?: unknown }).kind;
  } catch (error) {
    throw new NodeError(
      'node/configuration',
      `cannot read the configuration ${configurationFile}: ${(error as Error).message}`,
    );
  }
  if (kind === 'satellite') return runSatellite(loadConfiguration(configurationFile, satelliteConfiguration));
  if (kind === 'site') return runSite(loadConfiguration(configurationFile, siteConfiguration), options);
  throw new NodeError(
    'node/configuration',
    `${configurationFile}: kind is ${JSON.stringify(kind)}; it must be "satellite" or "site"`,
  );
}
