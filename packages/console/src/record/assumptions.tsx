import type { ParameterState } from '@skykey/telemetry';
import { memo } from 'react';
import { count } from '../format.ts';
import type { Observed } from '../observed.ts';
import { type Store, useStore } from '../store.ts';
import { words } from '../words.ts';

/** Every parameter of the scenario with where it comes from. */
export function Assumptions({ store }: { readonly store: Store<Observed> }) {
  const { sky } = useStore(store);
  if (sky === null || sky.parameters.length === 0) return null;
  return <ParameterTable parameters={sky.parameters} />;
}

const ParameterTable = memo(({ parameters }: { readonly parameters: readonly ParameterState[] }) => {
  const published = parameters.filter(({ basis }) => basis === 'published').length;
  return (
    <details className="disclosure assumptions">
      <summary>
        <span className="assumptions-title">{words.assumptions.title}</span>{' '}
        {words.assumptions.summary(count(parameters.length), count(published), count(parameters.length - published))}
      </summary>
      <section
        className="table-scroll"
        aria-label={words.assumptions.table}
        // biome-ignore lint/a11y/noNoninteractiveTabindex: a scrollable region must be reachable by keyboard
        tabIndex={0}
      >
        <table className="table">
          <thead>
            <tr>
              <th scope="col">{words.assumptions.parameter}</th>
              <th scope="col">{words.assumptions.value}</th>
              <th scope="col">{words.assumptions.basis}</th>
              <th scope="col">{words.assumptions.source}</th>
            </tr>
          </thead>
          <tbody>
            {parameters.map((parameter) => (
              <tr key={parameter.path}>
                <th scope="row">
                  <code>{parameter.path}</code>
                </th>
                <td className="assumptions-value">{parameter.value}</td>
                <td>
                  <span className="basis" data-basis={parameter.basis}>
                    {words.assumptions[parameter.basis]}
                  </span>
                </td>
                <td>{parameter.source}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </section>
    </details>
  );
});
