/** What a token (JWT) says of itself: for sentences, and for how long it is worth keeping. Nobody has checked it, and nothing is trusted for it. */
export interface TokenClaims {
  readonly issuer?: string;
  readonly subject?: string;
  /** Whom it is for; empty where it does not say. */
  readonly audiences: readonly string[];
  /** Epoch ms. */
  readonly expiresAt?: number;
}

/** Longer is no token of a ServiceAccount: those are 1 to 2 KiB, in characters. */
export const longestToken = 16_384;
const jwt = /^[\w-]{1,4096}\.([\w-]{1,12288})\.[\w-]{1,4096}$/;

/** The claims of a JWT; undefined for anything else. Never throws, and quotes nothing. */
export function claimsOf(token: string): TokenClaims | undefined {
  if (token.length > longestToken) return undefined;
  const payload = jwt.exec(token)?.[1];
  if (payload === undefined) return undefined;
  try {
    const claims: unknown = JSON.parse(Buffer.from(payload, "base64url").toString("utf8"));
    const { iss, sub, aud, exp } = (typeof claims === "object" && claims !== null ? claims : {}) as Readonly<Record<string, unknown>>;
    const audiences: readonly unknown[] = Array.isArray(aud) ? aud : [aud];
    return {
      ...(typeof iss === "string" && { issuer: iss }),
      ...(typeof sub === "string" && { subject: sub }),
      audiences: audiences.filter((one): one is string => typeof one === "string"),
      ...(typeof exp === "number" && Number.isFinite(exp) && { expiresAt: exp * 1000 }),
    };
  } catch {
    return undefined; // the parser's message would quote it
  }
}
