import type { Folder } from '../../exporters/incidents/folder.ts';
import { readIncidents } from '../../exporters/incidents/read-incidents.ts';
import { incidentsJson, incidentsTable } from '../../exporters/incidents/text.ts';
import type { Config } from '../config/config.ts';

/** Of the files that cannot be read, told one by one. */
const MOST_COMPLAINTS = 5;

export interface IncidentsParts {
  /** Where they are; null: nowhere. */
  readonly folder: Folder | null;
  readonly stdout: (text: string) => void;
  readonly stderr: (text: string) => void;
}

/** `lastport incidents`: what happened while nobody looked. Returns the exit code; rejects where it may not read. */
export async function incidents(config: Config, { folder, stdout, stderr }: IncidentsParts): Promise<0> {
  const isJson = config.format === 'json';
  if (folder === null) {
    const nothing = { watched: null, incidents: [], skipped: [] };
    const why = config.stateDir === 'off' ? '--state-dir is off' : 'there is no home for them; give --state-dir DIR';
    stdout(isJson ? incidentsJson(nothing, null) : `No incidents are recorded: ${why}\n`);
    return 0;
  }
  const recorded = await readIncidents(folder).catch((error: Error) => {
    throw new Error(`Cannot read incidents: ${error.message}; be who recorded them, or name another --state-dir`, {
      cause: error,
    });
  });
  stdout(isJson ? incidentsJson(recorded, folder.path) : incidentsTable(recorded, folder.path));
  const { skipped } = recorded;
  for (const { file, why } of skipped.slice(0, MOST_COMPLAINTS)) {
    stderr(`lastport: ${folder.path}/${file} is skipped: ${why}\n`);
  }
  const more = skipped.length - MOST_COMPLAINTS;
  if (more > 0) stderr(`lastport: ${more} more files there are skipped\n`);
  return 0;
}
