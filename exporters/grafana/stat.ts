import { BigValueColorMode, BigValueGraphMode, ReduceDataOptionsBuilder } from '@grafana/grafana-foundation-sdk/common';
import type { ThresholdsConfigBuilder } from '@grafana/grafana-foundation-sdk/dashboard';
import { PanelBuilder } from '@grafana/grafana-foundation-sdk/stat';
import { addTargets, type PanelText } from './panel.ts';
import { atEnd } from './targets.ts';

/** One number, coloured by its level. */
export function stat(text: PanelText, levels: ThresholdsConfigBuilder, expr: string): PanelBuilder {
  const panel = new PanelBuilder()
    .title(text.title)
    .description(text.description)
    .unit(text.unit)
    .noValue(text.noValue ?? 'none')
    .span(text.width ?? 4)
    .height(4)
    .thresholds(levels)
    .colorMode(BigValueColorMode.Background)
    .graphMode(BigValueGraphMode.None)
    .reduceOptions(new ReduceDataOptionsBuilder().calcs(['lastNotNull']).values(false));
  return addTargets(panel, [atEnd(expr)]);
}
