import type { IncidentSummary } from '../../agent/model/incident.ts';
import { decodeIncident, isIncidentFile, LONGEST_FILE } from './file.ts';
import type { Folder } from './folder.ts';
import { MOST_INCIDENTS } from './folder-writer.ts';
import { decodeMark, LONGEST_MARK, MARK, type Mark } from './mark.ts';

/** What a state directory holds. */
export interface Recorded {
  /** null: nothing has ever been recorded there, or it does not say. */
  readonly watched: Mark | null;
  /** Newest first. */
  readonly incidents: readonly IncidentSummary[];
  /** Files that cannot be read, and why. */
  readonly skipped: readonly { readonly file: string; readonly why: string }[];
}

/** Rejects where the folder cannot be read; a file that cannot is skipped. */
export async function readIncidents(folder: Folder): Promise<Recorded> {
  const names = (await folder.list()).map(({ name }) => name);
  const watched = names.includes(MARK) ? await readMark(folder) : null;
  const incidents: IncidentSummary[] = [];
  const skipped: { file: string; why: string }[] = [];
  // Names are times. One after the other: together they would take a gigabyte.
  for (const file of names.filter(isIncidentFile).slice(-MOST_INCIDENTS).reverse()) {
    try {
      incidents.push((await decodeIncident(await folder.read(file, LONGEST_FILE))).summary);
    } catch (error) {
      const { code, message } = error as NodeJS.ErrnoException;
      // A daemon may have removed it meanwhile.
      if (code !== 'ENOENT') skipped.push({ file, why: (message.split('\n')[0] as string).slice(0, 200) });
    }
  }
  return { watched: watched && later(watched, incidents[0]), incidents, skipped };
}

/** An incident tells of a later look than the mark, which is not written at every one. */
function later(mark: Mark, newest: IncidentSummary | undefined): Mark {
  return newest !== undefined && Date.parse(newest.writtenAt) > Date.parse(mark.until)
    ? { ...mark, until: newest.writtenAt }
    : mark;
}

/** null: there is none that can be read. */
export async function readMark(folder: Folder): Promise<Mark | null> {
  return folder.read(MARK, LONGEST_MARK).then(decodeMark, () => null);
}
