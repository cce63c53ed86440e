import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { sourcesOf, violations } from '../support/imports.ts';

const root = fileURLToPath(new URL('../../../', import.meta.url));

describe('the import table', () => {
  it('holds for every source', () => {
    const sources = sourcesOf(root);
    assert.ok(sources.size > 20, 'the sources were found');
    assert.deepEqual(violations(sources), []);
  });

  for (const [path, text] of [
    ['agent/model/flow.ts', "import { readFileSync } from 'node:fs';"],
    ['agent/model/flow.ts', "import { Look } from '../look.ts';"],
    ['agent/correlate/flow.ts', "import { monotonic } from '../host.ts';"],
    ['agent/correlate/flow.ts', "export * from 'node:timers';"],
    ['agent/correlate/flow.ts', "import {\n  type Host,\n  realHost,\n} from '../host.ts';"],
    ['collectors/system.ts', "import type { Assessment } from '../exporters/prometheus.ts';"],
    ['collectors/system.ts', "const { assess } = await import('../agent/correlate/assess.ts');"],
    ['collectors/system.ts', "import 'node:fs';"],
    ['exporters/log.ts', "import { COLLECTORS } from '../collectors/index.ts';"],
    ['exporters/log.ts', "import { loadConfig } from '../agent/config.ts';"],
    ['exporters/log.ts', "import { DASHBOARDS } from './grafana/dashboards.ts';"],
    ['agent/main.ts', "await import('../exporters/grafana/dashboards.ts');"],
    ['exporters/grafana/host.ts', "import { registry } from 'prom-client';"],
    ['collectors/undici/preload.cts', "import { readInventory } from '../system.ts';"],
    ['collectors/undici/sender.cts', "import { request } from 'node:https';"],
    ['agent/daemon.ts', "import { COLLECTORS } from '../collectors/index.ts';"],
    ['agent/daemon.ts', "import { pino } from 'pino';"],
    ['exporters/page/browser/main.ts', "import { request } from 'node:http';"],
    ['systemd/package/tree.ts', "import { realHost } from '../../agent/host.ts';"],
    ['agent/host.ts', "import { partsOf } from '../systemd/package/production.ts';"],
    ['elsewhere/x.ts', ''],
  ] as const) {
    it(`fails on ${text || path} in ${path}`, () => {
      assert.equal(violations(new Map([[path, text]])).length, 1);
    });
  }

  it('is not fooled by comments and strings', () => {
    const text = "// import 'node:fs';\n/* import x from 'node:fs'; */\nconst text = \"import from 'node:fs'\";";
    assert.deepEqual(violations(new Map([['agent/model/a.ts', text]])), []);
  });
});
