import type { Sealing } from '@skykey/telemetry';
import { Icon } from '../../marks.tsx';
import { words } from '../words.ts';

const SEALINGS: readonly Sealing[] = ['sealed', 'hybrid'];

/** How the next text is sealed. Only a person changes it: not the state of the line, and not this page. */
export function SealingSwitch({
  sealing,
  onChoose,
}: {
  readonly sealing: Sealing;
  readonly onChoose: (sealing: Sealing) => void;
}) {
  return (
    <fieldset className="segments sealing-switch" aria-label={words.composer.sealing}>
      {SEALINGS.map((choice) => (
        <button
          key={choice}
          type="button"
          className="segment"
          aria-pressed={sealing === choice}
          title={words.composer.sealingMeaning[choice]}
          data-testid={`sealing-${choice}`}
          onClick={() => onChoose(choice)}
        >
          <Icon name={choice === 'sealed' ? 'lock' : 'key'} />
          {words.composer.sealingName[choice]}
        </button>
      ))}
    </fieldset>
  );
}
