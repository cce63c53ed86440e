/** Takes numbers, choices and texts from an input, one after the other; where it has ended, zeros and ''. */
export class Draw {
  private at = 0;
  private readonly input: Buffer;

  constructor(input: Buffer) {
    this.input = input;
  }

  get isOver(): boolean {
    return this.at >= this.input.length;
  }

  byte(): number {
    return this.input[this.at++] ?? 0;
  }

  word(): number {
    return ((this.byte() << 24) | (this.byte() << 16) | (this.byte() << 8) | this.byte()) >>> 0;
  }

  of<Item>(items: readonly Item[]): Item {
    return items[this.byte() % items.length] as Item;
  }

  /** Up to the next line end. */
  line(): string {
    const end = this.input.indexOf(10, this.at);
    const to = end < 0 ? this.input.length : end;
    const text = this.input.toString('utf8', this.at, to);
    this.at = to + 1;
    return text;
  }

  rest(): Buffer {
    const { at } = this;
    this.at = this.input.length;
    return this.input.subarray(at);
  }
}
