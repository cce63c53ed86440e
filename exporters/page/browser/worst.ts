import { BarView } from './bar-view.ts';
import { arrange, byId, element, write } from './dom.ts';
import { type Place, placeName } from './place.ts';
import { count, outlook, ownerName, percent, SENTENCE, safe, VERDICT_MARKS } from './words.ts';

const SHOWN = 3;

class Card {
  readonly node = element('li');
  private readonly button = element('button', 'card');
  private readonly mark = element('span');
  private readonly place = element('span', 'place');
  private readonly bar = new BarView();
  private readonly ports = element('span', 'quiet');
  private readonly outlook = element('span', 'outlook');
  private readonly cause = element('span');
  private readonly owner = element('span', 'quiet');

  constructor(onChoose: () => void) {
    this.button.type = 'button';
    this.button.append(this.mark, this.place, this.bar.node, this.ports, this.outlook, this.cause, this.owner);
    this.button.addEventListener('click', onChoose);
    this.node.append(this.button);
  }

  show(place: Place, isChosen: boolean, elapsedSeconds: number): void {
    const { one } = place;
    this.button.className = `card is-${one.verdict}`;
    this.button.setAttribute('aria-pressed', String(isChosen));
    this.mark.className = one.verdict;
    write(this.mark, VERDICT_MARKS[one.verdict]);
    write(this.place, placeName(place));
    this.bar.show(one);
    write(
      this.ports,
      `${count(one.usedPorts)} of ${count(one.usablePorts)} ports used (${percent(one.usedPorts, one.usablePorts)}), ${count(one.headroomPorts)} free`,
    );
    write(this.outlook, outlook(one, elapsedSeconds));
    const [cause] = one.causes;
    write(
      this.cause,
      cause === undefined
        ? ''
        : `${cause.cause.replaceAll('_', ' ')}: ${safe(cause.remedies[0] ?? cause.evidence[0] ?? '', SENTENCE)}`,
    );
    const [owner] = one.owners ?? [];
    write(this.owner, owner === undefined ? '' : ownerName(owner));
  }
}

/** The three that are tightest, to be read from across a room. */
export class WorstView {
  private readonly cards = new Map<string, Card>();
  private readonly onChoose: (key: string) => void;

  constructor(onChoose: (key: string) => void) {
    this.onChoose = onChoose;
  }

  show(places: readonly Place[], chosen: string | null, elapsedSeconds: number): void {
    const worst = places.filter(({ one }) => one.usedPorts > 0 || one.asked).slice(0, SHOWN);
    byId('nothing').hidden = worst.length > 0;
    byId('legend').hidden = worst.length === 0;
    const nodes = worst.map((place) => {
      let card = this.cards.get(place.key);
      if (card === undefined) {
        card = new Card(() => this.onChoose(place.key));
        this.cards.set(place.key, card);
      }
      card.show(place, place.key === chosen, elapsedSeconds);
      return card.node;
    });
    const keys = new Set(worst.map(({ key }) => key));
    for (const key of this.cards.keys()) if (!keys.has(key)) this.cards.delete(key);
    arrange(byId('worst'), nodes);
  }
}
