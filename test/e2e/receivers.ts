import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { stringify } from 'yaml';
import type { Told } from './alert-receiver.ts';
import type { Inside } from './inside.ts';

const RECEIVER = fileURLToPath(new URL('./alert-receiver.js', import.meta.url));
const HOLDER = fileURLToPath(new URL('../../../test/e2e/programs/holder.py', import.meta.url));

/** At the other end of the wire. */
export const HOOK_AT = '10.9.0.2:9500';
export const ALERTMANAGER_AT = '10.9.0.3:9093';
export const OTHER_ALERTMANAGER_AT = '10.9.0.4:9093';

/** Takes webhooks at HOOK_AT, and looks what these Alertmanagers have. */
export async function startReceiver(inside: Inside, ...alertmanagers: string[]): Promise<void> {
  const argv = [process.execPath, RECEIVER, ...HOOK_AT.split(':'), ...alertmanagers];
  await inside.start('receiver', argv, 'server');
  await inside.until('a receiver', async () => inside.log('receiver').match(/ready/));
}

/** `tells`: whether it tells HOOK_AT what it hears. */
export async function startAlertmanager(inside: Inside, at: string, tells = false): Promise<void> {
  const name = `alertmanager ${at}`;
  const folder = join(inside.folder, name.replace(/\W+/g, '-'));
  mkdirSync(folder, { recursive: true });
  const hook = { url: `http://${HOOK_AT}/`, send_resolved: true };
  const config = {
    route: { receiver: 'one', group_wait: '0s', group_interval: '1s', group_by: ['...'] },
    receivers: [{ name: 'one', ...(tells ? { webhook_configs: [hook] } : {}) }],
  };
  writeFileSync(join(folder, 'config.yml'), stringify(config));
  await inside.start(
    name,
    [
      'prometheus-alertmanager',
      `--config.file=${join(folder, 'config.yml')}`,
      `--storage.path=${join(folder, 'data')}`,
      `--web.listen-address=${at}`,
      '--cluster.listen-address=',
    ],
    'server',
  );
}

/** All that the receiver was told so far. */
export const told = (inside: Inside): Told[] =>
  inside
    .log('receiver')
    .split('\n')
    .filter((line) => line.startsWith('{'))
    .map((line) => JSON.parse(line) as Told);

/** Waits for what is told. */
export const untilTold = (inside: Inside, what: string, is: (one: Told) => boolean): Promise<Told> =>
  inside.until(what, async () => told(inside).find(is) ?? null);

/** Holds connections, see holder.py. In ms since the epoch: when it was done. */
export async function hold(inside: Inside, name: string, to: string, count: number, ...block: (string | number)[]) {
  await inside.start(name, ['python3', HOLDER, to, String(count), inside.folder, name, ...block.map(String)]);
  const [, held, refused, at] = await inside.until(`${name} holds them`, async () =>
    /^(\d+) held, refused (\d+), at (\d+)$/m.exec(inside.log(name)),
  );
  assert.ok(at !== undefined);
  return { held: Number(held), refused: Number(refused), at: Number(at) };
}

/** Lets them go. */
export const letGo = (inside: Inside, name: string): void => writeFileSync(join(inside.folder, `end-${name}`), '');
