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

/** LastportHeadroomLow at its defaults: less than 20 % left, less than 5 %. */
export const saturationLevels = () => levels(GOOD, [0.8, WARNING], [0.95, CRITICAL]);
/** LastportExhaustionPredicted at its default: within 120 s. */
export const deadlineLevels = () => levels(CRITICAL, [30, WARNING], [120, GOOD]);
/** No port before the cliff is left. */
export const fastLevels = () => levels(WARNING, [1, GOOD]);
export const headroomLevels = () => levels(CRITICAL, [1, GOOD]);
/** Of what there should be none. */
export const noneLevels = (color: string = CRITICAL) => levels(GOOD, [1, color]);
/** The same for a time, of which a part of a second counts. */
export const noTimeLevels = (color: string = CRITICAL) => levels(GOOD, [0.001, color]);
/** A look that is older than LastportBlind's 10 s. */
export const ageLevels = () => levels(GOOD, [10, WARNING], [60, CRITICAL]);
export const reuseLevels = () => levels(WARNING, [2, GOOD]);
export const neutral = () => levels(NEUTRAL);
