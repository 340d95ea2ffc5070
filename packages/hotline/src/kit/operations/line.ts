import { type Alarm, reopenRequest } from '../../state/alarm.ts';
import { type ControlMessage, decodeControl, encodeControl } from '../../state/messages.ts';
import { decodePolicy, encodePolicy, type LinePolicy, policyHash } from '../../state/policy.ts';
import { bytesOf, type Hex, hexOf } from '../hex.ts';

export const LINE = {
  'line/write'({ message }: { readonly message: ControlMessage }) {
    return { bytes: hexOf(encodeControl(message)) };
  },

  'line/read'({ bytes }: { readonly bytes: Hex }) {
    return { message: decodeControl(bytesOf(bytes)) };
  },

  'line/write-policy'({ policy }: { readonly policy: LinePolicy }) {
    return { bytes: hexOf(encodePolicy(policy)), hash: hexOf(policyHash(policy)) };
  },

  'line/read-policy'({ bytes }: { readonly bytes: Hex }) {
    return { policy: decodePolicy(bytesOf(bytes)) };
  },

  'line/request'(of: { readonly conversationId: string; readonly policyHash: Hex; readonly alarms: readonly Alarm[] }) {
    return { request: reopenRequest(of.conversationId, bytesOf(of.policyHash), of.alarms) };
  },
};
