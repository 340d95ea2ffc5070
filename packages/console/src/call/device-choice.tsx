import { useEffect, useState } from 'react';
import { canChooseLoudspeaker, type DeviceChoice, type DeviceLists, listDevices } from './devices.ts';
import { callWords } from './words.ts';

const NONE: DeviceLists = { microphones: [], cameras: [], loudspeakers: [] };

/** Which microphone, camera and loudspeaker to use. `opened` changes when a device was opened: then names are known. */
export function Devices({
  choice,
  onChoose,
  opened,
}: {
  readonly choice: DeviceChoice;
  readonly onChoose: (choice: DeviceChoice) => void;
  readonly opened: unknown;
}) {
  const [lists, setLists] = useState(NONE);
  // biome-ignore lint/correctness/useExhaustiveDependencies: names are known once a device was opened
  useEffect(() => {
    let gone = false;
    const list = () => {
      void listDevices()
        .catch(() => NONE)
        .then((found) => !gone && setLists(found));
    };
    list();
    navigator.mediaDevices.addEventListener('devicechange', list);
    return () => {
      gone = true;
      navigator.mediaDevices.removeEventListener('devicechange', list);
    };
  }, [opened]);
  const named = lists.microphones.length + lists.cameras.length > 0;

  return (
    <div className="call-devices" data-testid="call-devices-choice">
      <DeviceSelect
        label={callWords.devices.microphone}
        devices={lists.microphones}
        chosen={choice.microphone}
        onChoose={(microphone) => onChoose({ ...choice, microphone })}
        testId="call-microphone"
      />
      <DeviceSelect
        label={callWords.devices.camera}
        devices={lists.cameras}
        chosen={choice.camera}
        onChoose={(camera) => onChoose({ ...choice, camera })}
        testId="call-camera-choice"
      />
      {canChooseLoudspeaker() ? (
        <DeviceSelect
          label={callWords.devices.loudspeaker}
          devices={lists.loudspeakers}
          chosen={choice.loudspeaker}
          onChoose={(loudspeaker) => onChoose({ ...choice, loudspeaker })}
          testId="call-loudspeaker"
        />
      ) : (
        <p className="call-hint">{callWords.devices.loudspeakerFixed}</p>
      )}
      <label className="call-field">
        <span>{callWords.devices.picture}</span>
        <select
          value={choice.picture}
          onChange={({ currentTarget }) =>
            onChoose({ ...choice, picture: currentTarget.value === 'small' ? 'small' : 'large' })
          }
          data-testid="call-picture-size"
        >
          <option value="large">{callWords.devices.large}</option>
          <option value="small">{callWords.devices.small}</option>
        </select>
      </label>
      {!named && <p className="call-hint">{callWords.devices.names}</p>}
    </div>
  );
}

function DeviceSelect({
  label,
  devices,
  chosen,
  onChoose,
  testId,
}: {
  readonly label: string;
  readonly devices: readonly MediaDeviceInfo[];
  readonly chosen: string | null;
  readonly onChoose: (deviceId: string | null) => void;
  readonly testId: string;
}) {
  // Browsers offer the system's choice under an id of its own; here it stands first and once.
  const own = devices.filter(({ deviceId }) => deviceId !== 'default' && deviceId !== 'communications');
  return (
    <label className="call-field">
      <span>{label}</span>
      <select
        value={own.some(({ deviceId }) => deviceId === chosen) ? (chosen ?? '') : ''}
        onChange={({ currentTarget }) => onChoose(currentTarget.value === '' ? null : currentTarget.value)}
        data-testid={testId}
      >
        <option value="">{callWords.devices.system}</option>
        {own.map((device, index) => (
          <option key={device.deviceId} value={device.deviceId}>
            {device.label || callWords.devices.unnamed(label, index + 1)}
          </option>
        ))}
      </select>
    </label>
  );
}
