/** The way in when all operators of a desk have lost their devices: for whoever runs the machine of its site. */
import { loadConfiguration, loadMission, siteConfiguration } from '../configuration.ts';
import { type Link, SignIn } from './sign-in/index.ts';
import { DeskStore } from './store/index.ts';

/**
 * Makes an enrolment link for one more person with every role, straight in the desk's store. `configurationFile` is the
 * site's own (`SITE.config.json`). The site must not be running: else NodeError `desk/busy`. Rejects as the start of a desk does; what is kept stays as it was.
 */
export async function newOperatorLink(configurationFile: string): Promise<Link> {
  const { nodeId, desk, scenario } = loadConfiguration(configurationFile, siteConfiguration);
  const name = loadMission(scenario).live.sites.find(({ id }) => id === nodeId)?.name ?? nodeId;
  const store = await DeskStore.open({ folder: desk.folder, witness: desk.witness, now: Date.now });
  try {
    const { restored } = store;
    const origin = `http://localhost:${desk.port}`;
    const signIn = await SignIn.open({ origin, name, state: store, restored, now: Date.now });
    return await signIn.newOperator(name);
  } finally {
    await store.close();
  }
}
