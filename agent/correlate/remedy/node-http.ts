import { afterwards, type Sizing } from './sizing.ts';
import type { Snippets } from './snippets.ts';

function agent({ connections, scheme }: Sizing): string[] {
  const module = scheme === 'https' ? 'node:https' : 'node:http';
  return [
    `import { Agent } from '${module}';`,
    '',
    '// once for the whole program; give it to every request: { agent }',
    'export const agent = new Agent({',
    '  keepAlive: true,',
    `  maxSockets: ${connections}, // to each host; further requests wait`,
    `  maxFreeSockets: ${connections}, // as many may lie idle: what is beyond is closed`,
    '});',
  ];
}

export const NODE_HTTP: Snippets = {
  keepalive_disabled: (sizing) => ({
    line: `use an agent that keeps connections: new Agent({ keepAlive: true, maxSockets: ${sizing.connections}, maxFreeSockets: ${sizing.connections} })`,
    code: agent(sizing),
    expect: afterwards(sizing),
    costs: null,
  }),
  connection_per_request: (sizing) => ({
    line: `use one agent for all requests, with keepAlive: new Agent({ keepAlive: true, maxSockets: ${sizing.connections} })`,
    code: agent(sizing),
    expect: afterwards(sizing),
    costs: null,
  }),
  idle_pool_too_small: (sizing) => ({
    line: `let as many connections lie idle as are used at once: maxFreeSockets: ${sizing.connections}`,
    code: agent(sizing),
    expect: afterwards(sizing),
    costs: null,
  }),
  no_connection_limit: (sizing) => ({
    line: `limit the connections of the agent: maxSockets: ${sizing.connections} (Infinity by default)`,
    code: agent(sizing),
    expect: `at most ${sizing.connections} ports for each process`,
    costs: 'requests beyond wait',
  }),
  client_per_request: (sizing) => ({
    line: 'make the agent once, outside the function that makes requests',
    code: agent(sizing),
    expect: afterwards(sizing),
    costs: null,
  }),
  unread_body: () => ({
    line: 'read every response to its end: response.resume() where its body does not matter',
    code: [
      "import { get } from 'node:http';",
      '',
      'export function status(url, agent, done) {',
      '  get(url, { agent }, (response) => {',
      '    response.resume(); // reads on, and the connection is free after it',
      "    response.on('end', () => done(response.statusCode));",
      "  }).on('error', done);",
      '}',
    ],
    expect: 'connections are reused',
    costs: 'what is read is received: destroy() the response only where much more would come',
  }),
  leaked_body: () => ({
    line: 'read every response, or destroy() it: one without a reader holds its connection for good',
    code: [
      "import { get } from 'node:http';",
      '',
      'export function ping(url, agent) {',
      '  get(url, { agent }, (response) => response.resume());',
      '}',
    ],
    expect: 'no new connections are left behind',
    costs: null,
  }),
  idle_timeout_churn: (sizing) => ({
    line: 'keep idle connections for longer: an agent without a short timeout',
    code: agent(sizing),
    expect: afterwards(sizing),
    costs: null,
  }),
};
