import {
  GraphThresholdsStyleConfigBuilder,
  GraphThresholdsStyleMode,
  LegendDisplayMode,
  LegendPlacement,
  LineStyleBuilder,
  ScaleDistribution,
  ScaleDistributionConfigBuilder,
  SortOrder,
  StackingConfigBuilder,
  StackingMode,
  TooltipDisplayMode,
  VisibilityMode,
  VizLegendOptionsBuilder,
  VizTooltipOptionsBuilder,
} from '@grafana/grafana-foundation-sdk/common';
import type { ThresholdsConfigBuilder } from '@grafana/grafana-foundation-sdk/dashboard';
import type { DataqueryBuilder } from '@grafana/grafana-foundation-sdk/prometheus';
import { PanelBuilder } from '@grafana/grafana-foundation-sdk/timeseries';
import { addTargets, type PanelText } from './panel.ts';

/** Lines over time. */
export function plot(text: PanelText, targets: readonly DataqueryBuilder[]): PanelBuilder {
  const panel = new PanelBuilder()
    .title(text.title)
    .description(text.description)
    .unit(text.unit)
    .noValue(text.noValue ?? 'none')
    .span(text.width ?? 12)
    .height(8)
    .min(0)
    .lineWidth(1)
    .fillOpacity(8)
    .showPoints(VisibilityMode.Never)
    .legend(
      new VizLegendOptionsBuilder()
        .displayMode(LegendDisplayMode.Table)
        .placement(LegendPlacement.Bottom)
        .showLegend(true)
        .calcs(['lastNotNull', 'max']),
    )
    .tooltip(new VizTooltipOptionsBuilder().mode(TooltipDisplayMode.Multi).sort(SortOrder.Descending));
  return addTargets(panel, targets);
}

/** The same, one on top of the other: parts of a whole. */
export const stack = (text: PanelText, targets: readonly DataqueryBuilder[]): PanelBuilder =>
  plot(text, targets).fillOpacity(40).stacking(new StackingConfigBuilder().mode(StackingMode.Normal).group('A'));

/** Limits drawn in as dashed lines, with the colours of what is beyond them. */
export const withLimits = (panel: PanelBuilder, levels: ThresholdsConfigBuilder): PanelBuilder =>
  panel
    .thresholds(levels)
    .thresholdsStyle(new GraphThresholdsStyleConfigBuilder().mode(GraphThresholdsStyleMode.Dashed));

/** Both 0.1 s and a day can be told, and 0 has a place. */
export const overMagnitudes = (panel: PanelBuilder): PanelBuilder =>
  panel.scaleDistribution(
    new ScaleDistributionConfigBuilder().type(ScaleDistribution.Symlog).log(10).linearThreshold(1),
  );

/** Series whose legend matches are limits: dashed, in one colour, on no stack, with nothing below them. */
export const asLimit = (panel: PanelBuilder, legend: string, color: string): PanelBuilder =>
  panel.overrideByRegexp(legend, [
    { id: 'color', value: { mode: 'fixed', fixedColor: color } },
    { id: 'custom.lineStyle', value: new LineStyleBuilder().fill('dash').dash([8, 6]).build() },
    { id: 'custom.lineWidth', value: 2 },
    { id: 'custom.fillOpacity', value: 0 },
    { id: 'custom.stacking', value: { mode: StackingMode.None, group: 'A' } },
  ]);
