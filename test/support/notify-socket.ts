import { loadLibc, succeeded } from '../../collectors/libc.ts';

const AF_UNIX = 1;
const SOCK_DGRAM_NONBLOCK = 2 | 0o4000;
const EAGAIN = 11;

/** What a service manager has: a datagram socket at a path, or at @NAME. Throws where koffi cannot be loaded. */
export class NotifySocket {
  private readonly libc = loadLibc();
  private readonly fd: number;

  constructor(address: string) {
    const name = Buffer.from(address);
    if (name[0] === 0x40) name[0] = 0;
    const place = Buffer.concat([Buffer.of(AF_UNIX, 0), name]);
    this.fd = succeeded(this.libc, this.libc.socket(AF_UNIX, SOCK_DGRAM_NONBLOCK, 0), 'open a socket');
    succeeded(this.libc, this.libc.bind(this.fd, place, place.length), `bind it to ${address}`);
  }

  /** The messages that have come since the last time, as the lines that they are made of. */
  read(): string[] {
    const lines: string[] = [];
    const buffer = Buffer.alloc(4096);
    for (;;) {
      const length = Number(this.libc.recv(this.fd, buffer, buffer.length, 0));
      if (length < 0 && this.libc.errno() === EAGAIN) return lines;
      lines.push(...buffer.toString('utf8', 0, succeeded(this.libc, length, 'read it')).split('\n'));
    }
  }

  close(): void {
    this.libc.close(this.fd);
  }
}
