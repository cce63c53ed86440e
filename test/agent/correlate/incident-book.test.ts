import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { AROUND_MS, IncidentBook, JOIN_MS } from '../../../agent/correlate/incident-book.ts';
import type { Assessment, DestinationReport } from '../../../agent/model/assessment.ts';
import type { Incident, IncidentSummary, Sample } from '../../../agent/model/incident.ts';
import { assessment, destination, namespace } from '../../support/assessments.ts';

const BEGIN = Date.parse('2026-11-23T02:40:00Z');
const healthy = (remotePort: number) =>
  destination({ remotePort, usedPorts: 2000, headroomPorts: 26_232, verdict: 'healthy' });
const sick = (remotePort: number, headroomPorts = 5000) =>
  destination({ remotePort, headroomPorts, verdict: headroomPorts === 0 ? 'critical' : 'warning' });

/** A book, and time that passes as it is told. */
class Story {
  readonly book = new IncidentBook();
  /** In s. */
  second = 0;
  begun = 0;
  /** The newest state of each incident that was saved, by id; and how often each was. */
  readonly saved = new Map<string, Incident>();
  saves = 0;

  /** `seconds` looks, one a second, with these destinations in them. */
  look(seconds: number, destinations: () => readonly DestinationReport[], step = 1): this {
    for (const end = this.second + seconds; this.second < end; this.second += step) {
      this.take(assessment({ namespaces: [namespace({ destinations: destinations() })] }));
    }
    return this;
  }

  take(one: Assessment): void {
    const takenAt = new Date(BEGIN + this.second * 1000).toISOString();
    const { begun, toSave } = this.book.update({ ...one, takenAt }, this.second * 1000);
    this.begun += begun;
    this.keep(toSave);
  }

  keep(incidents: readonly Incident[]): void {
    for (const incident of incidents) {
      this.saves++;
      this.saved.set(incident.summary.id, incident);
    }
  }

  get summaries(): IncidentSummary[] {
    return [...this.saved.values()].map(({ summary }) => summary);
  }
}

const seconds = ({ samples }: Incident) =>
  samples.map((text) => (Date.parse((JSON.parse(text) as Sample).takenAt) - BEGIN) / 1000);

