import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { isBetter, labelOfCgroup, labelOfMount } from '../../collectors/netns-label.ts';
import { parseMountinfo } from '../../collectors/proc-mountinfo.ts';

const ID = '4f0c2e1d9a8b7c6d5e4f3a2b1c0d9e8f7a6b5c4d3e2f1a0b9c8d7e6f5a4b3c2d';

describe('labelOfCgroup', () => {
  for (const [text, expected] of [
    [`0::/system.slice/docker-${ID}.scope\n`, '4f0c2e1d9a8b'],
    [`12:memory:/docker/${ID}\n0::/\n`, '4f0c2e1d9a8b'],
    [`0::/kubepods.slice/kubepods-pod1_2.slice/cri-containerd-${ID}.scope`, '4f0c2e1d9a8b'],
    [`0::/kubepods/besteffort/pod11-22/${ID}`, '4f0c2e1d9a8b'],
    [`0::/machine.slice/libpod-${ID}.scope/container`, '4f0c2e1d9a8b'],
    ['0::/lxc.payload.web', 'web'],
    ['3:cpu:/lxc/db/init.scope', 'db'],
    ['0::/machine.slice/systemd-nspawn@build\\x2d1.service', 'build-1'],
    ['0::/system.slice/api.service', 'api.service'],
    ['0::/user.slice/user-1000.slice/user@1000.service/app.slice/web.service', 'web.service'],
    ['0::/user.slice/user-1000.slice/session-3.scope', undefined],
    ['0::/system.slice/a\\x1b[8m.service', 'a?[8m.service'],
    ['0::/lxc.payload.a\u202eb', 'a?b'],
    ['0::/', undefined],
    ['', undefined],
  ] as const) {
    it(`${JSON.stringify(text.slice(0, 60))} is ${expected}`, () => assert.equal(labelOfCgroup(text)?.text, expected));
  }
});

describe('labelOfMount', () => {
  it('is the name, which is worth more where a person gave it', () => {
    assert.deepEqual(labelOfMount('/run/netns/blue'), { rank: 'named', text: 'blue' });
    assert.equal(labelOfMount('/run/netns/a\u001b[8m').text, 'a?[8m');
    const madeUp = labelOfMount('/run/netns/cni-0d9e8f7a-6b5c');
    assert.equal(madeUp.rank, 'mount');
    assert.ok(isBetter(labelOfMount('x'), madeUp) && !isBetter(madeUp, madeUp));
  });
});

describe('parseMountinfo', () => {
  it('finds none whose number is none', () =>
    assert.equal(parseMountinfo('368 25 0:4 net:[9007199254740993] /run/netns/a rw - nsfs nsfs rw\n', '').size, 0));

  it('finds the network namespaces among all mounts', () => {
    const text = [
      '22 1 0:21 / /proc rw,nosuid - proc proc rw',
      '368 25 0:4 net:[4026532246] /run/netns/blue rw shared:1 - nsfs nsfs rw',
      '369 25 0:4 net:[4026532300] /run/a\\040b rw - nsfs nsfs rw',
      '370 25 0:4 mnt:[4026532301] /run/mnt rw - nsfs nsfs rw',
    ].join('\n');
    assert.deepEqual(
      [...parseMountinfo(text, '1/root')],
      [
        [4026532246, '1/root/run/netns/blue'],
        [4026532300, '1/root/run/a b'],
      ],
    );
  });
});
