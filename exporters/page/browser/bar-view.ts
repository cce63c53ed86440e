import type { DestinationReport } from '../../../agent/model/assessment.ts';
import { barOf } from './bar.ts';
import { element } from './dom.ts';
import { count } from './words.ts';

/** The ports of a destination, drawn to scale. */
export class BarView {
  readonly node = element('span', 'bar');
  private readonly live = element('i', 'live');
  private readonly waiting = element('i', 'waiting');
  private readonly blocked = element('i', 'blocked');
  private readonly cliff = element('i', 'mark');

  constructor() {
    this.node.setAttribute('role', 'img');
    this.node.append(this.live, this.waiting, this.blocked, this.cliff);
  }

  show(one: DestinationReport): void {
    const waiting = one.states.time_wait ?? 0;
    const bar = barOf(one, waiting);
    this.live.style.width = `${bar.live}%`;
    this.waiting.style.width = `${bar.waiting}%`;
    this.blocked.style.width = `${bar.blocked}%`;
    this.cliff.style.left = `calc(${bar.cliff}% - 2px)`;
    const text = `${count(one.usedPorts - waiting)} live, ${count(waiting)} in TIME_WAIT, ${count(one.blockedPorts)} blocked, ${count(one.headroomPorts)} free of ${count(one.usablePorts)} ports; ${count(Math.max(0, one.fastHeadroomPorts))} until connect() is slow`;
    if (this.node.getAttribute('aria-label') !== text) this.node.setAttribute('aria-label', text);
  }
}
