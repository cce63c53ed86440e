import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { noNamespaces, withSubject } from './subject.ts';

/**
 * Takes all ports of a destination, so that an alert fires; and is the Alertmanager that takes every connection and
 * answers nothing, until the file of its argument is there.
 */
const HANGING = `
import os, socket, sys, threading, time
sink = socket.socket(); sink.bind(("127.0.0.1", 9093)); sink.listen(64)
def answer(one):
    try:
        while one.recv(65536):
            while not os.path.exists(sys.argv[1]): time.sleep(0.05)
            one.sendall(b"HTTP/1.1 200 OK\\r\\nContent-Length: 0\\r\\n\\r\\n")
    except OSError: pass
def accept():
    while True: threading.Thread(target=answer, args=(sink.accept()[0],), daemon=True).start()
threading.Thread(target=accept, daemon=True).start()
s = socket.socket(); s.bind(("127.0.0.1", 8080)); s.listen(4096)
held = []
try:
    while True: held.append(socket.create_connection(("127.0.0.1", 8080)))
except OSError: pass
time.sleep(60)
`;
const DELIVERIES = 'lastport_alert_deliveries_total';

describe('a receiver of alerts', { skip: noNamespaces(), timeout: 60_000 }, () => {
  it('that takes them and never answers delays no look, is told of, and hears all when it answers', () =>
    withSubject({ flags: ['--alertmanager', 'http://127.0.0.1:9093'], ports: '40000 40199' }, async (subject) => {
      const answers = join(subject.folder, 'answers');
      subject.run('python3', ['-c', HANGING, answers]);
      await subject.untilMetric('lastport_alerts', (firing) => firing > 0, 'LastportPortsExhausted');
      await subject.untilMetric(DELIVERIES, (failed) => failed > 0, 'result="failed"');
      const { gaps } = await subject.look();
      assert.match(gaps.find(({ source }) => source === 'alerts')?.why ?? '', /no answer/);
      const told = subject.doctor().sights.filter(({ what }) => what === 'daemon');
      assert.ok(told.some(({ found }) => found.startsWith('alerts at alertmanager 127.0.0.1:9093')));
      const files = subject.openFiles;
      assert.equal(await subject.metric(DELIVERIES, 'result="ok"'), 0);

      writeFileSync(answers, '');
      await subject.untilMetric(DELIVERIES, (ok) => ok > 0, 'result="ok"');
      await subject.look('no Gap', ({ gaps }) => gaps.every(({ source }) => source !== 'alerts'));
      assert.ok(subject.openFiles <= files + 2, `${files} open files before, ${subject.openFiles} after`);
    }));
});
