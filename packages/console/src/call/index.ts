/** The call of a desk's page. */

export { CallPanel, type CallPanelProps } from './call-panel.tsx';
export { CALL_EVENTS, CallEvents } from './events.ts';
