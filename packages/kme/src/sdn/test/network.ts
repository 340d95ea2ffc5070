import type { ApplicationView, InterfaceView, LinkView, NetworkView, VirtualLinkView } from '../view.ts';

export const interfaceView = (more: Partial<InterfaceView> = {}): InterfaceView => ({
  ...{ number: 1, state: 'enabled', model: 'Skykey simulated receiver', technology: 'DV-QKD', role: 'receiver' },
  ...{ wavelengthNm: 848.6, maxLossDb: 55, device: 'telescope', port: 1 },
  ...more,
});

export const linkView = (more: Partial<LinkView> = {}): LinkView => ({
  ...{ id: 'micius-beijing', remote: 'micius', state: 'active', enabled: true, interface: 1, remoteInterface: 7 },
  ...{ keyRateBps: 1200.4, effectiveRateBps: 1000, consumptionBps: 300, lossDb: 32.1234, wavelengthNm: 848.6 },
  ...{ role: 'receiver', qber: 0.0123, snrDb: 18.5 },
  ...more,
});

export const virtualView = (more: Partial<VirtualLinkView> = {}): VirtualLinkView => ({
  ...{ id: 'beijing-moscow', remote: 'moscow', state: 'passive', nextHops: ['micius'], bandwidthBps: 500 },
  ...{ keyRateBps: 0, effectiveRateBps: 40, consumptionBps: 20 },
  ...more,
});

export const applicationView = (more: Partial<ApplicationView> = {}): ApplicationView => ({
  ...{ id: 'desks', kind: 'client', state: 'on', server: 'desk-beijing', clients: ['urn:sae:desk-moscow'] },
  ...{
    remote: 'moscow',
    links: ['beijing-moscow'],
    priority: 3,
    createdAtMs: 1_700_000_000_000,
    expiresAtMs: 1_800_000_000_000,
  },
  ...{ quality: { maxBandwidthBps: 1000, minBandwidthBps: 10, jitterMs: 5, ttlS: 3600 } },
  ...{ statistics: [{ fromMs: 1_700_000_000_000, toMs: 1_700_000_060_000, consumedBits: 8192 }] },
  ...more,
});

export const networkView = (more: Partial<NetworkView> = {}): NetworkView => ({
  ...{ node: { id: 'beijing', state: 'operating', version: '0.1.0', location: 'Beijing' } },
  ...{
    interfaces: [interfaceView()],
    links: [linkView()],
    virtualLinks: [virtualView()],
    applications: [applicationView()],
  },
  ...more,
});
