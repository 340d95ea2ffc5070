import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import { performance } from 'node:perf_hooks';
import { loadConfiguration, loadMission, type SkyConfiguration, skyConfiguration } from '../configuration.ts';
import { NodeError } from '../error.ts';
import { createLog } from '../process.ts';
import { DeviceServer } from '../wire/devices.ts';
import { EventHub } from '../wire/events.ts';
import { listenLocally, localServer, portError } from '../wire/http.ts';
import { MAX_SPEED } from './clock.ts';
import { Sky, type SkyMemory } from './sky.ts';

const TICK_MS = 100;
const PUBLISH_MS = 250;
const REMEMBER_MS = 1000;

/** The process that plays physics: clock, orbit, light and detectors; serves the devices and the console's switches. */
export async function runSky(configurationFile: string): Promise<{ stop: () => Promise<void> }> {
  const configuration = loadConfiguration(configurationFile, skyConfiguration);
  const mission = loadMission(configuration.scenario);
  const log = createLog('sky');
  const sky: Sky = new Sky({
    mission,
    memory: readMemory(configuration),
    devices: () => devices,
    remember: (memory) => writeMemory(configuration, memory),
  });
  const devices: DeviceServer = new DeviceServer(new Map(Object.entries(configuration.tokens)), sky);
  await devices.listen(configuration.devicePort).catch((error) => {
    throw portError(error, configuration.devicePort, 'the devices');
  });
  const hub = new EventHub();
  const publish = (): void => {
    // The hub tells a schedule only when it has changed.
    hub.publish('schedule', sky.schedule());
    hub.publish('sky', sky.moment());
  };
  const server = localServer();
  server.get('/api/events', (_request, reply) => hub.attach(reply));
  server.post<{ Body: Record<string, unknown> }>('/api/sky/clock', async (request) => {
    steer(sky, request.body ?? {});
    publish();
    return sky.clock.state();
  });
  server.post<{ Body: Record<string, unknown> }>('/api/sky/tap', async (request) => {
    const { linkId, on, fraction } = request.body ?? {};
    if (typeof linkId !== 'string' || typeof on !== 'boolean' || typeof (fraction ?? 1) !== 'number') {
      throw new NodeError(
        'sky/request',
        'a tap needs linkId (text), on (true or false) and fraction (a number, 1 if left out)',
      );
    }
    sky.tap(linkId, on, (fraction as number | undefined) ?? 1);
    log.info({ linkId, on, fraction }, 'tap switched');
    publish();
    return sky.moment().taps;
  });
  await listenLocally(server, configuration.operationsPort, 'the sky');
  log.info({ scenario: mission.id, seed: sky.seed }, 'the sky is up');

  // Mission time waits until everyone who must see the first pass is there.
  const needed = [`transmitter ${mission.satellite.id}`, ...mission.stations.map(({ id }) => `receiver ${id}`)];
  let ready = false;
  void devices.connected(needed).then(() => {
    ready = true;
  });
  let stopped = false;
  let lastTick = performance.now();
  let lastPublished = 0;
  let lastRemembered = 0;
  const loop = async (): Promise<void> => {
    while (!stopped) {
      const now = performance.now();
      const elapsedMs = Math.min(now - lastTick, 4 * TICK_MS);
      lastTick = now;
      if (ready && needed.every((name) => devices.has(name))) await sky.tick(elapsedMs, () => performance.now());
      if (now - lastPublished >= PUBLISH_MS) {
        publish();
        lastPublished = now;
      }
      if (now - lastRemembered >= REMEMBER_MS) {
        writeMemory(configuration, sky.memory());
        lastRemembered = now;
      }
      await new Promise((resolve) => setTimeout(resolve, Math.max(1, TICK_MS - (performance.now() - now))));
    }
  };
  // A rejection ends the process, with its sentence: a sky that cannot remember its time must not go on.
  void loop();
  return {
    async stop() {
      stopped = true;
      writeMemory(configuration, sky.memory());
      hub.close();
      devices.close();
      await server.close();
    },
  };
}

function steer(sky: Sky, body: Record<string, unknown>): void {
  const { paused, mode, speed, skip } = body;
  if (paused !== undefined) {
    if (typeof paused !== 'boolean') throw new NodeError('sky/request', 'paused is true or false');
    sky.clock.pause(paused);
  }
  if (mode !== undefined) {
    if (mode !== 'auto') throw new NodeError('sky/request', 'mode can be set to "auto"; give a speed for a fixed one');
    sky.clock.setSpeed(null);
  }
  if (speed !== undefined) {
    if (typeof speed !== 'number' || !(speed > 0 && speed <= MAX_SPEED)) {
      throw new NodeError('sky/request', `speed is a multiple of real time, above 0 and at most ${MAX_SPEED}`);
    }
    sky.clock.setSpeed(speed);
    sky.clock.pause(false);
  }
  if (skip !== undefined) {
    if (skip !== 'next-pass') throw new NodeError('sky/request', 'skip can be "next-pass"');
    sky.skip();
  }
}

function readMemory(configuration: SkyConfiguration): SkyMemory {
  try {
    const memory = JSON.parse(readFileSync(configuration.memory, 'utf8')) as SkyMemory;
    if (Number.isFinite(memory.utcMs) && Number.isSafeInteger(memory.seed)) return memory;
    throw new Error('it does not hold utcMs and seed');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return { utcMs: 0, seed: configuration.seed };
    throw new NodeError(
      'sky/memory',
      `cannot read where mission time stands, ${configuration.memory}: ${(error as Error).message}; ` +
        'restore the file, or start from an empty data folder (playing the same passes twice would repeat keys)',
    );
  }
}

/** Written beside and renamed over, so that a crash leaves the old or the new, never half. */
function writeMemory(configuration: SkyConfiguration, memory: SkyMemory): void {
  const beside = `${configuration.memory}.new`;
  writeFileSync(beside, JSON.stringify(memory), { mode: 0o600 });
  renameSync(beside, configuration.memory);
}
