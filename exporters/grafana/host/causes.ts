import { VisibilityMode } from '@grafana/grafana-foundation-sdk/common';
import { FieldColorBuilder, FieldColorModeId, MappingType } from '@grafana/grafana-foundation-sdk/dashboard';
import { PanelBuilder } from '@grafana/grafana-foundation-sdk/statetimeline';
import { NoUnit } from '@grafana/grafana-foundation-sdk/units';
import { WARNING } from '../levels.ts';
import { addTargets } from '../panel.ts';
import { DESTINATION, series } from '../series.ts';
import { overTime } from '../targets.ts';

/** One bar for each cause, for as long as it held. */
export function causes(): PanelBuilder {
  const panel = new PanelBuilder()
    .title('Causes')
    .description('Why ports of a destination go, while that held: docs/causes.md tells what helps.')
    .unit(NoUnit)
    .noValue('none: nothing wastes ports')
    .span(12)
    .height(8)
    .mappings([{ type: MappingType.ValueToText, options: { '1': { text: 'holds', color: WARNING, index: 0 } } }])
    .colorScheme(new FieldColorBuilder().mode(FieldColorModeId.Thresholds))
    .showValue(VisibilityMode.Never)
    .mergeValues(true)
    .rowHeight(0.8);
  const expr = `max by (netns, destination, cause) (${series('lastport_destination_cause', DESTINATION)})`;
  return addTargets(panel, [overTime(expr, '{{cause}}: {{destination}} ({{netns}})')]);
}
