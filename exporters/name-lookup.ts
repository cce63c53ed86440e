import { lookup } from 'node:dns/promises';
import { isIP } from 'node:net';

/** Addresses of a name, in the order in which they are worth trying. Rejects where there are none. */
export type NameLookup = (name: string) => Promise<readonly string[]>;

/** A name server that takes longer is not waited for where an answer is known from before. */
const PATIENCE_MS = 500;
const MOST_ADDRESSES = 8;

/** As the system resolves names, /etc/hosts first; each time anew. */
export const systemLookup: NameLookup = async (name) =>
  (await lookup(name, { all: true })).map(({ address }) => address);

/** Of a URL's host name: "10.9.0.2", "[2001:db8::1]". */
export const isAddress = (host: string): boolean => isIP(withoutBrackets(host)) !== 0;

const withoutBrackets = (host: string): string => host.replace(/^\[(.*)\]$/, '$1');

/**
 * The same for one who asks often: the last answer stands in for a name server that is slow or down, and there is one
 * question under way at most, for each holds one of Node's few threads.
 */
export function rememberingLookup(ask: NameLookup): NameLookup {
  const known = new Map<string, readonly string[]>();
  const asking = new Map<string, Promise<readonly string[]>>();
  return async (host) => {
    const name = withoutBrackets(host);
    if (isAddress(host)) return [name];
    let question = asking.get(name);
    if (question === undefined) {
      question = ask(name).then((addresses) => addresses.slice(0, MOST_ADDRESSES));
      asking.set(name, question);
      question
        .then(
          (addresses) => known.set(name, addresses),
          () => undefined, // whoever waits for it hears of it
        )
        .finally(() => asking.delete(name));
    }
    const before = known.get(name);
    if (before === undefined) return await question;
    let timer: NodeJS.Timeout | undefined;
    const patience = new Promise<readonly string[]>((resolve) => {
      timer = setTimeout(() => resolve(before), PATIENCE_MS);
    });
    try {
      return await Promise.race([question.catch(() => before), patience]);
    } finally {
      clearTimeout(timer);
    }
  };
}
