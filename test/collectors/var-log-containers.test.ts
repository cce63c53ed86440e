import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import fc from 'fast-check';
import { realHost } from '../../agent/host.ts';
import type { Host } from '../../agent/model/host.ts';
import { NetnsFinder } from '../../collectors/proc-ns-net.ts';
import { Programs } from '../../collectors/programs.ts';
import { podNames } from '../../collectors/var-log-containers.ts';
import { denied, fakeHost } from '../support/fake-host.ts';

const APP = '4f0c2e1d9a8b7c6d5e4f3a2b1c0d9e8f7a6b5c4d3e2f1a0b9c8d7e6f5a4b3c2d';
const PAUSE = '0a1b2c3d4e5f60718293a4b5c6d7e8f90a1b2c3d4e5f60718293a4b5c6d7e8f9';
const ETCD = 'c0ffee00c0ffee00c0ffee00c0ffee00c0ffee00c0ffee00c0ffee00c0ffee00';
const UID = '1a2b3c4d-0001-4aaa-8bbb-0123456789ab';
const STATIC = '81e09ae0deadbeef81e09ae0deadbeef';
const POD = 'api-7d9f8b6c5-x2x4z';

/** As kubelets of containerd, CRI-O and Docker leave them. */
const LINKS: readonly (readonly [string, string])[] = [
  [`${POD}_payments_app-${APP}.log`, `/var/log/pods/payments_${POD}_${UID}/app/0.log`],
  [
    `etcd-cp.example.com_kube-system_etcd-${ETCD}.log`,
    `/var/log/pods/kube-system_etcd-cp.example.com_${STATIC}/etcd/3.log`,
  ],
];

/** Names that no kubelet makes, of which none may pass for a pod's. */
const HOSTILE = [
  `a"b_ns_c-${APP}.log`,
  `\u001b[31mred_ns_c-${APP}.log`,
  `a\nb_ns_c-${APP}.log`,
  `pod_na{me="x"}_c-${APP}.log`,
  `..._..._...-${APP}.log`,
  `UPPER_ns_c-${APP}.log`,
  `one_two_three_four-${APP}.log`,
  `pod_ns_c-${APP.slice(1)}.log`,
  `pod_ns_c-${APP}.log.gz`,
  `_ns_c-${APP}.log`,
  'constructor',
  '__proto__',
];

const cgroups = {
  systemd: (id: string, uid = UID) =>
    `0::/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod${uid.replaceAll('-', '_')}.slice/cri-containerd-${id}.scope\n`,
  cgroupfs: (id: string, uid = UID) => `12:memory:/kubepods/besteffort/pod${uid}/${id}\n0::/\n`,
  // As a process with a cgroup namespace of its own sees others.
  relative: (id: string, uid = UID) => `0::/../../kubepods-pod${uid.replaceAll('-', '_')}.slice/crio-${id}.scope\n`,
};

