// Lastport beside a scenario: the daemon as it is run, and what it says of a destination meanwhile.
import { request } from 'node:http';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { formatEndpoint } from '../../agent/model/address.ts';
import type { Assessment, DestinationReport } from '../../agent/model/assessment.ts';
import { until } from '../e2e/until.ts';
import type { Stage } from './stage.ts';

const MAIN = fileURLToPath(new URL('../../agent/main.js', import.meta.url));
const PROBE = fileURLToPath(new URL('../../collectors/undici/probe.cjs', import.meta.url));
const POLL_MS = 200;

export class Lastport {
  private readonly api: string;
  private readonly probeSocket: string;

  private constructor(folder: string) {
    this.api = join(folder, 'api.sock');
    this.probeSocket = join(folder, 'probe.sock');
  }

  /** In the client's namespace; it stays until the stage ends. */
  static async start(stage: Stage): Promise<Lastport> {
    const lastport = new Lastport(stage.folder);
    const options = ['--netns', 'self', '--state-dir', 'off', '--listen', `unix:${lastport.api}`];
    const argv = [process.execPath, MAIN, 'run', ...options, '--probe-socket', lastport.probeSocket];
    await stage.start('lastport', argv);
    await until('a first look', () => lastport.assessment());
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
