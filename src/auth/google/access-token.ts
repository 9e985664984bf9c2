import type { Secret } from "../../kernel/secret.ts";

/** An OAuth access token for all of Google Cloud that its identity may use. */
export interface AccessToken {
  readonly token: Secret;
  /** Epoch ms. */
  readonly expiresAt: number;
}

/** Longer lives are cut to it: Google's default, and what we ask for; in seconds. */
export const longestLifeSeconds = 3600;

/** `expires_in` in ms, an hour at most; undefined where it is no number of seconds that are left. */
export function lifeMs(seconds: unknown): number | undefined {
  if (typeof seconds !== "number" || !Number.isFinite(seconds) || seconds <= 0) return undefined;
  return Math.min(seconds, longestLifeSeconds) * 1000;
}
