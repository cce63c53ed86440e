import { describe, it } from 'node:test';
import { DASHBOARDS, dashboardText } from '../../../exporters/grafana/dashboards.ts';
import { matchesFile } from '../../support/golden.ts';

describe('the dashboards that are shipped', () => {
  for (const name of Object.keys(DASHBOARDS) as (keyof typeof DASHBOARDS)[]) {
    it(`${name} is what the code makes (npm run dashboards)`, () =>
      matchesFile(`exporters/grafana/${name}`, dashboardText(name)));
  }
});
