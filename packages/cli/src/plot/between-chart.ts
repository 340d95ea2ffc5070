/** The budget between two satellites along time: its terms one on the other, range and height over the Earth below. */
import type { Scenario } from '@skykey/scenario';
import type { BetweenSubject } from '../budget/between.ts';
import type { Inputs } from '../budget/document.ts';
import { stretch } from '../interval.ts';
import { VERSION } from '../version.ts';
import { hiddenIn, linesPanel, lossPanel, SEEN_DB } from './budget-panels.ts';
import { sheetOf } from './sheet.ts';

export function betweenChart(scenario: Scenario, subject: BetweenSubject, inputs: Inputs): string {
  const { link, rows, run } = subject;
  const window = subject.window!;
  const hidden = hiddenIn(rows);
  return sheetOf({
    title: `Link budget, ${link.from.name} to ${link.to.name}`,
    subtitle: `${scenario.title}. ${stretch(window.startMs, window.endMs)}, ${link.optics.wavelengthNm} nm`,
    panels: [
      lossPanel(window, rows, 300),
      linesPanel(window, 'Range, km', [{ name: 'range', rows }], ({ rangeKm }) => rangeKm, 'km', false),
      linesPanel(
        window,
        'Height of the line of sight over the Earth, km',
        [{ name: 'lowest height', rows }],
        ({ grazingHeightKm }) => grazingHeightKm!,
        'km',
        true,
      ),
    ],
    caption:
      'Mean over fading; detector efficiency not included. ' +
      `${hidden.length > 0 ? `Below ${SEEN_DB} dB and not drawn: ${hidden.join(', ')}. ` : ''}` +
      `${inputs.assumed.length} of ${inputs.count} inputs are assumed, the others published with their sources. ` +
      `Time in UTC. Run ${run}, Skykey ${VERSION}.`,
  });
}
