import type { Config } from '../config/config.ts';
import { shippedText } from '../host.ts';

/** `lastport dashboard`: one for Grafana, as JSON on stdout. Made by exporters/grafana/, and shipped. Returns the exit code. */
export function dashboard({ fleet }: Pick<Config, 'fleet'>, stdout: (text: string) => void): number {
  stdout(shippedText(`exporters/grafana/${fleet ? 'fleet' : 'host'}.json`));
  return 0;
}
