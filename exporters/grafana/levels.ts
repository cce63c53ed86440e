import { type Threshold, ThresholdsConfigBuilder, ThresholdsMode } from '@grafana/grafana-foundation-sdk/dashboard';

const GOOD = 'green';
export const WARNING = 'orange';
export const CRITICAL = 'red';
export const NEUTRAL = 'blue';

/** From which value on which colour; the first one has no beginning. */
const levels = (first: string, ...others: readonly (readonly [number, string])[]): ThresholdsConfigBuilder => {
  const steps: Threshold[] = [
    { value: null, color: first },
    ...others.map(([value, color]): Threshold => ({ value, color })),
  ];
  return new ThresholdsConfigBuilder().mode(ThresholdsMode.Absolute).steps(steps);
};

/*
 * Colours of numbers. The first one is also that of "there is none": all is well where nothing is in sight, and nothing is
 * known where no agent is.
 */

/** LastportHeadroomLow at its defaults: less than 20 % left, less than 5 %. */
export const saturationLevels = () => levels(NEUTRAL, [0, GOOD], [0.8, WARNING], [0.95, CRITICAL]);
/** LastportExhaustionPredicted at its default: within 120 s. */
export const deadlineLevels = () => levels(GOOD, [0, CRITICAL], [30, WARNING], [120, GOOD]);
/** No port before the cliff is left. */
export const fastLevels = () => levels(GOOD, [0, WARNING], [1, GOOD]);
export const headroomLevels = () => levels(GOOD, [0, CRITICAL], [1, GOOD]);
/** Of what there should be none. */
export const noneLevels = (color: string = CRITICAL) => levels(GOOD, [1, color]);
/** The same for a time, of which a part of a second counts. */
export const noTimeLevels = (color: string = CRITICAL) => levels(GOOD, [0.001, color]);
/** A look that is older than LastportBlind's 10 s. Clocks of two hosts may differ by a little. */
export const ageLevels = () => levels(CRITICAL, [-5, GOOD], [10, WARNING], [60, CRITICAL]);
export const neutral = () => levels(NEUTRAL);

/* Lines in plots, each in its colour. */

export const saturationLimits = () => levels(GOOD, [0.8, WARNING], [0.95, CRITICAL]);
export const deadlineLimits = () => levels(GOOD, [30, CRITICAL], [120, WARNING]);
export const cliff = () => levels(GOOD, [0, WARNING]);
export const limit = () => levels(GOOD, [0, CRITICAL]);
/** So many requests for each connection are next to none. */
export const hardlyReused = () => levels(GOOD, [2, WARNING]);
