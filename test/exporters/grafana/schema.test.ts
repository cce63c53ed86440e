import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import * as units from '@grafana/grafana-foundation-sdk/units';
import { variable } from '../../../exporters/grafana/series.ts';
import { DASHBOARD_NAMES, type Panel, shippedDashboard } from '../../support/grafana.ts';

const GRID_WIDTH = 24;
const UNITS = new Set<unknown>(Object.values(units));
const UIDS = { host: 'lastport-host', fleet: 'lastport-fleet' } as const;
const CHOSEN = variable('datasource');
const VARIABLES = ['datasource', 'cluster', 'job', 'instance', 'netns', 'destination'];

const overlap = ({ gridPos: a }: Panel, { gridPos: b }: Panel): boolean =>
  a.x < b.x + b.w && b.x < a.x + a.w && a.y < b.y + b.h && b.y < a.y + a.h;

for (const name of DASHBOARD_NAMES) {
  describe(`${name}.json`, () => {
    const dashboard = shippedDashboard(name);
    const { panels } = dashboard;
    const plots = panels.filter(({ type }) => type !== 'row');

    it('has the uid that links rest on, and panels with numbers of their own', () => {
      assert.equal(dashboard.uid, UIDS[name]);
      assert.ok(plots.length > 15);
      assert.equal(new Set(panels.map(({ id }) => id)).size, panels.length);
      assert.equal(new Set(panels.map(({ title }) => title)).size, panels.length, 'titles tell panels apart');
    });

    it('has no panel on another or beyond the edge', () => {
      for (const [index, panel] of panels.entries()) {
        const { x, w, h } = panel.gridPos;
        assert.ok(x >= 0 && x + w <= GRID_WIDTH && w > 0 && h > 0, panel.title);
        const others = panels.slice(index + 1).filter((other) => overlap(panel, other));
        assert.deepEqual(
          others.map(({ title }) => title),
          [],
          panel.title,
        );
      }
    });

    it('asks the data source that is chosen', () => {
      for (const { title, datasource, targets = [] } of plots) {
        assert.ok(targets.length > 0, title);
        assert.equal(datasource?.uid, CHOSEN, title);
        for (const target of targets) assert.deepEqual(target.datasource, { type: 'prometheus', uid: CHOSEN });
        assert.equal(new Set(targets.map(({ refId }) => refId)).size, targets.length, title);
      }
      for (const { datasource } of dashboard.annotations.list) assert.equal(datasource.uid, CHOSEN);
    });

    it('says what each panel shows, in a unit of Grafana, and when it is empty', () => {
      for (const { title, description, fieldConfig } of plots) {
        assert.ok(description, title);
        assert.ok(fieldConfig?.defaults.noValue, title);
        const given = fieldConfig.overrides.flatMap(({ properties }) => properties.filter(({ id }) => id === 'unit'));
        for (const unit of [fieldConfig.defaults.unit, ...given.map(({ value }) => value)]) {
          assert.ok(UNITS.has(unit), `${title}: ${unit}`);
        }
      }
    });

    it('alarms nobody where there is nothing, save where no agent is', () => {
      for (const { title, type, fieldConfig } of plots.filter((one) => one.type === 'stat')) {
        const [first] = fieldConfig?.defaults.thresholds?.steps ?? [];
        assert.equal(first?.value, null, `${type} ${title}`);
        assert.equal(
          first.color === 'red',
          fieldConfig?.defaults.noValue === 'no agent' && title === 'Last look',
          title,
        );
      }
    });

    it('has names for the lines of each plot', () => {
      for (const { title, type, targets = [] } of plots) {
        if (type !== 'timeseries' && type !== 'state-timeline') continue;
        for (const { legendFormat } of targets) assert.ok(legendFormat, title);
      }
    });

    it('has the variables, of which All is an expression that matches everything', () => {
      const { list } = dashboard.templating;
      assert.deepEqual(
        list.map((one) => one.name),
        VARIABLES,
      );
      for (const { name: title, includeAll, allValue } of list) {
        if (title === 'datasource' || (name === 'host' && title === 'instance')) assert.notEqual(includeAll, true);
        else assert.match(allValue ?? '', /^\.[*+]$/);
      }
      // There need not be such a label.
      assert.equal(list.find((one) => one.name === 'cluster')?.allValue, '.*');
    });

    it('leads to the other one', () => {
      const other = name === 'host' ? UIDS.fleet : UIDS.host;
      assert.ok(dashboard.links.some(({ url }) => url.startsWith(`/d/${other}?`)));
      const rows = JSON.stringify(panels).split(`/d/${UIDS.host}?var-instance=`).length - 1;
      assert.equal(rows, name === 'fleet' ? 5 : 0, 'rows of tables that lead to a host');
    });
  });
}
