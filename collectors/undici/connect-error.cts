// Why a connection could not be opened, address by address: a host with several has an AggregateError, whose own code is
// only the first one's.

export interface ConnectError {
  readonly code: string;
  /** '' and 0: not known. */
  readonly local: string;
  readonly remote: string;
  readonly port: number;
}

const MOST = 16;
/** What Node and undici call errors; anything else may hold text of the program's. */
const CODE = /^[A-Z][A-Z0-9_]{1,39}$/;

export function codesOf(error: unknown): ConnectError[] {
  if (typeof error !== 'object' || error === null) return [];
  const { errors } = error as { errors?: unknown };
  const all = Array.isArray(errors) && errors.length > 0 ? errors.slice(0, MOST) : [error];
  return all.flatMap((one: unknown) => {
    if (typeof one !== 'object' || one === null) return [];
    const { code, address, port, localAddress } = one as { [key: string]: unknown };
    if (typeof code !== 'string' || !CODE.test(code)) return [];
    return [{ code, local: text(localAddress), remote: text(address), port: typeof port === 'number' ? port : 0 }];
  });
}

/** An address; the path of a Unix socket is none. */
function text(value: unknown): string {
  return typeof value === 'string' && /^[\da-fA-F:.%\w-]{2,64}$/.test(value) && !value.includes('/') ? value : '';
}
