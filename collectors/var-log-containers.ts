import type { Gap } from '../agent/model/gap.ts';
import type { Host } from '../agent/model/host.ts';

/** What Kubernetes calls a container. */
export interface PodName {
  readonly namespace: string;
  readonly pod: string;
  /** null: the one that only keeps the pod's namespaces. */
  readonly container: string | null;
}

export interface PodNames {
  /** By the text of a process's cgroup. null: it is in no pod, or there is nobody to ask; 'unknown': its name is not there yet. */
  of(cgroup: string): PodName | 'unknown' | null;
  gap(): Gap | null;
}

/** Links that are read; a node has a few hundred. */
const MOST = 4096;
/** From one listing to the next, in ms: the kubelet makes a link within a second of a container's start. */
const LISTED_AFTER = 3000;
/** Listings for one id that is not there: that of a pod's first process never is. */
const TRIES = 3;

/**
 * The kubelet's links to the logs of containers: POD_NAMESPACE_CONTAINER-ID.log. Names have no underscore (RFC 1123). A name
 * that is too long for a file loses its end, and with it the id.
 */
const LINK = /^([a-z0-9][a-z0-9.-]*)_([a-z0-9][a-z0-9-]*)_([a-z0-9][a-z0-9-]*)-([0-9a-f]{64})\.log$/;
/** Where they lead to: NAMESPACE_POD_UID/CONTAINER/N.log. A static pod's uid is 32 digits. */
const TARGET =
  /\/([a-z0-9][a-z0-9-]*)_([a-z0-9][a-z0-9.-]*)_([0-9a-f]{32}|[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})\/[^/]+\/[^/]+$/;

/** "kubepods-burstable-pod1a2b3c4d_….slice" of systemd, "/kubepods/burstable/pod1a2b3c4d-…" of cgroupfs. */
const POD = /(?:^|[/-])pod([0-9a-f]{32}|[0-9a-f]{8}(?:[_-][0-9a-f]{4}){3}[_-][0-9a-f]{12})(?:\.slice)?(?=[/:\n]|$)/;
const CONTAINER = /(?:^|[/:-])([0-9a-f]{64})(?:\.scope)?(?=[/\n]|$)/;

/**
 * Names of pods from /var/log/containers, the one place on a node where they stand beside the ids that the kernel shows. It is
 * listed only when an id turns up that was not there. `own` is the cgroup of this process: a pod that looks at itself alone has
 * no such folder, and is not asked about.
 */
export function podNames(folder: Host, clock: () => number, own: string | null = null): PodNames {
  const containers = new Map<string, PodName>();
  const pods = new Map<string, PodName>();
  const tries = new Map<string, number>();
  let listedAt = Number.NEGATIVE_INFINITY;
  let problem: Pick<Gap, 'what' | 'why'> | null = null;
  const known = (container: string | undefined, pod: string | undefined) =>
    containers.get(container ?? '') ?? pods.get(pod ?? '') ?? null;

  const list = (): void => {
    containers.clear();
    pods.clear();
    problem = null;
    let names: string[];
    try {
      names = folder.list('.');
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      problem = {
        what: 'the names of pods',
        why: `${folder.procfs}: ${code === 'EACCES' ? 'permission denied' : code}`,
      };
      return;
    }
    if (names.length > MOST) {
      problem = {
        what: `the names of ${names.length - MOST} containers`,
        why: `${folder.procfs} has more than ${MOST}`,
      };
    }
    for (const name of names.slice(0, MOST)) read(name);
  };

  const read = (name: string): void => {
    const [, pod, namespace, container, id] = LINK.exec(name) ?? [];
    if (id !== undefined) containers.set(id, { namespace: namespace!, pod: pod!, container: container! });
    const [, ns, whose, uid] = TARGET.exec(targetOf(folder, name)) ?? [];
    if (uid !== undefined) pods.set(uid, { namespace: ns!, pod: whose!, container: null });
  };

  return {
    of(cgroup) {
      if (cgroup === own) return null;
      const pod = POD.exec(cgroup)?.[1]?.replaceAll('_', '-');
      const container = CONTAINER.exec(cgroup)?.[1];
      // Another runtime's container has no such link, and would have the folder listed for nothing.
      if (pod === undefined && !containers.has(container ?? '')) return null;
      const found = known(container, pod);
      if (found !== null && (container === undefined || found.container !== null)) return found;
      const key = container ?? pod ?? '';
      const tried = tries.get(key) ?? 0;
      if (tried < TRIES && clock() - listedAt >= LISTED_AFTER) {
        if (tries.size >= MOST) tries.clear();
        tries.set(key, tried + 1);
        listedAt = clock();
        list();
      }
      return known(container, pod) ?? (problem === null ? 'unknown' : null);
    },
    gap: () =>
      problem && { source: 'var-log-containers', ...problem, costs: 'pods are told by the ids of their containers' },
  };
}

function targetOf(folder: Host, name: string): string {
  try {
    return folder.readLink(name);
  } catch {
    return ''; // no link, or gone
  }
}
