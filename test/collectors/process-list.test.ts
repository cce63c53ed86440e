import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { ProcessList } from '../../collectors/process-list.ts';
import { fakeHost } from '../support/fake-host.ts';

const loadavg = (mark: string) => ({ loadavg: `0.20 0.18 0.12 ${mark}\n` });

describe('ProcessList', () => {
  it('lists again only when a process seems to have come or gone, or after a while', () => {
    let listings = 0;
    let mark = '1/80 300';
    const names = ['1', '300', 'self', 'net'];
    const host = {
      ...fakeHost({}),
      readText: () => loadavg(mark).loadavg,
      list: () => {
        listings++;
        return names;
      },
    };
    const list = new ProcessList(host);
    assert.deepEqual(list.read(), [1, 300]);
    list.read();
    mark = '3/80 300';
    assert.equal(list.read(), list.read(), 'how many run does not matter');
    assert.equal(listings, 1);
    mark = '1/81 301';
    names.push('301');
    assert.deepEqual(list.read(), [1, 300, 301]);
    for (let reading = 0; reading < 20; reading++) list.read();
    assert.ok(listings >= 3 && listings <= 5, `${listings} listings`);
  });

  it('lists each time where there is no such mark, and nothing where there are no processes', () => {
    let listings = 0;
    const blind = {
      ...fakeHost({}),
      readText: () => {
        throw new Error('ENOENT');
      },
      list: () => {
        listings++;
        if (listings > 2) throw new Error('ENOENT');
        return ['5'];
      },
    };
    const list = new ProcessList(blind);
    assert.deepEqual([list.read(), list.read(), list.read()], [[5], [5], []]);
  });
});
