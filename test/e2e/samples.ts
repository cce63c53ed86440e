interface Sample {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

/** The samples of a page in the text format. Escapes in labels stay as they are: those of the tests have none. */
export function samples(page: string): Sample[] {
  return page
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('#'))
    .map((line) => {
      const [, name, labels = '', value] = /^(\w+)(?:\{(.*)\})? (\S+)$/.exec(line) ?? [];
      if (name === undefined) throw new Error(`no sample: ${line}`);
      const pairs = [...labels.matchAll(/(\w+)="((?:[^"\\]|\\.)*)"/g)].map((match) => [match[1]!, match[2]!] as const);
      return { name, labels: Object.fromEntries(pairs), value: Number(value) };
    });
}

/** The value of the only sample with this name and, among others, these labels. */
export function sampleValue(page: string, name: string, labels: Readonly<Record<string, string>> = {}): number {
  const found = samples(page).filter(
    (one) => one.name === name && Object.entries(labels).every(([label, value]) => one.labels[label] === value),
  );
  if (found.length !== 1) {
    throw new Error(`${found.length} samples of ${name} ${JSON.stringify(labels)} in\n${page}`);
  }
  return found[0]!.value;
}
