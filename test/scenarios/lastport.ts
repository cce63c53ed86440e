// Lastport beside a scenario: the daemon as it is run, and what it says of a destination meanwhile.
import { readFileSync } from 'node:fs';
import { request } from 'node:http';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { formatEndpoint } from '../../agent/model/address.ts';
import type { Assessment, DestinationReport } from '../../agent/model/assessment.ts';
import type { Cause } from '../../agent/model/cause.ts';
import { CAUSE_WORDS } from '../../agent/model/cause-words.ts';
import { until } from '../e2e/until.ts';
import { START_PATIENCE_MS, type Stage } from './stage.ts';

const MAIN = fileURLToPath(new URL('../../agent/main.js', import.meta.url));
const PROBE = fileURLToPath(new URL('../../collectors/undici/probe.cjs', import.meta.url));
const POLL_MS = 200;

export class Lastport {
  private readonly api: string;
  private readonly probeSocket: string;
  private log = '';

  private constructor(folder: string) {
    this.api = join(folder, 'api.sock');
    this.probeSocket = join(folder, 'probe.sock');
  }

  /** In the client's namespace; it stays until the stage ends. */
  static async start(stage: Stage): Promise<Lastport> {
    const lastport = new Lastport(stage.folder);
    const options = ['--netns', 'self', '--state-dir', 'off', '--listen', `unix:${lastport.api}`];
    const argv = [process.execPath, MAIN, 'run', ...options, '--probe-socket', lastport.probeSocket];
    lastport.log = await stage.log('lastport', argv);
    await until(
      'a first look',
      () => lastport.assessment(),
      () => readFileSync(lastport.log, 'utf8'),
      START_PATIENCE_MS,
    );
    return lastport;
  }

  /** For a program that is to report. */
  get probeEnv(): Readonly<Record<string, string>> {
    return { NODE_OPTIONS: `--require ${JSON.stringify(PROBE)}`, LASTPORT_PROBE_SOCKET: this.probeSocket };
  }

  async assessment(): Promise<Assessment> {
    return JSON.parse(await get(this.api, '/api/assessment')) as Assessment;
  }

  /** null: it knows of no such destination. */
  async destination(endpoint: string): Promise<DestinationReport | null> {
    const { namespaces } = await this.assessment();
    const all = namespaces.flatMap(({ destinations }) => destinations);
    return all.find(({ remote, remotePort }) => formatEndpoint(remote, remotePort) === endpoint) ?? null;
  }

  /** The annotations of an alert of the log that names one of these causes; null: there is none yet. */
  async alert(causes: readonly Cause[]): Promise<Readonly<Record<string, string>> | null> {
    const headlines = causes.map((cause) => CAUSE_WORDS[cause].headline);
    for (const line of readFileSync(this.log, 'utf8').split('\n')) {
      if (!line.includes('"event":"alert"')) continue;
      const { annotations } = JSON.parse(line) as { annotations: Readonly<Record<string, string>> };
      if (headlines.some((headline) => annotations['cause']?.startsWith(headline))) return annotations;
    }
    return null;
  }

  /** Alerts that fire. */
  async alertCount(): Promise<number> {
    const lines = (await get(this.api, '/metrics')).split('\n').filter((line) => line.startsWith('lastport_alerts{'));
    return lines.reduce((sum, line) => sum + Number(line.split(' ').at(-1)), 0);
  }

  /** Notes what it says of a destination until `stop`. */
  watch(endpoint: string): { readonly seen: DestinationReport[]; stop(): Promise<void> } {
    const seen: DestinationReport[] = [];
    let goes = true;
    const watching = (async () => {
      while (goes) {
        const one = await this.destination(endpoint).catch(() => null);
        if (one !== null) seen.push(one);
        await new Promise((resolve) => setTimeout(resolve, POLL_MS));
      }
    })();
    return {
      seen,
      stop: async () => {
        goes = false;
        await watching;
      },
    };
  }
}

function get(socketPath: string, path: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const sent = request({ socketPath, path, headers: { host: 'localhost' } }, (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (some) => {
        text += some;
      });
      response.on('end', () =>
        response.statusCode === 200 ? resolve(text) : reject(new Error(`${response.statusCode}: ${text}`)),
      );
    });
    sent.on('error', reject);
    sent.end();
  });
}
