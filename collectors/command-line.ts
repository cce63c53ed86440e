/** What stands for a secret. */
const MASK = '***';
const LONGEST = 512;
const MOST_WORDS = 200;

/** What options, variables and parameters that hold a secret are called. */
const SECRET_NAME =
  /pass(?!ive)|pwd|secret|token|api-?_?key|access-?_?key|private|credential|auth|cookie|session|bearer|signature|\bkey\b|\bsas\b|\bdsn\b/i;
/** Programs with options that hold a secret and do not say so, joined to it or not. */
const SECRET_OPTIONS: readonly (readonly [program: RegExp, option: RegExp])[] = [
  [/^(mysql|mariadb|mysqldump|mysqladmin|sshpass|mongo|mongosh)/, /^-p/],
  [/^(curl|wget|http|https|xh)$/, /^(-[uUHb]|--((proxy-)?user|header)(?![\w-]))/],
  [/^redis-cli$/, /^-a/],
  [/^ldap\w+$/, /^-w/],
];
/** What a secret looks like, wherever it is: a JWT, and keys that say whose they are. */
const SECRET_VALUE =
  /\beyJ[\w-]{8,}\.[\w.-]+|\b(?:AKIA|ASIA)[0-9A-Z]{16}\b|\bgh[pousr]_\w{20,}|\bxox[abprs]-[\w-]{10,}|\bsk[-_](?:live_|test_)?\w{16,}|-----BEGIN [^-]*PRIVATE KEY-----[\s\S]*/g;
const USERINFO = /\b([a-z][a-z0-9+.-]*:\/\/)[^\s/@]*@/gi;
const PARAMETER = /([?&;]|^|[\s,{"'])([\w.-]+)(["']?\s*[=:]\s*["']?)([^\s&;,"'}]+)/g;
const HEADER = /^([\w-]+:\s*)(.+)$/;

/**
 * A process's arguments as one line, for people to know it by. What may be a secret is masked: the values of options,
 * variables, headers and parameters that are called like one, passwords in URLs, and what looks like a key.
 */
export function maskedCommandLine(argv: readonly string[]): string {
  const program = argv[0]?.slice(argv[0].lastIndexOf('/') + 1) ?? '';
  const words: string[] = [];
  let isSecret = false;
  for (const whole of argv.slice(0, MOST_WORDS)) {
    // What comes after that is cut off in any case.
    const word = whole.slice(0, LONGEST * 2);
    if (isSecret && !/^--[a-z]/i.test(word)) {
      words.push(MASK);
      isSecret = false;
      continue;
    }
    const option = /^(--?[\w.-]+)(?:=(.*))?$/s.exec(word);
    isSecret = option !== null && option[2] === undefined && takesSecret(program, word);
    words.push(masked(program, word, option));
  }
  const line = words.map((word) => (/^[^\s"']+$/.test(word) ? word : JSON.stringify(word))).join(' ');
  return line.length > LONGEST ? `${line.slice(0, LONGEST - 1)}…` : line;
}

/** The option of this program that the word begins with, if it holds a secret; '': none. */
function secretOption(program: string, word: string): string {
  const [, option] = SECRET_OPTIONS.find(([name]) => name.test(program)) ?? [];
  return option?.exec(word)?.[0] ?? '';
}

const takesSecret = (program: string, option: string): boolean =>
  secretOption(program, option) === option || SECRET_NAME.test(option);

function masked(program: string, word: string, option: RegExpExecArray | null): string {
  const joined = secretOption(program, word);
  if (joined !== '' && joined !== word) return `${joined}${MASK}`;
  if (option?.[2] !== undefined) {
    return SECRET_NAME.test(option[1]!) ? `${option[1]}=${MASK}` : `${option[1]}=${maskedText(option[2])}`;
  }
  return maskedText(word);
}

function maskedText(text: string): string {
  const header = HEADER.exec(text);
  if (header !== null && SECRET_NAME.test(header[1]!) && !header[2]!.startsWith('//')) return `${header[1]}${MASK}`;
  return maskedParameters(text.replace(USERINFO, `$1${MASK}@`).replace(SECRET_VALUE, MASK));
}

/** A value may hold parameters itself: that of "https" in "https://h/p?token=…" does. */
function maskedParameters(text: string): string {
  return text.replace(PARAMETER, (_, before: string, name: string, between: string, value: string) => {
    return `${before}${name}${between}${SECRET_NAME.test(name) ? MASK : maskedParameters(value)}`;
  });
}
