/** Of SGR (ECMA-48, 8.3.117), the eight colours and their bright ones, as on a dark terminal. */
const COLORS = ['#1c232b', '#ff7b72', '#56d364', '#e3b341', '#58a6ff', '#c9a6ff', '#66c2f0', '#e6edf3'] as const;
// biome-ignore lint/suspicious/noControlCharactersInRegex: that is what it begins with
const SGR = /\u001b\[([\d;]*)m/;
const PAGE = `<style>body { margin: 0 } pre { display: inline-block; margin: 0; padding: 12px; background: #10151b; color: #e6edf3; font: 14px/1.25 "DejaVu Sans Mono", monospace }</style>`;

/** What a terminal shows, with its colours, as a page. `text`: as `tmux capture-pane -e` prints it. */
export function terminalHtml(text: string): string {
  const styles = new Style();
  let made = '';
  for (const [index, part] of text.trimEnd().split(SGR).entries()) {
    if (index % 2 === 1) styles.apply(part);
    else if (part !== '') made += `<span style="${styles.css}">${escaped(part)}</span>`;
  }
  return `${PAGE}<pre>${made}</pre>`;
}

class Style {
  private color: string | null = null;
  private ground: string | null = null;
  private isBold = false;
  private isFaint = false;
  private isReversed = false;

  apply(codes: string): void {
    const numbers = codes.split(';').map(Number);
    for (let index = 0; index < numbers.length; index++) {
      const code = numbers[index] as number;
      if (code === 0) Object.assign(this, new Style());
      else if (code === 1) this.isBold = true;
      else if (code === 2) this.isFaint = true;
      else if (code === 7) this.isReversed = true;
      else if (code === 22) this.isBold = this.isFaint = false;
      else if (code === 27) this.isReversed = false;
      else if (code === 39) this.color = null;
      else if (code === 49) this.ground = null;
      else if (code >= 30 && code <= 37) this.color = COLORS[code - 30] as string;
      else if (code >= 40 && code <= 47) this.ground = COLORS[code - 40] as string;
      else if (code >= 90 && code <= 97) this.color = COLORS[code - 90] as string;
    }
  }

  get css(): string {
    const [color, ground] = [this.color ?? COLORS[7], this.ground ?? COLORS[0]];
    return [
      `color: ${this.isReversed ? ground : color}`,
      ...(this.isReversed || this.ground !== null ? [`background: ${this.isReversed ? color : ground}`] : []),
      ...(this.isBold ? ['font-weight: bold'] : []),
      ...(this.isFaint ? ['opacity: 0.7'] : []),
    ].join('; ');
  }
}

const escaped = (text: string): string => text.replace(/&/g, '&amp;').replace(/</g, '&lt;').replace(/>/g, '&gt;');
