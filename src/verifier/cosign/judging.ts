import type { RequiredAnnotation } from "../../api/verifier.ts";
import { judgeAnnotations, type Claims } from "./annotations.ts";
import type { Finding, Rejection } from "./finding.ts";
import type { Keyring } from "./keyring.ts";
import type { Signed } from "./signature.ts";

/** What one artifact is judged by. */
export interface Judging {
  readonly keyring: Keyring;
  readonly annotations: readonly RequiredAnnotation[];
}

/** Judges one signature of what is known to be about the image: who made it, then whether they signed what is required. `unknown` says what it is if nobody did. */
export async function judgeSignature(
  signed: Signed & { readonly claims: Claims },
  { keyring, annotations, unknown }: Judging & { readonly unknown: () => Rejection },
  signal: AbortSignal,
): Promise<Finding> {
  const match = await keyring.find(signed, signal);
  switch (match.outcome) {
    case "signed":
      return judgeAnnotations(annotations, signed.claims) ?? match;
    case "none":
      return unknown();
    case "cut":
      return { outcome: "unjudged", cause: keyring.cause };
  }
}
