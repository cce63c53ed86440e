import type { Snippets } from './snippets.ts';

/** Settings of the host: they put an end off, and change nothing of why it comes. */
export const KERNEL: Snippets = {
  range_too_small: () => ({
    line: 'last resort: widen the range, sysctl net.ipv4.ip_local_port_range="32768 60999" is the default, "10240 65535" is wide',
    code: ['sysctl -w net.ipv4.ip_local_port_range="10240 65535"'],
    expect: 'more ports for every destination at once',
    costs: 'services that listen inside it may find their port taken: put theirs into ip_local_reserved_ports',
  }),
  reserved_too_much: () => ({
    line: 'last resort: reserve only what somebody listens on (ip_local_reserved_ports)',
    code: ['sysctl net.ipv4.ip_local_reserved_ports'],
    expect: 'each port given back is one more for every destination',
    costs: 'a service whose port is no longer reserved may find it taken',
  }),
  tw_reuse_would_help: () => ({
    line: 'last resort: sysctl net.ipv4.tcp_tw_reuse=1 lets connect() take over a TIME_WAIT that is a second old',
    code: ['sysctl -w net.ipv4.tcp_tw_reuse=1'],
    expect: 'TIME_WAIT of connections with TCP timestamps no longer count; a second’s worth of them still does',
    costs:
      'does nothing where timestamps are off, nor for ports that were bound; tcp_tw_recycle, its dangerous sibling, is gone since 4.12',
  }),
};
