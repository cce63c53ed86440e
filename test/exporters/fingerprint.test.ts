import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { AlertLabels } from '../../agent/model/alert.ts';
import { fingerprint } from '../../exporters/fingerprint.ts';
import { alert } from '../support/alerts.ts';

describe('fingerprint', () => {
  it('is that of Go: no labels are the offset of FNV-1a', () => {
    assert.equal(fingerprint({} as AlertLabels), 'cbf29ce484222325');
  });

  it('is that of Alertmanager 0.25 for labels it was given', () => {
    assert.equal(fingerprint(alert().labels), 'e8d40611dc7d551c');
    assert.equal(fingerprint(alert({ unit: 'über.service' }).labels), 'be06fc5872ea3df9');
  });

  it('does not depend on the order, nor on labels that are empty', () => {
    const { labels } = alert();
    const reversed = Object.fromEntries(Object.entries(labels).reverse()) as unknown as AlertLabels;
    assert.equal(fingerprint(reversed), fingerprint(labels));
    assert.equal(fingerprint({ ...labels, unit: '' }), fingerprint(labels));
    assert.notEqual(fingerprint({ ...labels, unit: 'a' }), fingerprint(labels));
  });
});
