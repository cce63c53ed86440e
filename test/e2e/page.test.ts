// The live page of a real agent, under a storm: what a browser shows is what /api/assessment says.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Assessment } from '../../agent/model/assessment.ts';
import { obstacle } from '../kernel/netns.ts';
import { A } from '../kernel/situations/places.ts';
import { openPage, TestBrowser } from '../support/browser.ts';
import { needs } from '../support/needs.ts';
import { Inside, LASTPORT_AT, USABLE } from './inside.ts';

const SECONDS = 6;
const EACH_SECOND = 60;

const skip = needs('chromium') || (await obstacle());
describe('the live page of lastport run', { skip, timeout: 90_000 }, () => {
  it('shows the numbers of /api/assessment while they change, and what they come to', async () => {
    const inside = await Inside.open({ tick: '1s' });
    let chromium: TestBrowser | undefined;
    try {
      chromium = await TestBrowser.start(inside.pidOf('lastport'));
      const { page, complaints } = await openPage(chromium.browser, `http://${LASTPORT_AT}/`);
      const pictures = new Set<string>();
      const compared: string[] = [];
      for (let second = 0; second < SECONDS; second++) {
        await inside.net.connect({ to: A, count: EACH_SECOND, name: `of ${second}` });
        await inside.net.hangUp(`of ${second}`, 'client');
        // Of the same look: the page says of which it is.
        await inside.until('the page and the API tell of one look', async () => {
          const { takenAt, namespaces } = (await inside.assessment()) as Assessment;
          const shown = await page.evaluate<{ takenAt: string; text: string }>(
            `({ takenAt: document.body.dataset.takenAt, text: [...document.querySelectorAll('#rows tr')].map((row) => row.innerText).find((text) => text.includes('${A}')) ?? '' })`,
          );
          if (shown.takenAt !== takenAt) return null;
          const one = namespaces
            .flatMap(({ destinations }) => destinations)
            .find(({ remotePort }) => remotePort === 8080);
          if (one === undefined || one.usedPorts < EACH_SECOND * (second + 1)) return null;
          const words = shown.text.split(/\s+/);
          for (const number of [one.usedPorts, one.headroomPorts])
            assert.ok(words.includes(String(number)), `${number} in ${shown.text}`);
          assert.ok(words.includes(`(${Math.round((one.usedPorts / USABLE) * 100)}`), shown.text);
          compared.push(takenAt);
          return 'compared';
        });
        pictures.add(await page.evaluate<string>(`document.querySelector('#plot canvas')?.toDataURL() ?? ''`));
      }
      assert.equal(compared.length, SECONDS);
      assert.ok(pictures.size > SECONDS / 2, `${pictures.size} pictures of the plot`);
      // It has to last for nearly a second before it is told: on a fast machine the rounds above did not, so it goes on.
      await inside.until('the alert, and the end foretold', async () => {
        await inside.net.connect({ to: A, count: 10, name: 'more' });
        await inside.net.hangUp('more', 'client');
        const alerts = (await page.textContent('#alerts')) ?? '';
        const outlook = (await page.textContent('#worst')) ?? '';
        const isForetold = /out of ports in [\d.]+ s|out of ports any moment/.test(outlook);
        return isForetold && alerts.includes('LastportExhaustionPredicted') ? outlook : null;
      });
      assert.deepEqual(complaints, []);
    } finally {
      await chromium?.close();
      await inside.close();
    }
  });
});
