import type { Socket } from 'node:net';
import { type Address, formatAddress, parseAddress } from '../../agent/model/address.ts';

export const MOST_CONNECTIONS = 128;
/** Of one remote address, or one IPv6 network of 64 bits: a quarter, so that it takes four to fill the house. */
const MOST_OF_ONE = 32;
/** Requests that wait for their answer on one connection. No scraper and no browser sends a second one before. */
const MOST_WAITING = 4;
/** Who has asked for nothing for so long may have to go when another comes, in ms. */
const IDLE_MS = 1000;

interface Place {
  readonly socket: Socket;
  /** Who shares its places; null: this host, where one address is everybody's. */
  readonly sharer: string | null;
  waiting: number;
  /** Since when nothing was asked, in ms. */
  idleSince: number;
}

/** Who is connected. When there is no room, who does nothing makes room: first of those who have most. */
export class Places {
  private readonly places = new Map<string, Place>();
  private readonly shares = new Map<string, number>();
  private readonly monotonic: () => number;
  private readonly onNoRoom: () => void;

  /** `onNoRoom`: somebody had to go, or was not let in. */
  constructor(monotonic: () => number, onNoRoom: () => void) {
    this.monotonic = monotonic;
    this.onNoRoom = onNoRoom;
  }

  /** A new connection, before anything is read from it. It is ended if there is no room for it. */
  enter(socket: Socket): void {
    const { remoteAddress } = socket;
    // It has gone already, or is of a Unix socket.
    if (remoteAddress === undefined) return;
    const sharer = sharerOf(remoteAddress);
    const isShareFull = sharer !== null && (this.shares.get(sharer) ?? 0) >= MOST_OF_ONE;
    if (isShareFull || this.places.size >= MOST_CONNECTIONS) {
      this.onNoRoom();
      const idle = this.idlest(isShareFull ? sharer : undefined);
      if (idle === null) {
        // Who listens for connections after us still expects one.
        process.nextTick(() => socket.destroy());
        return;
      }
      const { socket: old } = this.places.get(idle) as Place;
      this.leave(idle);
      old.destroy();
    }
    const key = keyOf(socket);
    this.places.set(key, { socket, sharer, waiting: 0, idleSince: this.monotonic() });
    if (sharer !== null) this.shares.set(sharer, (this.shares.get(sharer) ?? 0) + 1);
    socket.once('close', () => {
      if (this.places.get(key)?.socket === socket) this.leave(key);
    });
  }

  /** A request begins; false: too many on this connection, which is to be ended. `socket` may be the TLS one around it. */
  begin(socket: Socket): boolean {
    const place = this.places.get(keyOf(socket));
    const isRoom = place === undefined || ++place.waiting <= MOST_WAITING;
    if (!isRoom) this.onNoRoom();
    return isRoom;
  }

  end(socket: Socket): void {
    const place = this.places.get(keyOf(socket));
    if (place === undefined) return;
    place.waiting--;
    place.idleSince = this.monotonic();
  }

  private leave(key: string): void {
    const sharer = this.places.get(key)?.sharer ?? null;
    this.places.delete(key);
    if (sharer === null) return;
    const left = (this.shares.get(sharer) ?? 1) - 1;
    if (left > 0) this.shares.set(sharer, left);
    else this.shares.delete(sharer);
  }

  /** The one that has been idle longest, of this sharer or of the one that has most. */
  private idlest(sharer?: string): string | null {
    const before = this.monotonic() - IDLE_MS;
    let found: { key: string; share: number; since: number } | null = null;
    for (const [key, place] of this.places) {
      if (place.waiting > 0 || place.idleSince > before || (sharer !== undefined && place.sharer !== sharer)) continue;
      const share = place.sharer === null ? 0 : (this.shares.get(place.sharer) ?? 0);
      const isBetter =
        found === null || share > found.share || (share === found.share && place.idleSince < found.since);
      if (isBetter) found = { key, share, since: place.idleSince };
    }
    return found?.key ?? null;
  }
}

/** The same for a TLS socket and the one below it. */
const keyOf = ({ remoteAddress, remotePort }: Socket): string => `${remoteAddress} ${remotePort}`;

/** Half of an IPv6 address is the host's own to choose (RFC 4291, 2.5.4). */
function sharerOf(text: string): string | null {
  const address: Address | null = parseAddress(text.split('%', 1)[0] as string);
  if (address === null) return text;
  if (address.length === 1) return address[0] >>> 24 === 127 ? null : formatAddress(address);
  const [a, b, c, d] = address;
  return a === 0 && b === 0 && c === 0 && d === 1 ? null : formatAddress([a, b, 0, 0]);
}
