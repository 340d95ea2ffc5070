import { Icon } from '../marks.tsx';
import { words } from '../words.ts';

/** In the order of the protocol. */
export const STAGES = ['detect', 'sift', 'estimate', 'reconcile', 'verify', 'amplify', 'authenticate'] as const;
export type StageName = (typeof STAGES)[number];

/** Number of the stage from 1; 0 for a stage that is none of these. */
export function stageNumber(stage: string | null): number {
  return STAGES.indexOf(stage as StageName) + 1;
}

/** Where the distillation stands. `finished` shows all steps done: the last session of a link at rest. */
export function Stepper({ stage, finished }: { readonly stage: string | null; readonly finished: boolean }) {
  const current = stageNumber(stage);
  return (
    <ol className="stepper" aria-label={words.link.stages}>
      {STAGES.map((name, index) => {
        const state = finished || index + 1 < current ? 'done' : index + 1 === current ? 'now' : 'ahead';
        const spoken = { done: words.link.stageDone, now: words.link.stageNow, ahead: words.link.stageAhead }[state];
        return (
          <li
            key={name}
            data-stage={name}
            data-state={state}
            aria-current={state === 'now' ? 'step' : undefined}
            title={words.link.stageMeaning[name]}
          >
            {index > 0 && <span className="step-line" aria-hidden="true" />}
            <span className="step-mark">{state === 'done' ? <Icon name="check" /> : index + 1}</span>
            <span className="step-name">{words.link.stage[name]}</span>
            <span className="visually-hidden">, {spoken}</span>
          </li>
        );
      })}
    </ol>
  );
}
