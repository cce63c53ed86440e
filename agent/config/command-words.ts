import type { Command } from './options.ts';

/** What each command does, in a line: in `lastport --help`, in this order, and in the man page. */
export const DESCRIPTIONS: { readonly [command in Command]: string } = {
  run: 'the daemon: looks every tick, serves /metrics',
  check: 'one look, one answer: exit 0 healthy, 1 warning, 2 critical, 3 could not look',
  top: 'the tightest destinations, live: on a terminal a screen, else one table after the other',
  explain: 'why ports go, and what to change: of a destination, of a process, or of the worst there are',
  plan: 'what if? From a rate of requests to ports; exit 0 fits, 1 connect() gets slow, 2 ports run out',
  rules: 'alerting and recording rules for Prometheus, on stdout',
  dashboard: 'a dashboard for Grafana, as JSON on stdout',
  incidents: 'what happened while nobody looked: when, where, how near, whose, why',
  doctor: 'what this machine lets it see, and what each missing thing costs',
};
