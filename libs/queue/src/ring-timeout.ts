/** Milliseconds until a ring on an unreachable backend is given up; the sweeper takes over. */
export const RING_TIMEOUT = 2_000;
