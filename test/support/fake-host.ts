// A Host whose files are in memory, for collectors.
import type { Host } from '../../agent/model/host.ts';

function missing(path: string): Error {
  return Object.assign(new Error(`ENOENT: no such file or directory, open '/proc/${path}'`), { code: 'ENOENT' });
}

/** `files` by path below the procfs root: text, or an error to throw. Links likewise. */
export function fakeHost(
  files: Readonly<Record<string, string | Error>>,
  links: Readonly<Record<string, string>> = {},
): Host {
  const text = (path: string): string => {
    const content = files[path] ?? missing(path);
    if (content instanceof Error) throw content;
    return content;
  };
  return {
    procfs: '/proc',
    isLive: false,
    readText: text,
    readLink(path) {
      const target = links[path];
      if (target === undefined) throw missing(path);
      return target;
    },
    list(path) {
      const directory = path === '.' ? '' : `${path}/`;
      const below = [...Object.keys(files), ...Object.keys(links)].filter((name) => name.startsWith(directory));
      if (below.length === 0) throw missing(path);
      return [...new Set(below.map((name) => name.slice(directory.length).split('/')[0]!))];
    },
    open(path) {
      const bytes = Buffer.from(text(path), 'latin1');
      let position = 0;
      return {
        fd: -1,
        inode: () => 0,
        read(buffer, offset, length) {
          const count = bytes.copy(buffer, offset, position, position + length);
          position += count;
          return count;
        },
        textNow: () => text(path),
        close: () => undefined,
      };
    },
  };
}

export function denied(path: string): Error {
  return Object.assign(new Error(`EACCES: permission denied, open '/proc/${path}'`), { code: 'EACCES' });
}
