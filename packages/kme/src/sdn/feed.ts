import type { SdnEvents } from './events.ts';
import { type SdnNode, sdnNode, uuidOf } from './model.ts';
import { type ChangeOptions, changes, type Notification } from './notification.ts';
import type { NetworkView } from './view.ts';

/** A network as it is seen again and again: the model as it is now, and to every listener what changed. */
export class SdnFeed {
  readonly #events: SdnEvents;
  readonly #options: ChangeOptions;
  /** As controllers were told: figures that moved too little to be told stay what they were, so that no drift hides. */
  #told: NetworkView;
  #node: SdnNode;

  /** Throws KmeError `kme/argument`, as `sdnNode` does. */
  constructor(events: SdnEvents, first: NetworkView, options: ChangeOptions = {}) {
    this.#events = events;
    this.#options = options;
    this.#told = first;
    this.#node = sdnNode(first);
  }

  get node(): SdnNode {
    return this.#node;
  }

  /** Publishes what changed, and returns it. Throws KmeError `kme/argument`; then nothing was taken over. */
  observe(view: NetworkView): Notification[] {
    const node = sdnNode(view);
    const news = changes(this.#told, view, this.#options);
    const performed = new Set(
      news.flatMap(({ name, content }) =>
        name === 'sdqkdn_link_perf_update' || name === 'sdqkdn_link_overloaded' ? [content.qkd_link.qkdl_id] : [],
      ),
    );
    const keep = <Link extends NetworkView['links'][number] | NetworkView['virtualLinks'][number]>(
      links: readonly Link[],
      told: readonly Link[],
    ): Link[] =>
      links.map((link) => {
        const old = told.find(({ id }) => id === link.id);
        if (!old || performed.has(uuidOf('link', link.id))) return link;
        const { keyRateBps, effectiveRateBps, consumptionBps } = old;
        const measured = 'qber' in old || 'snrDb' in old ? { qber: old.qber, snrDb: old.snrDb } : {};
        return { ...link, keyRateBps, effectiveRateBps, consumptionBps, ...measured };
      });
    this.#told = {
      ...view,
      links: keep(view.links, this.#told.links),
      virtualLinks: keep(view.virtualLinks, this.#told.virtualLinks),
    };
    this.#node = node;
    this.#events.publish(news);
    return news;
  }
}
