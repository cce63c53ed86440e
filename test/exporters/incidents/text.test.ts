import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { IncidentSummary } from '../../../agent/model/incident.ts';
import { incidentsJson, incidentsTable } from '../../../exporters/incidents/text.ts';
import { matchesGolden } from '../../support/golden.ts';
import { incidentDestination, summary } from '../../support/incidents.ts';

// Times are told by the clock on the wall.
process.env['TZ'] = 'Europe/Berlin';
const watched = { since: '2026-11-20T10:00:00.000Z', until: '2026-11-23T02:43:35.000Z' };
const table = (...incidents: IncidentSummary[]) =>
  incidentsTable({ watched, incidents, skipped: [] }, '/state/incidents');

const various = [
  summary({ omittedDestinations: 951, destinations: [incidentDestination(), incidentDestination({ remotePort: 1 })] }),
  summary({
    startedAt: '2026-11-22T23:59:59.000Z',
    endedAt: null,
    seconds: 11_045,
    verdict: 'warning',
    destinations: [
      incidentDestination({
        netns: 'api',
        device: 'eth0',
        remote: '2001:db8:1234:5678:9abc:def0:1234:5678',
        remotePort: 443,
        remoteName: 'api.example.com',
        verdict: 'warning',
        lowestHeadroomPorts: 1412,
        exhaustedSeconds: 0,
        slowSeconds: 0.4,
        connectErrors: null,
        mostOpensPerSecond: null,
        owner: null,
        cause: null,
      }),
    ],
  }),
  summary({
    startedAt: '2026-11-21T08:00:00.000Z',
    seconds: 300_000,
    verdict: 'blind',
    destinations: [],
    blind: [
      {
        netns: 'host',
        since: '2026-11-21T08:00:00.000Z',
        until: '2026-11-21T08:05:00.000Z',
        why: 'sockets: EPERM: operation not permitted',
      },
    ],
  }),
];

describe('incidentsTable', () => {
  it('shows incidents as the golden does', () => matchesGolden('incidents.txt', table(...various)));

  it('fits 80 columns, whatever the address', () => {
    for (const line of table(...various).split('\n')) assert.ok(line.length <= 80, line);
  });

  it('says plainly that there are none, and since when there could have been', () => {
    assert.equal(table(), 'No incidents since 2026-11-20 11:00, at least until 2026-11-23 03:43\n');
    assert.equal(
      incidentsTable({ watched: null, incidents: [], skipped: [] }, '/state/incidents'),
      'No incidents: nothing has been recorded yet in /state/incidents\n',
    );
  });

  it('lets no name steer the terminal', () => {
    const evil = '\u001b[2J\u0007\n!! all is well';
    const text = table(
      summary({
        destinations: [incidentDestination({ cause: evil, remoteName: evil, netns: evil, remote: evil })],
        blind: [{ netns: evil, since: summary().startedAt, until: null, why: evil }],
      }),
    );
    // biome-ignore lint/suspicious/noControlCharactersInRegex: that is what is looked for
    assert.doesNotMatch(text, /[\u0000-\u0009\u000b-\u001f]/);
    assert.doesNotMatch(text, /^!! all/m);
  });

  for (const [seconds, expected] of [
    [0, '0s'],
    [0.44, '0.4s'],
    [59.6, '1m00s'],
    [95, '1m35s'],
    [3599.7, '1h00m'],
    [86_399, '23h59m'],
    [273_600, '3d04h'],
  ] as const) {
    it(`says ${expected} for ${seconds} s`, () => {
      assert.match(table(summary({ seconds })), new RegExp(`^!! 2026-11-23 03:40 +${expected} `, 'm'));
    });
  }
});

describe('incidentsJson', () => {
  it('has all there is, under its schema', () => {
    const skipped = [{ file: 'a', why: 'b' }];
    assert.deepEqual(JSON.parse(incidentsJson({ watched, incidents: various, skipped }, '/state/incidents')), {
      schema: 'lastport-incidents/1',
      folder: '/state/incidents',
      watched,
      incidents: various,
      skipped,
    });
  });
});
