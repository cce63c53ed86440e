import { AnnotationQueryBuilder } from '@grafana/grafana-foundation-sdk/dashboard';
import { type Scope, series } from './series.ts';
import { DATASOURCE } from './targets.ts';

const ABOUT = 'alertname,severity,instance,netns,destination';

const annotation = (name: string, color: string, expr: string, title: string) =>
  new AnnotationQueryBuilder()
    .name(name)
    .datasource(DATASOURCE)
    .enable(true)
    .iconColor(color)
    .expr(expr)
    .step('15s')
    .titleFormat(title)
    .textFormat('{{destination}} {{unit}} {{netns}}')
    .tagKeys(ABOUT);

/** Alerts where they were firing: those that Prometheus evaluates (lastport rules), and those of the agents themselves. */
export function alertAnnotations(instances: 'instance="$instance"' | 'instance=~"$instance"', hosts: Scope) {
  const ofRules = series('ALERTS', 'alertname=~"Lastport.*"', 'alertstate="firing"', instances);
  return [
    annotation('Alerts', 'red', ofRules, '{{alertname}} {{severity}}'),
    annotation('Alerts of agents', 'orange', `${series('lastport_alerts', hosts)} > 0`, '{{alertname}} {{severity}}'),
  ];
}
