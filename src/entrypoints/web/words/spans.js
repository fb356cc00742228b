/** Durations as people say them. */

const UNITS = [
  ["second", 1, 90],
  ["minute", 60, 90 * 60],
  ["hour", 3600, 22 * 3600],
  ["day", 86400, Infinity],
];

/** Returns a duration in seconds as `[count, unit]`, rounded up: 1,439 minutes are a day. */
export function spanOf(seconds) {
  const [unit, length] = UNITS.find(([, , below]) => seconds < below);
  return [Math.max(1, Math.ceil(seconds / length)), unit];
}
