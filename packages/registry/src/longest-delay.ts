/** Longest delay, in ms, that a timer of Node can have: one with more fires at once. */
export const LONGEST_DELAY_MS = 2 ** 31 - 1;
