// docs/causes.md, from what the program itself says: causes, how each is known, and what would help.
import { remediesOf } from '../../agent/correlate/remedy/remedies.ts';
import { CAUSES, type Cause } from '../../agent/model/cause.ts';
import { CAUSE_WORDS } from '../../agent/model/cause-words.ts';
import type { Remedy } from '../../agent/model/remedy.ts';
import { destination, owner, PROBED } from './assessments.ts';

/** Of a program in each language: what `lastport explain` would say of it. */
const PROGRAMS = ['node', 'other', 'python3', 'nginx', 'java', 'curl', ''] as const;

export function causesDoc(): string {
  const lines = [
    '# Causes',
    '',
    '<!-- Made by test/support/causes-doc.ts (npm run docs:causes); do not edit. -->',
    '',
    'Why the ports of a destination go, as `lastport explain`, the alerts, `causes` in the JSON and `lastport_destination_cause` have it. Several may hold;',
    'the first is the one in the program by which most ports would come back. Each is *certain* (counted), *likely* (what is seen fits nothing else as',
    'well) or *possible*. Programs with the [probe](probe.md) tell why each connection ended; of the others the kernel alone tells, and where it does',
    'not tell enough, Lastport says so.',
    '',
    '| cause | in words |',
    '|---|---|',
    ...CAUSES.map((cause) => `| [\`${cause}\`](#${cause}) | ${CAUSE_WORDS[cause].headline} |`),
    '',
    'The numbers in the code below are those of one program with 110 requests under way at once; `lastport explain` fills in yours.',
    '',
  ];
  for (const cause of CAUSES) lines.push(...chapter(cause));
  return `${lines.join('\n').trimEnd()}\n`;
}

function chapter(cause: Cause): string[] {
  const { meaning, fromProbe, fromKernel } = CAUSE_WORDS[cause];
  const lines = [
    `## ${cause}`,
    '',
    meaning,
    '',
    `**From a probe:** ${fromProbe}`,
    '',
    `**From the kernel alone:** ${fromKernel}`,
    '',
  ];
  for (const remedy of allRemedies(cause)) {
    const costs = remedy.costs === null ? '' : ` It costs: ${remedy.costs}.`;
    lines.push(`- **${remedy.for}:** ${remedy.line}. Expect ${remedy.expect}.${costs}`, '');
    if (remedy.code.length > 0)
      lines.push(`  \`\`\`${LANGUAGES[remedy.for]}`, ...remedy.code.map((line) => `  ${line}`.trimEnd()), '  ```', '');
  }
  return lines;
}

const LANGUAGES: Readonly<Record<Remedy['for'], string>> = {
  undici: 'js',
  fetch: 'js',
  'node:http': 'js',
  go: 'go',
  python: 'python',
  nginx: 'nginx',
  java: 'java',
  curl: 'sh',
  server: '',
  any: '',
  kernel: 'sh',
};

/** Each once, in the order of the programs. */
export function allRemedies(cause: Cause): readonly Remedy[] {
  const all = PROGRAMS.flatMap((comm) =>
    remediesOf(
      cause,
      destination({ ...(comm === 'node' ? PROBED : {}), owners: comm === '' ? [] : [owner({ comm })] }),
    ),
  );
  const http = remediesOf(cause, destination({ ...PROBED, probe: { ...PROBED.probe!, clients: ['http'] } }));
  const seen = new Set<string>();
  return [...all, ...http].filter(({ for: kind, line }) => {
    const isNew = !seen.has(`${kind} ${line}`) && !seen.has(kind);
    seen.add(`${kind} ${line}`);
    seen.add(kind);
    return isNew;
  });
}
