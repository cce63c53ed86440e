// A NAT, the plain way: every connection that it has seen, and until when it holds its port.

import type { Onlooker } from './simulator.ts';

export class NatModel implements Onlooker {
  /** By remote port: number of the connection → until when, in ms. */
  private readonly held = new Map<number, Map<number, number>>();
  /** In ms: when a connection first found no port. */
  exhaustedAt: number | null = null;
  private readonly options: {
    readonly ports: number;
    readonly heldSeconds: number;
    readonly per: 'destination' | 'machine';
  };

  constructor(options: NatModel['options']) {
    this.options = options;
  }

  opened(remotePort: number, connection: number, now: number): void {
    const { per, ports } = this.options;
    const used = per === 'machine' ? this.total(now) : this.usedBy(remotePort, now);
    if (used >= ports) this.exhaustedAt ??= now;
    const own = this.held.get(remotePort) ?? new Map<number, number>();
    this.held.set(remotePort, own.set(connection, Number.POSITIVE_INFINITY));
  }

  closed(remotePort: number, connection: number, now: number): void {
    this.held.get(remotePort)?.set(connection, now + this.options.heldSeconds * 1000);
  }

  /** What the quota counts: the fullest destination, or all together. */
  used(now: number): number {
    if (this.options.per === 'machine') return this.total(now);
    return Math.max(0, ...[...this.held.keys()].map((remotePort) => this.usedBy(remotePort, now)));
  }

  private total(now: number): number {
    return [...this.held.keys()].reduce((sum, remotePort) => sum + this.usedBy(remotePort, now), 0);
  }

  private usedBy(remotePort: number, now: number): number {
    const own = this.held.get(remotePort);
    for (const [connection, until] of own ?? []) if (until <= now) own?.delete(connection);
    return own?.size ?? 0;
  }
}
