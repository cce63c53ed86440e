import { afterwards, type Sizing } from './sizing.ts';
import type { Snippets } from './snippets.ts';

function transport({ connections }: Sizing): string[] {
  return [
    'package main',
    '',
    'import (',
    '\t"net/http"',
    '\t"time"',
    ')',
    '',
    '// one for the whole program: http.DefaultTransport keeps only 2 idle connections to a host and limits none',
    'var client = &http.Client{',
    '\tTimeout: 10 * time.Second,',
    '\tTransport: &http.Transport{',
    `\t\tMaxConnsPerHost:     ${connections}, // further requests wait`,
    `\t\tMaxIdleConnsPerHost: ${connections}, // all of them may lie idle`,
    `\t\tMaxIdleConns:        ${connections * 4},`,
    '\t\tIdleConnTimeout:     30 * time.Second,',
    '\t},',
    '}',
  ];
}

export const GO: Snippets = {
  idle_pool_too_small: (sizing) => ({
    line: `Go: keep as many idle connections as are used at once: MaxIdleConnsPerHost: ${sizing.connections}, MaxConnsPerHost: ${sizing.connections} (2 and no limit by default)`,
    code: transport(sizing),
    expect: afterwards(sizing),
    costs: null,
  }),
  no_connection_limit: (sizing) => ({
    line: `Go: limit the connections to a host: MaxConnsPerHost: ${sizing.connections}`,
    code: transport(sizing),
    expect: `at most ${sizing.connections} ports for each process`,
    costs: 'requests beyond wait',
  }),
  connection_per_request: (sizing) => ({
    line: `Go: one http.Client for all requests, MaxIdleConnsPerHost: ${sizing.connections}, and read bodies to their end before Close()`,
    code: transport(sizing),
    expect: afterwards(sizing),
    costs: null,
  }),
  client_per_request: (sizing) => ({
    line: 'Go: one http.Client and Transport for the whole program',
    code: transport(sizing),
    expect: afterwards(sizing),
    costs: null,
  }),
  unread_body: () => ({
    line: 'Go: read what is left of a body, a few KB at most, before Close(): resp.Body.Close() alone closes the connection',
    code: [
      'package main',
      '',
      'import (',
      '\t"io"',
      '\t"net/http"',
      ')',
      '',
      '// discard makes the connection of a response usable again if little of its body is left, and closes it else.',
      'func discard(resp *http.Response) {',
      '\t_, _ = io.CopyN(io.Discard, resp.Body, 64<<10) // never without a limit: a body may have no end',
      '\t_ = resp.Body.Close()',
      '}',
    ],
    expect: 'connections are reused',
    costs: 'up to 64 KB received for nothing',
  }),
  leaked_body: () => ({
    line: 'Go: defer resp.Body.Close() wherever a response is returned, errors of the status included',
    code: [],
    expect: 'no new connections are left behind',
    costs: null,
  }),
  slow_or_dead_destination: () => ({
    line: 'Go: give up connecting sooner: net.Dialer{Timeout: 3 * time.Second} in Transport.DialContext',
    code: [],
    expect: 'fewer ports in SYN_SENT',
    costs: null,
  }),
};
