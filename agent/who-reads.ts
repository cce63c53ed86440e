import { mkdirSync } from 'node:fs';
import { dirname } from 'node:path';
import type { HttpServer } from '../exporters/http-server.ts';
import type { Logger } from '../exporters/log.ts';
import type { PrometheusExporter } from '../exporters/prometheus.ts';
import type { UnixPlace } from '../exporters/unix-socket.ts';
import { isAuthenticated, type WebSettings } from '../exporters/web/settings.ts';
import type { Config } from './config/config.ts';
import type { Listen } from './config/option-values.ts';
import { runtimeSocketOf } from './config/runtime-socket.ts';
import { isOpen, NO_AUTHENTICATION } from './doctor/access-sight.ts';
import { groupId } from './host.ts';
import type { WebAccess } from './web-access.ts';

/** null: there is no web configuration. Rejects with a UsageError for one that cannot be used. */
export async function webAccess(
  { webConfig }: Pick<Config, 'webConfig'>,
  logger: Logger,
  metrics: Pick<PrometheusExporter, 'noteWeb'>,
  monotonic: () => number,
): Promise<WebAccess | null> {
  if (webConfig === null) return null;
  // yaml and valibot take a while to load.
  const { WebAccess } = await import('./web-access.ts');
  const access = new WebAccess(webConfig, {
    monotonic,
    onChange: (problem) => {
      metrics.noteWeb(access);
      if (problem === null) logger.info('web configuration reloaded');
      else logger.error({ err: problem }, 'web configuration not reloaded, the old one stays');
    },
  });
  for (const warning of access.warnings) logger.warn(warning);
  metrics.noteWeb(access);
  return access;
}

/** Where `top`, `explain` and `doctor` ask: by itself only where others have to show who they are. */
export function apiSocketPlace(
  { apiSocket, webConfig }: Pick<Config, 'apiSocket' | 'webConfig'>,
  env: Readonly<Record<string, string | undefined>>,
  isRoot: boolean,
): UnixPlace | null {
  if (apiSocket === 'auto' && webConfig === null) return null;
  const path = runtimeSocketOf(apiSocket, 'api.sock', env, isRoot);
  return path === null ? null : { path, mode: 0o660, group: groupId('lastport') };
}

/** Without it they do not reach a daemon that asks for passwords; all else goes on. */
export async function serveLocally(http: HttpServer, place: UnixPlace, logger: Logger): Promise<void> {
  try {
    mkdirSync(dirname(place.path), { recursive: true, mode: 0o755 });
    await http.listenLocally(place);
  } catch (error) {
    const err = (error as Error).message;
    logger.warn({ err, socket: place.path }, 'top, explain and doctor cannot ask here; choose another --api-socket');
  }
}

/** Where others than this host may read, and nothing keeps them from it. `settings` null: there are none. */
export function warnOfReaders(listen: Listen, settings: WebSettings | null, logger: Logger): void {
  if (!isOpen(listen)) return;
  if (settings === null || !isAuthenticated(settings)) logger.warn(NO_AUTHENTICATION);
  else if (settings.tls === null) logger.warn('passwords cross the network in plain: give a tls_server_config too');
}
