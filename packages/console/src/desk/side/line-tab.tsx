import type { DeskReserve, DeskSafety, DeskState, LineLevel } from '@skykey/telemetry';
import { Amount } from '../../figures.tsx';
import { bits, count, duration } from '../../format.ts';
import { Icon } from '../../marks.tsx';
import { RaiseAlarm } from '../alarm/raise-alarm.tsx';
import type { Command } from '../api.ts';
import { LevelMark } from '../line/level.tsx';
import { lasting, speech } from '../line/reserve.ts';
import { words } from '../words.ts';
import { SafetyPhrase } from './phrase.tsx';

const LEVELS: readonly LineLevel[] = ['green', 'amber', 'red', 'black'];
const INPUTS = ['qkd', 'kem', 'ecdh', 'courier'] as const;

/** The line: the phrase to read aloud, what is in reserve, what protects the words, and the way to shut it. */
export function LineTab({ desk, command }: { readonly desk: DeskState; readonly command: Command }) {
  return (
    <>
      <SafetyPhrase phrase={desk.safety.phrase} peerName={desk.peerName} />
      <Reserve reserve={desk.reserve} />
      <Protection safety={desk.safety} nowUtcMs={desk.utcMs} />
      <section className="side-part">
        <details className="disclosure">
          <summary>{words.level.legend}</summary>
          <dl className="legend">
            {LEVELS.map((level) => (
              <div key={level} data-level={level}>
                <dt>
                  <LevelMark level={level} />
                  {words.level.word[level]}
                </dt>
                <dd>{words.level.meaning[level]}</dd>
              </div>
            ))}
          </dl>
        </details>
        {desk.line.level !== 'black' && <RaiseAlarm peerName={desk.peerName} command={command} />}
      </section>
    </>
  );
}

function Reserve({ reserve }: { readonly reserve: DeskReserve }) {
  return (
    <section className="side-part">
      <h2>{words.reserve.title}</h2>
      <dl className="pairs">
        <dt>{words.reserve.speech}</dt>
        <dd>
          <Amount of={speech(reserve.speechMinutes)} />
        </dd>
        <dt>{words.reserve.padSpeech}</dt>
        <dd>
          <Amount of={speech(reserve.padSpeechMinutes)} />
        </dd>
        <dt>{words.reserve.messages}</dt>
        <dd>
          <Amount of={{ value: count(reserve.padMessages), unit: '' }} />
        </dd>
        <dt>{words.reserve.key}</dt>
        <dd data-testid="key-left" data-bits={reserve.keyBits}>
          <Amount of={bits(reserve.keyBits)} />
        </dd>
        <dt>{words.reserve.lasts}</dt>
        <dd>
          <Amount of={lasting(reserve.hours)} />
        </dd>
      </dl>
      <p className="side-note">{words.reserve.lead}</p>
    </section>
  );
}

function Protection({ safety, nowUtcMs }: { readonly safety: DeskSafety; readonly nowUtcMs: number }) {
  return (
    <section className="side-part">
      <h2>{words.protection.title}</h2>
      <p className="side-note">{words.protection.lead}</p>
      <ul className="inputs">
        {INPUTS.map((input) => {
          const present = safety.inputs[input];
          return (
            <li key={input} data-present={present} data-testid={`input-${input}`}>
              <Icon name={present ? 'check' : 'cross'} />
              <p>
                <strong>{words.protection.input[input]}</strong>{' '}
                <span className={present ? 'visually-hidden' : 'input-absent'}>
                  {present ? words.protection.present : words.protection.absent}
                </span>
                <span className="input-meaning">{words.protection.inputMeaning[input]}</span>
              </p>
            </li>
          );
        })}
      </ul>
      <dl className="pairs">
        <dt>{words.protection.renewed}</dt>
        <dd data-testid="renewed">
          {safety.renewedUtcMs === null
            ? words.protection.never
            : words.protection.ago(duration(nowUtcMs - safety.renewedUtcMs))}
        </dd>
        {safety.provenance.length > 0 && (
          <>
            <dt>{words.protection.provenance}</dt>
            <dd dir="auto">{safety.provenance.join(', ')}</dd>
          </>
        )}
      </dl>
      {safety.qkdKeyIds.length > 0 && (
        <details className="disclosure">
          <summary>{words.protection.keyIds(safety.qkdKeyIds.length)}</summary>
          <ul className="key-ids">
            {safety.qkdKeyIds.map((id) => (
              <li key={id}>
                <code dir="ltr">{id}</code>
              </li>
            ))}
          </ul>
        </details>
      )}
      <p className="side-note">
        {words.protection.trusted} {words.protection.simulated}
      </p>
    </section>
  );
}
