// Some 500 stories of traffic, each with a known outcome: how many ends of ports are seen coming, how early, and how often
// somebody is woken for nothing; and the same for the rules that people have.
//   npm run bench:right [-- --seed N] [--every N] [--family NAME] [--hours N]

import { parseArgs } from 'node:util';
import {
  ABOUT_THE_END,
  faultOf,
  type Judgement,
  judge,
  type Score,
  score,
  sustainable,
  USUAL_RULES,
} from '../support/judge.ts';
import { scenarios } from '../support/scenarios.ts';
import { PER_REQUEST, simulate } from '../support/simulator.ts';

const { values } = parseArgs({
  options: {
    every: { type: 'string', default: '1' },
    seed: { type: 'string', default: '1' },
    family: { type: 'string' },
    hours: { type: 'string', default: '0' },
  },
});
const chosen = scenarios(Number(values.seed))
  .filter(({ family }) => values.family === undefined || family === values.family)
  .filter((_, index) => index % Number(values.every) === 0);

const judgements: Judgement[] = [];
for (const [index, scenario] of chosen.entries()) {
  const judgement = judge(scenario);
  judgements.push(judgement);
  const fault = faultOf(judgement);
  if (fault === null) continue;
  const { family, options, ratio } = scenario;
  console.log(
    `# ${index} ${family}, ${options.ports} ports, ${ratio?.toFixed(2) ?? ''}, seed ${options.seed}: ${fault}`,
  );
}

const families = [...new Set(chosen.map(({ family }) => family))];
console.log(
  '| | scenarios | of these the ports run out | faults | median lead | of what was to be had |\n|---|---|---|---|---|---|',
);
const percent = (share: number | null) => (share === null ? '' : `${(share * 100).toFixed(1)} %`);
for (const family of families) {
  const these = judgements.filter(({ scenario }) => scenario.family === family);
  const { medianLead, medianShare } = score(these, ({ alertAt }) => alertAt);
  const ends = these.filter(({ endsAt }) => endsAt !== null).length;
  const faults = these.filter((one) => faultOf(one) !== null).length;
  const lead = medianLead === null ? '' : `${medianLead.toFixed(1)} s`;
  console.log(`| ${family} | ${these.length} | ${ends} | ${faults} | ${lead} | ${percent(medianShare)} |`);
}
console.log('\n| | precision | recall | median lead | false alarms | missed |\n|---|---|---|---|---|---|');
const row = (name: string, { truePositives, falsePositives, missed, medianLead }: Score) => {
  const precision = truePositives / (truePositives + falsePositives);
  const recall = truePositives / (truePositives + missed);
  const lead = medianLead === null ? '' : `${medianLead.toFixed(1)} s`;
  console.log(`| ${name} | ${percent(precision)} | ${percent(recall)} | ${lead} | ${falsePositives} | ${missed} |`);
};
row(
  'Lastport',
  score(judgements, ({ alertAt }) => alertAt),
);
for (const rule of USUAL_RULES) {
  row(
    rule,
    score(judgements, ({ usualAt }) => usualAt[rule]),
  );
}

const hours = Number(values.hours);
const about = ({ alerts }: ReturnType<typeof simulate>) =>
  alerts.filter(({ alert }) => ABOUT_THE_END.includes(alert.labels.alertname));
if (hours > 0) {
  console.log(
    `\n| ${hours} h steady at, of the sustainable rate | ports | most used | connects refused | alerts about the end |\n|---|---|---|---|---|`,
  );
  for (const ports of [2000, 4000]) {
    for (const ratio of [0.8, 0.9, 0.93]) {
      const rate = ratio * sustainable(ports);
      const options = { ports, seed: 1, seconds: hours * 3600, traffic: [{ ...PER_REQUEST, rate: () => rate }] };
      const outcome = simulate(options);
      const begun = about(outcome).filter(({ alert }) => alert.endsAt === null);
      console.log(`| ${ratio} | ${ports} | ${outcome.mostUsed} | ${outcome.failures} | ${begun.length} |`);
    }
  }
  console.log(
    `\n| ${hours} h of storms that come and go, 4,000 ports | storms | alerts about the end | of these resolved |\n|---|---|---|---|`,
  );
  const limit = sustainable(4000);
  for (const [every, lasts, ratio] of [
    [60, 15, 2],
    [180, 15, 2],
    [900, 30, 1.5],
    [3600, 300, 1.2],
  ] as const) {
    const rate = (seconds: number) => (seconds % every < lasts ? ratio : 0.1) * limit;
    const outcome = simulate({ ports: 4000, seed: 1, seconds: hours * 3600, traffic: [{ ...PER_REQUEST, rate }] });
    const ended = about(outcome).filter(({ alert }) => alert.endsAt !== null).length;
    const storms = Math.floor((hours * 3600) / every);
    console.log(
      `| every ${every} s, ${lasts} s at ${ratio} × sustainable | ${storms} | ${about(outcome).length - ended} | ${ended} |`,
    );
  }
}