describe('IncidentBook', () => {
  it('begins when a destination comes to a warning, and keeps 120 s before and after', () => {
    const story = new Story()
      .look(300, () => [healthy(1)])
      .look(20, () => [sick(1)])
      .look(10, () => [sick(1, 0)])
      .look(119, () => [healthy(1)]);
    assert.equal(story.begun, 1);
    story.look(200, () => [healthy(1)]);
    assert.equal(story.begun, 1);
    const [incident] = story.saved.values();
    const { summary } = incident!;
    assert.equal(summary.id, '20261123T024500000Z');
    assert.equal(summary.startedAt, '2026-11-23T02:45:00.000Z');
    assert.equal(summary.endedAt, '2026-11-23T02:45:29.000Z');
    assert.equal(summary.seconds, 30);
    assert.equal(summary.verdict, 'critical');
    assert.equal(summary.host, 'web-1');
    const [one] = summary.destinations;
    assert.deepEqual([one?.remotePort, one?.lowestHeadroomPorts, one?.exhaustedSeconds], [1, 0, 10]);
    assert.deepEqual([one?.since, one?.until], ['2026-11-23T02:45:00.000Z', '2026-11-23T02:45:30.000Z']);
    const kept = seconds(incident!);
    assert.deepEqual([kept[0], kept.at(-1), kept.length], [180, 449, 270]);
  });

  it('does not begin for what is only watched', () => {
    const story = new Story().look(300, () => [destination({ verdict: 'watch' })]);
    assert.deepEqual([story.begun, story.saves], [0, 0]);
  });

  it('saves at once, when it becomes worse, and now and then', () => {
    const story = new Story().look(5, () => [healthy(1)]).look(1, () => [sick(1)]);
    assert.equal(story.saves, 1);
    story.look(1, () => [sick(1, 0)]);
    assert.deepEqual([story.saves, story.summaries[0]?.destinations[0]?.lowestHeadroomPorts], [2, 0]);
    story.look(18, () => [sick(1, 0)]);
    assert.ok(story.saves >= 8 && story.saves <= 12, `${story.saves} in 20 s`);
    const before = story.saves;
    story.look(3600, () => [sick(1, 0)]);
    assert.ok(story.saves - before < 80, `${story.saves - before} in an hour`);
    assert.equal(story.summaries[0]?.endedAt, null);
  });

  it('takes what comes at once, or soon after, for one incident', () => {
    const story = new Story()
      .look(3, () => [sick(1), sick(2)])
      .look(60, () => [healthy(1), healthy(2)])
      .look(3, () => [sick(3, 0)])
      .look(300, () => []);
    assert.equal(story.begun, 1);
    assert.deepEqual(
      story.summaries[0]?.destinations.map(({ remotePort }) => remotePort),
      [3, 1, 2],
    );
  });

  it('takes what comes later for another one, while the first goes on', () => {
    const story = new Story()
      .look(JOIN_MS / 1000 + 2, () => [sick(1)])
      .look(30, () => [sick(1), sick(2)])
      .look(150, () => []);
    assert.equal(story.begun, 2);
    assert.deepEqual(
      story.summaries.map(({ destinations }) => destinations.map(({ remotePort }) => remotePort)),
      [[1], [2]],
    );
    // Both have what was before them.
    assert.equal(seconds([...story.saved.values()][1]!)[0], JOIN_MS / 1000 + 2 - AROUND_MS / 1000);
  });

  it('has three at once at most', () => {
    const story = new Story();
    for (let port = 1; port <= 6; port++) {
      story.look(JOIN_MS / 1000 + 2, () => Array.from({ length: port }, (_, index) => sick(index + 1)));
    }
    assert.equal(story.begun, 3);
    story.keep(story.book.end());
    assert.deepEqual(
      story.summaries.map(({ destinations }) => destinations.length),
      [1, 1, 4],
    );
  });

  it('makes one of what comes and goes: each time it must be well for twice as long', () => {
    const story = new Story();
    for (let minutes = 0; minutes < 240; minutes += 5) story.look(5, () => [sick(1)]).look(295, () => [healthy(1)]);
    assert.equal(story.begun, 3);
  });

  it('is still bounded after a day, and close where it matters', () => {
    const story = new Story()
      .look(300, () => [healthy(1)])
      .look(600, () => [sick(1)])
      .look(85_800, () => [sick(1)], 10);
    story.keep(story.book.end());
    const [incident] = story.saved.values();
    const kept = seconds(incident!);
    assert.ok(kept.length <= 600, `${kept.length} samples`);
    const near = kept.filter((at) => at >= 290 && at < 330);
    assert.ok(near.length >= 10, `${near.length} of 40 s around its beginning`);
    assert.equal(incident!.summary.seconds, 86_391);
  });

  it('holds no more than 4 MB of a storm of destinations, tells of the worst and counts the others', () => {
    const long = 'x'.repeat(100);
    const storm = () =>
      Array.from({ length: 1000 }, (_, index) => ({ ...sick(index + 1, 4000), remoteName: `${index}${long}` }));
    const story = new Story().look(60, () => [healthy(1)]).look(100, storm);
    story.look(1, () => [...storm(), sick(2000, 0)]);
    story.keep(story.book.end());
    assert.equal(story.begun, 1);
    const [incident] = story.saved.values();
    const size = incident!.samples.reduce((sum, text) => sum + text.length, 0);
    assert.ok(size <= 4 << 20, `${size} bytes`);
    assert.ok(incident!.samples.length > 30, `${incident!.samples.length} samples`);
    const { destinations, omittedDestinations } = incident!.summary;
    assert.deepEqual([destinations.length, omittedDestinations], [50, 951]);
    assert.equal(destinations[0]?.remotePort, 2000);
  });

  it('makes no more incidents of a storm than of a breeze, even of one that it cannot remember', () => {
    const storm = () => Array.from({ length: 6000 }, (_, index) => sick(index + 1));
    const story = new Story().look(JOIN_MS / 1000 + 200, storm, 100);
    assert.equal(story.begun, 1);
  });

  it('samples once a second at a shorter tick, and what begins in any case', () => {
    const story = new Story();
    story.look(130, () => [healthy(1)], 0.1);
    story.second += 0.1;
    story.look(0.1, () => [sick(1)], 0.1);
    const [incident] = story.saved.values();
    assert.ok(incident!.samples.length <= 122, `${incident!.samples.length} samples`);
    assert.equal((JSON.parse(incident!.samples.at(-1)!) as Sample).namespaces[0]?.destinations[0]?.verdict, 'warning');
  });

  it('tells of a namespace that has become blind', () => {
    const story = new Story().look(5, () => [healthy(1)]);
    const blind = assessment({ namespaces: [namespace({ verdict: 'blind', destinations: [] })] });
    for (const end = story.second + 30; story.second < end; story.second++) story.take(blind);
    story.look(5, () => [healthy(1)]);
    story.keep(story.book.end());
    const [summary] = story.summaries;
    assert.equal(summary?.verdict, 'blind');
    assert.deepEqual(summary?.blind, [
      { netns: 'host', since: '2026-11-23T02:40:15.000Z', until: '2026-11-23T02:40:35.000Z', why: null },
    ]);
  });

  it('counts connect() calls refused at the very look at which it begins', () => {
    const errors = (total: number) => ({
      connectErrors: [{ code: 'EADDRNOTAVAIL' as const, total, pid: null, command: null }],
    });
    const story = new Story()
      .look(2, () => [{ ...healthy(1), ...errors(100) }])
      .look(1, () => [{ ...sick(1, 0), ...errors(170) }]);
    assert.equal(story.summaries[0]?.destinations[0]?.connectErrors, 70);
  });

  it('is over for good after 120 s, and what comes then is another one', () => {
    const story = new Story()
      .look(1, () => [sick(1)])
      .look(AROUND_MS / 1000, () => [])
      .look(1, () => [sick(2)]);
    assert.equal(story.begun, 2);
    assert.equal(story.book.end().length, 1);
  });
});
