/**
 * TCP states as the kernel numbers them (include/net/tcp_states.h), which is how /proc/net/tcp prints them.
 * Index = kernel number; names are the kernel's, lowercase, as in labels and JSON.
 */
export const TCP_STATES = [
  'unknown',
  'established',
  'syn_sent',
  'syn_recv',
  'fin_wait1',
  'fin_wait2',
  'time_wait',
  'close',
  'close_wait',
  'last_ack',
  'listen',
  'closing',
  'new_syn_recv',
] as const;

export type TcpState = (typeof TCP_STATES)[number];

export const ESTABLISHED = 1;
export const SYN_SENT = 2;
export const SYN_RECV = 3;
export const FIN_WAIT1 = 4;
export const FIN_WAIT2 = 5;
export const TIME_WAIT = 6;
export const CLOSE_WAIT = 8;
export const LAST_ACK = 9;
export const LISTEN = 10;
export const CLOSING = 11;
export const HIGHEST_STATE = TCP_STATES.length - 1;
