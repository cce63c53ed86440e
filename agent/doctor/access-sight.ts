import { isAuthenticated, type WebSettings } from '../../exporters/web/settings.ts';
import type { Config } from '../config/config.ts';
import { formatListen, type Listen } from '../config/option-values.ts';
import { readFileStart } from '../host.ts';
import type { Sight } from './sight.ts';

export const NO_AUTHENTICATION =
  'anyone who reaches this address can read it: give --web-config FILE with passwords or client certificates, or listen on 127.0.0.1';

const LONGEST_FILE = 1024 * 1024;

/** Whether others than this host may connect. */
export const isOpen = (listen: Listen): boolean =>
  listen.kind === 'tcp' && listen.host !== '::1' && !listen.host.startsWith('127.');

/** Who may read from a daemon with these options. Never rejects. */
export async function accessSight({ listen, webConfig }: Pick<Config, 'listen' | 'webConfig'>): Promise<Sight> {
  const what = 'access';
  let settings: WebSettings | null = null;
  if (webConfig !== null) {
    const { readWebFiles } = await import('../config/web-files.ts');
    try {
      const read = (path: string) => Buffer.from(readFileStart(path, LONGEST_FILE)).toString('utf8');
      ({ settings } = readWebFiles(webConfig, read));
    } catch (error) {
      return { what, seen: 'no', found: (error as Error).message, costs: 'lastport run does not start with it' };
    }
  }
  const place = formatListen(listen);
  if (settings !== null && isAuthenticated(settings)) {
    const how = [
      ...(settings.users.size > 0 ? ['passwords'] : []),
      ...(settings.tls === null ? ['no TLS'] : ['TLS']),
      ...(settings.tls?.clientAuth === 'RequireAndVerifyClientCert' ? ['client certificates'] : []),
    ];
    return { what, seen: 'yes', found: `${place} with ${how.join(', ')}`, costs: null };
  }
  if (!isOpen(listen)) return { what, seen: 'yes', found: `${place}, which only this host reaches`, costs: null };
  return { what, seen: 'partly', found: `${place} without authentication`, costs: NO_AUTHENTICATION };
}
