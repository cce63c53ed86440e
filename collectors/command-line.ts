/** What stands for a secret. */
const MASK = '***';
const LONGEST = 512;
const MOST_WORDS = 200;

/** What options, variables and parameters that hold a secret are called. */
const SECRET_NAME =
  /pass(?!ive)|pwd|secret|token|api-?_?key|access-?_?key|private|credential|auth|cookie|session|bearer|signature|\bkey\b|\bsas\b|\bdsn\b/i;
/** Programs whose -p is a password, joined to it or not, and whose -u is user:password. */
const DASH_P = /^(mysql|mariadb|mysqldump|mysqladmin|sshpass|mongo|mongosh)/;
const DASH_U = /^(curl|wget|http|https|xh)$/;
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

function takesSecret(program: string, option: string): boolean {
  if (DASH_P.test(program) && option === '-p') return true;
  if (DASH_U.test(program) && (option === '-u' || option === '--user' || option === '-H' || option === '-b'))
    return true;
  return SECRET_NAME.test(option);
}

function masked(program: string, word: string, option: RegExpExecArray | null): string {
  if (option?.[2] !== undefined) {
    return SECRET_NAME.test(option[1]!) ? `${option[1]}=${MASK}` : `${option[1]}=${maskedText(option[2])}`;
  }
  if (DASH_P.test(program) && /^-p./.test(word)) return `-p${MASK}`;
  if (DASH_U.test(program) && /^-[uHb]./.test(word)) return `${word.slice(0, 2)}${MASK}`;
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
