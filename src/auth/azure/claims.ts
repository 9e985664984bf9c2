import { asObject, field, parseJSON } from "../../oci/json.ts";

/** Claims of a JWT that somebody else checks: for sentences and for its end, never for a decision about trust. */
export interface Claims {
  readonly issuer?: string;
  readonly subject?: string;
  /** Epoch ms. */
  readonly expiresAt?: number;
}

/** A token is a few KiB, in characters. */
const longestToken = 65_536;

/** Nothing is known of a token that is no JWT. */
export function readClaims(token: string): Claims {
  const [, payload, , surplus] = token.length > longestToken ? [] : token.split(".");
  if (payload === undefined || surplus !== undefined) return {};
  const parsed = parseJSON(Buffer.from(payload, "base64url"), "The token", { bytes: longestToken, depth: 16 });
  const claims = parsed.ok ? asObject(parsed.value) : undefined;
  if (claims === undefined) return {};
  const [issuer, subject, exp] = ["iss", "sub", "exp"].map((name) => field(claims, name));
  return {
    ...(typeof issuer === "string" && { issuer }),
    ...(typeof subject === "string" && { subject }),
    ...(typeof exp === "number" && Number.isFinite(exp) && { expiresAt: exp * 1000 }),
  };
}
