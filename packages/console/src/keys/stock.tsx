import type { SiteState } from '@skykey/telemetry';
import { Amount, Figure } from '../figures.tsx';
import { bits, count, spell } from '../format.ts';
import { words } from '../words.ts';

/** The key store of one site: what is there, for whom, and what became of the rest. Amounts only, never a key. */
export function Stock({ site }: { readonly site: SiteState }) {
  const { stock } = site;
  const { linkBits, sendBits, receiveBits } = stock;
  const all = linkBits + sendBits + receiveBits;
  const titleId = `stock-${site.nodeId}`;
  const width = (part: number) => ({ inlineSize: `${all > 0 ? (part / all) * 100 : 0}%` });
  return (
    <section className="panel stock" aria-labelledby={titleId} data-testid={`stock-${site.link.linkId}`}>
      <header className="panel-head">
        <h3 id={titleId}>{words.keys.stock(site.name)}</h3>
      </header>
      <div
        className="stock-bar"
        role="img"
        dir="ltr"
        aria-label={words.keys.bar(spell(bits(sendBits)), spell(bits(receiveBits)), spell(bits(linkBits)))}
      >
        {sendBits > 0 && <span data-part="send" style={width(sendBits)} />}
        {receiveBits > 0 && <span data-part="receive" style={width(receiveBits)} />}
        {linkBits > 0 && <span data-part="link" style={width(linkBits)} />}
      </div>
      {all === 0 && <p className="empty">{words.keys.empty}</p>}
      <dl className="stock-list">
        <StockLine part="send" name={words.keys.deliverable} amount={sendBits} testId="stock-send" />
        <StockLine part="receive" name={words.keys.peerHalf} amount={receiveBits} testId="stock-receive" />
        <StockLine part="link" name={words.keys.linkKey} amount={linkBits} testId="stock-link" />
      </dl>
      <dl className="figures">
        <Figure name={words.keys.delivered} testId="stock-delivered">
          <Amount of={{ value: count(stock.deliveredKeys), unit: '' }} />
        </Figure>
        <Figure name={words.keys.voided} testId="stock-voided">
          <Amount of={{ value: count(stock.voidedKeys), unit: '' }} />
        </Figure>
        <Figure name={words.keys.poisoned} testId="stock-poisoned">
          <span data-tone={stock.poisonedBits > 0 ? 'bad' : undefined}>
            <Amount of={bits(stock.poisonedBits)} />
          </span>
        </Figure>
      </dl>
      <p className="stock-interface">
        {words.keys.interface}: <code>{site.kmeId}</code> <code>{site.kmeUrl}</code>
      </p>
    </section>
  );
}

function StockLine({
  part,
  name,
  amount,
  testId,
}: {
  readonly part: 'send' | 'receive' | 'link';
  readonly name: string;
  readonly amount: number;
  readonly testId: string;
}) {
  return (
    <div className="stock-line" data-part={part}>
      <dt>{name}</dt>
      <dd data-testid={testId} data-bits={amount}>
        <Amount of={bits(amount)} />
      </dd>
    </div>
  );
}
