import { existsSync } from 'node:fs';
import type { Config } from './config/config.ts';
import type { Listen } from './config/option-values.ts';
import { runtimeSocketsOf } from './config/runtime-socket.ts';
import { type Answered, type AskLimits, DaemonClient, type NoAnswer } from './daemon-client.ts';

/**
 * Where a daemon of this host can be asked: where it listens; and at the socket for the programs of this host, which is
 * there where the other asks for certificates or passwords.
 */
export function daemonPlaces(
  { listen, apiSocket }: Pick<Config, 'listen' | 'apiSocket'>,
  env: Readonly<Record<string, string | undefined>> = process.env,
): readonly [Listen, ...Listen[]] {
  const sockets = runtimeSocketsOf(apiSocket, 'api.sock', env).filter((path) => existsSync(path));
  return [listen, ...sockets.map((path) => ({ kind: 'unix', path }) as const)];
}

/** A daemon that speaks to us. Certificates and passwords are asked for with these (RFC 9110, 15.5), an unknown Host with 421. */
const isAnswer = (answer: Answered | NoAnswer): answer is Answered =>
  answer.state === 'answered' && ![401, 403, 421, 429].includes(answer.statusCode);

/** A daemon at one of several places: at the first that answers, and there again. */
export class DaemonSomewhere {
  private readonly clients: DaemonClient[];

  private constructor(clients: DaemonClient[]) {
    this.clients = clients;
  }

  static async open(places: readonly Listen[], limits: AskLimits): Promise<DaemonSomewhere> {
    return new DaemonSomewhere(await Promise.all(places.map((place) => DaemonClient.open(place, limits))));
  }

  /** Never rejects. Where nobody answers: what came from the place asked first. */
  async ask(path: string): Promise<Answered | NoAnswer> {
    let first: Answered | NoAnswer | null = null;
    for (const [index, client] of this.clients.entries()) {
      const answer = await client.ask(path);
      if (isAnswer(answer)) {
        this.clients.splice(index, 1);
        this.clients.unshift(client);
        return answer;
      }
      first ??= answer;
    }
    return first ?? { state: 'not running', detail: 'no place to ask' };
  }

  async close(): Promise<void> {
    await Promise.all(this.clients.map((client) => client.close()));
  }
}
