import type { Alert } from '../../../agent/model/alert.ts';
import type { Assessment } from '../../../agent/model/assessment.ts';
import { byId, element } from './dom.ts';
import { count, SENTENCE, safe } from './words.ts';

const SHOWN = 50;

function list(id: string, lines: readonly (readonly [className: string, text: string])[]): void {
  byId(`${id}-section`).hidden = lines.length === 0;
  const text = lines.map((line) => line.join(' ')).join('\n');
  const node = byId(id);
  if (node.dataset['text'] === text) return;
  node.dataset['text'] = text;
  node.replaceChildren(...lines.slice(0, SHOWN).map(([className, line]) => element('li', className, line)));
}

export function showAlerts(alerts: readonly Alert[]): void {
  const lines = alerts.map(({ labels, annotations, startsAt }): [string, string] => {
    const since = new Date(startsAt).toLocaleTimeString();
    return [
      labels.severity,
      `${labels.severity}: ${safe(annotations.summary, SENTENCE)} (${labels.alertname}, since ${since})`,
    ];
  });
  list('alerts', lines);
}

/** What is not a destination: what could not be seen, and what else can run out. */
export function showRest({ gaps, namespaces, pools }: Assessment): void {
  list(
    'gaps',
    gaps.map(({ what, why, costs }) => [
      '',
      `${safe(what, SENTENCE)}: ${safe(why, SENTENCE)}. What it costs: ${safe(costs, SENTENCE)}`,
    ]),
  );
  const bind = namespaces.flatMap(({ bindPools }) =>
    bindPools.map((pool): [string, string] => [
      pool.verdict,
      `bind() before connect() from ${safe(pool.local)}: ${count(pool.headroomPorts)} of ${count(pool.usablePorts)} ports left`,
    ]),
  );
  const others = pools.map((pool): [string, string] => [
    pool.verdict,
    `${safe(pool.name)} (${pool.kind}): ${pool.used === null ? '?' : count(pool.used)} of ${pool.limit === null ? '?' : count(pool.limit)} used`,
  ]);
  list('pools', [...bind, ...others]);
}
