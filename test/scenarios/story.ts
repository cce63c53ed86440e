// The story, whole: a client that opens too many connections because nothing limits or keeps them, and one that leaves
// bodies unread; in undici with the probe, and in Go from the kernel alone. The cause is named, the client is changed as the
// remedy says, and the alert resolves.
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import type { Cause } from '../../agent/model/cause.ts';
import { until } from '../e2e/until.ts';
import { needs } from '../support/needs.ts';
import { Lastport } from './lastport.ts';
import { testNodes } from './nodes.ts';
import { go, serverOf } from './programs.ts';
import { PROGRAMS, Stage } from './stage.ts';
import { undicisOf } from './undicis.ts';

const AT = '10.9.0.2:8080';
/** So few ports that a hundred connections a second fill them in seconds; the kernel's clock is the same. */
const SMALL = '20000 21999';
/** TIME_WAIT for a minute, and half a minute for the alert to be sure. */
const PATIENCE_MS = 150_000;
const RATE = '300';

interface Story {
  readonly name: string;
  readonly needs?: string;
  readonly range?: string;
  readonly bad: (env: Readonly<Record<string, string>>) => Parameters<Stage['start']>;
  readonly mended: (env: Readonly<Record<string, string>>) => Parameters<Stage['start']>;
  readonly causes: readonly Cause[];
  readonly remedy: RegExp;
}

const ofUndici =
  (mode: string): Story['bad'] =>
  (env) => [
    'client',
    [process.execPath, join(PROGRAMS, 'story-client.mjs'), mode, `http://${AT}`],
    { env, awaits: 'ready' },
  ];
const ofGo =
  (mode: string): Story['bad'] =>
  (env) => {
    const [node] = testNodes();
    const place = { node: node!, undici: undicisOf(node!)[0]!, destination: AT, count: 1_000_000, folder: '' };
    return ['client', go(mode, AT, place).argv, { env: { ...env, RATE } }];
  };

const STORIES: readonly Story[] = [
  {
    name: 'undici, no limit to connections',
    bad: ofUndici('burst'),
    mended: ofUndici('limited'),
    causes: ['no_connection_limit'],
    remedy: /connections: \d+/,
  },
  {
    name: 'undici, bodies closed before they are read',
    bad: ofUndici('unread'),
    mended: ofUndici('read'),
    causes: ['unread_body'],
    remedy: /body\.dump\(\)/,
  },
  {
    name: 'Go, two idle connections',
    needs: 'go',
    bad: ofGo('default'),
    mended: ofGo('good'),
    causes: ['idle_pool_too_small'],
    remedy: /MaxIdleConnsPerHost: \d+/,
  },
  {
    name: 'Go, bodies closed before they are read',
    needs: 'go',
    bad: ofGo('small-unread'),
    mended: ofGo('good'),
    // Bodies that have come whole leave no sign: what the kernel shows is that no connection carries a second request.
    causes: ['unread_body', 'connection_per_request'],
    // The last is said where the alert is sooner than what the program is written in.
    remedy: /read (what is left of a body|bodies to their end)|each body read to its end/,
  },
];

/** Mostly waiting, for the kernel's minute: they go on beside the others. */
export function describeStories(): void {
  describe('the story', { concurrency: STORIES.length }, () => {
    for (const { name, needs: program, bad, mended, causes, remedy } of STORIES) {
      it(name, { skip: program === undefined ? false : needs(program) }, async () => {
        const stage = await Stage.open({ sysctls: { ip_local_port_range: SMALL } });
        let watch: ReturnType<Lastport['watch']> | undefined;
        try {
          await stage.start('server', serverOf(['8080']), { where: 'server', awaits: 'ready' });
          const lastport = await Lastport.start(stage);
          const client = stage.inner();
          await client.start(...bad(lastport.probeEnv));
          watch = lastport.watch(AT);
          const { seen } = watch;
          const evidence = () => JSON.stringify(seen.at(-1), null, 1);
          const alert = await until(
            'an alert that names the cause',
            () => lastport.alert(causes),
            evidence,
            PATIENCE_MS,
          );
          assert.match(alert['remedy'] ?? '', remedy);
          assert.match(alert['summary'] ?? '', /10\.9\.0\.2:8080/);
          await client.close();

          const changed = stage.inner();
          await changed.start(...mended(lastport.probeEnv));
          const isWell = async () => {
            const { causes: left = [], verdict = 'healthy' } = (await lastport.destination(AT)) ?? {};
            return (await lastport.alertCount()) === 0 && left.length === 0 && verdict === 'healthy' ? 'well' : null;
          };
          await until('no alert and no cause any more', isWell, evidence, PATIENCE_MS);
          await changed.close();
        } finally {
          // It would go on for ever.
          await watch?.stop();
          await stage.close();
        }
      });
    }
  });
}