describe('podNames', () => {
  let folder: string;
  let clock: number;
  beforeEach(() => {
    clock = 0;
    folder = mkdtempSync(join(tmpdir(), 'lastport-containers-'));
  });
  afterEach(() => rmSync(folder, { recursive: true }));
  const link = ([name, target]: readonly [string, string]) => symlinkSync(target, join(folder, name));
  const names = (host: Host = realHost(folder)) => podNames(host, () => clock);

  for (const [driver, cgroup] of Object.entries(cgroups)) {
    it(`knows a container and the one that keeps its pod, in a cgroup by ${driver}`, () => {
      LINKS.forEach(link);
      const { of, gap } = names();
      assert.deepEqual(of(cgroup(APP)), { namespace: 'payments', pod: POD, container: 'app' });
      assert.deepEqual(of(cgroup(PAUSE)), { namespace: 'payments', pod: POD, container: null });
      const system = { namespace: 'kube-system', pod: 'etcd-cp.example.com' };
      assert.deepEqual(of(cgroup(ETCD, STATIC)), { ...system, container: 'etcd' });
      assert.equal(gap(), null);
    });
  }

  for (const name of HOSTILE) {
    it(`is not taken in by ${JSON.stringify(name)}`, () => {
      writeFileSync(join(folder, name), '');
      const { of, gap } = names();
      assert.equal(of(cgroups.systemd(APP)), 'unknown');
      assert.equal(gap(), null);
    });
  }

  it('shows nothing but plain letters, whatever is in the folder', () => {
    const text = fc.oneof(fc.string({ unit: 'binary' }), fc.constantFrom(...LINKS.flat(), ...HOSTILE));
    fc.assert(
      fc.property(fc.dictionary(text, text), (links) => {
        const host = { ...fakeHost({}), list: () => Object.keys(links), readLink: (name: string) => links[name] ?? '' };
        const found = names(host).of(cgroups.systemd(APP));
        if (found === null || found === 'unknown') return;
        for (const word of Object.values(found)) assert.match(word ?? '', /^[a-z0-9.-]*$/);
      }),
    );
  });

  it('keeps a pod whose name is too long for a file, which loses the id', () => {
    const long = 'a'.repeat(240);
    link([`${long}_payments_app`, `/var/log/pods/payments_${long}_${UID}/app/0.log`]);
    assert.deepEqual(names().of(cgroups.systemd(APP)), { namespace: 'payments', pod: long, container: null });
  });

  it('lists the folder only for an id that is new, and not again before three seconds have passed', () => {
    LINKS.forEach(link);
    let lists = 0;
    const real = realHost(folder);
    const { of } = names({
      ...real,
      list: (path) => {
        lists++;
        return real.list(path);
      },
    });
    const other = cgroups.systemd('b'.repeat(64), UID.replace('1a', '2b'));
    of(cgroups.systemd(APP));
    of(cgroups.systemd(APP));
    of(cgroups.cgroupfs(ETCD, STATIC));
    assert.equal(lists, 1);
    assert.equal(of(other), 'unknown');
    assert.equal(lists, 1);
    for (let second = 1; second < 60; second++) {
      clock = second * 1000;
      of(other);
      of(cgroups.systemd(PAUSE));
    }
    // Three for each of the two, less the one that both had.
    assert.ok(lists <= 7, `${lists}`);
  });

  it('is not asked about what is in no pod, and says what is lost where it may not look', () => {
    const refused = names({
      ...fakeHost({}),
      procfs: '/var/log/containers',
      list: () => {
        throw denied('x');
      },
    });
    assert.equal(refused.of(`0::/system.slice/docker-${APP}.scope`), null);
    assert.equal(refused.gap(), null);
    assert.equal(refused.of(cgroups.systemd(APP)), null);
    assert.match(refused.gap()?.why ?? '', /^\/var\/log\/containers: permission denied$/);
    const none = names(realHost(join(folder, 'not-there')));
    assert.equal(none.of(cgroups.systemd(APP)), null);
    assert.match(none.gap()?.why ?? '', /ENOENT$/);
  });

  it('is not asked by a pod about itself, nor by what runs in it', () => {
    const own = cgroups.systemd(APP);
    const { of, gap } = podNames(realHost(join(folder, 'not-there')), () => clock, own);
    assert.deepEqual([of(own), gap()], [null, null]);
    assert.deepEqual([of(cgroups.systemd(PAUSE)), gap()?.source], [null, 'var-log-containers']);
  });

  it('names the network namespace of a pod, once the kubelet has named the pod', () => {
    const files = { 'self/cgroup': '0::/\n', '7/cgroup': cgroups.systemd(PAUSE) };
    const inode = 4026532999;
    const links = { 'self/ns/net': 'net:[4026531840]', '1/ns/net': 'net:[4026531840]', '7/ns/net': `net:[${inode}]` };
    const finder = new NetnsFinder(fakeHost(files, links), undefined, names());
    const labels = () => finder.find().namespaces.map(({ label }) => label);
    assert.deepEqual(labels(), ['host', String(inode)]);
    LINKS.forEach(link);
    clock = 3000;
    assert.deepEqual(labels(), ['host', `payments/${POD}`]);
  });

  it("falls back on a container's id where the name does not come", () => {
    const files = { 'self/cgroup': '0::/\n', '7/cgroup': cgroups.systemd(APP) };
    const links = { 'self/ns/net': 'net:[4026531840]', '1/ns/net': 'net:[4026531840]', '7/ns/net': 'net:[4026532999]' };
    const finder = new NetnsFinder(fakeHost(files, links), undefined, names());
    const labels = () => finder.find().namespaces.map(({ label }) => label);
    for (let look = 0; look < 3; look++) assert.deepEqual(labels(), ['host', '4026532999']);
    assert.deepEqual(labels(), ['host', APP.slice(0, 12)]);
  });

  it('names the owner of ports by namespace, pod and container, not by the unit of its runtime', () => {
    LINKS.forEach(link);
    const stat = `7 (node) S 1 ${'0 '.repeat(17)}4242 0`;
    const cgroup = `0::/system.slice/containerd.service/kubepods-burstable-pod${UID.replaceAll('-', '_')}.slice:cri-containerd:${APP}\n`;
    const host = fakeHost({ '7/stat': stat, '7/cgroup': cgroup, '7/cmdline': 'node\0/srv/api.js\0' });
    const programs = new Programs(host, { pods: names() });
    const program = programs.at(programs.identify(7));
    assert.equal(program?.container, `payments/${POD}/app`);
    assert.equal(program?.unit, null);
  });
});
