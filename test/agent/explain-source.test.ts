import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtempSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { incidentSource, liveSource, parsed } from '../../agent/explain-source.ts';
import type { DestinationReport } from '../../agent/model/assessment.ts';
import { encodeIncident, fileNameOf } from '../../exporters/incidents/file.ts';
import { realFolder } from '../../exporters/incidents/folder.ts';
import { assessment, destination, namespace } from '../support/assessments.ts';
import { summary } from '../support/incidents.ts';

describe('liveSource', () => {
  const look = async () => assessment({ tookMs: 99 });
  const asked = async (status: number, body: string) => {
    const server = createServer((_, response) => response.writeHead(status).end(body)).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const complaints: string[] = [];
    const listen = { kind: 'tcp', host: '127.0.0.1', port: (server.address() as AddressInfo).port } as const;
    const found = await liveSource([listen], look, (text) => complaints.push(text));
    server.closeAllConnections();
    server.close();
    return { from: found.from, tookMs: found.assessment.tookMs, complaints };
  };

  it('is what the daemon knows', async () => {
    assert.deepEqual(await asked(200, JSON.stringify(assessment({ tookMs: 7 }))), {
      from: 'daemon',
      tookMs: 7,
      complaints: [],
    });
  });

  for (const [what, status, body] of [
    ['has not looked yet', 503, 'no look yet'],
    ['is another program', 200, '<html>'],
    ['is of another kind', 200, '{"schema":"other/1"}'],
    ['has no more than its schema', 200, '{"schema":"lastport/1","namespaces":[]}'],
    ['has numbers where names are', 200, JSON.stringify({ ...assessment(), takenAt: 5 })],
    ['is null', 200, 'null'],
  ] as const) {
    it(`is a look where what answers ${what}`, async () => {
      const { from, complaints } = await asked(status, body);
      assert.equal(from, 'look');
      assert.match(complaints.join(''), /^lastport: the daemon at 127\.0\.0\.1:\d+ does not say what it knows: /);
    });
  }

  it('has nothing in it that would steer a terminal', () => {
    const host = { ...assessment().host, name: 'a\u001b[8mb\u202ec\nd' };
    assert.equal(parsed(JSON.stringify(assessment({ host })))?.host.name, 'a?[8mb?c?d');
  });

  it('is one of an earlier version too, which knew less', () => {
    const { causes, probe, requests, tide, ...earlier } = destination();
    const text = JSON.stringify(
      assessment({ namespaces: [namespace({ destinations: [earlier as DestinationReport] })] }),
    );
    assert.equal(parsed(text)?.namespaces[0]?.destinations[0]?.remote, earlier.remote);
  });

  it('is a look where no daemon runs, without a word', async () => {
    const complaints: string[] = [];
    const found = await liveSource([{ kind: 'unix', path: '/nonexistent/x.sock' }], look, (text) =>
      complaints.push(text),
    );
    assert.deepEqual([found.from, complaints], ['look', []]);
  });
});

describe('incidentSource', () => {
  const folder = realFolder(mkdtempSync(join(tmpdir(), 'lastport-explain-')));
  const at = (time: string) => `2026-11-23T${time}.000Z`;
  const record = async (id: string, from: string, to: string, moments: readonly string[]) => {
    const [first] = summary().destinations;
    const incident = {
      summary: summary({
        id,
        startedAt: at(from),
        endedAt: at(to),
        writtenAt: at(to),
        destinations: [{ ...first!, lowestAt: at(moments[1] as string) }],
      }),
      samples: moments.map((time) => JSON.stringify(assessment({ takenAt: at(time) }))),
    };
    await folder.replace(fileNameOf(id), await encodeIncident(incident));
  };
  const now = Date.parse(at('12:00:00'));

  it('is the worst moment of the last one, or the nearest to a time', async () => {
    await record('20261123T024000000Z', '02:40:00', '02:50:00', ['02:40:00', '02:43:00', '02:50:00']);
    await record('20261123T090000000Z', '09:00:00', '09:10:00', ['09:00:00', '09:05:00', '09:10:00']);
    const moment = async (time: string) => (await incidentSource(folder, time, now)).assessment.takenAt;
    assert.equal(await moment('last'), at('09:05:00'));
    assert.equal(await moment(at('02:49:00')), at('02:50:00'));
    assert.equal(await moment(at('02:39:00')), at('02:40:00'));
  });

  it('says that there is none', async () => {
    await assert.rejects(
      incidentSource(folder, at('05:00:00'), now),
      /^Error: Cannot explain 2026.*no incident of that time/,
    );
    await assert.rejects(incidentSource(null, 'last', now), /none are recorded/);
  });
});
