import { record } from "./status.ts";

/** What a token says of itself; nobody has checked it. */
export interface TokenClaims {
  readonly issuer?: string;
  readonly subject?: string;
  /** Whom it is for; empty where it does not say. */
  readonly audiences: readonly string[];
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
    const claims = record(JSON.parse(Buffer.from(payload, "base64url").toString("utf8")));
    const { iss, sub, aud } = claims;
    const audiences = Array.isArray(aud) ? aud : [aud];
    return {
      ...(typeof iss === "string" && { issuer: iss }),
      ...(typeof sub === "string" && { subject: sub }),
      audiences: audiences.filter((one): one is string => typeof one === "string"),
    };
  } catch {
    return undefined; // the parser's message would quote it
  }
}
