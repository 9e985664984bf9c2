declare const brand: unique symbol;
/** `sha256:<64 lower-case hex>` or `sha512:<128>`, as parsed by {@link parseDigest}. */
export type Digest = string & { readonly [brand]: "Digest" };

const shapes: ReadonlyMap<string, RegExp> = new Map([
  ["sha256", /^[0-9a-f]{64}$/],
  ["sha512", /^[0-9a-f]{128}$/],
]);

/** image-spec v1.1.1 §descriptor digests; only registered algorithms, only lower-case hex (a digest goes into URLs: CVE-2024-3727). */
export function parseDigest(text: string): Digest | undefined {
  const at = text.indexOf(":");
  const shape = at < 0 ? undefined : shapes.get(text.slice(0, at));
  return shape?.test(text.slice(at + 1)) === true ? (text as Digest) : undefined;
}

/** The part before the colon: `sha256` or `sha512`. */
export function digestAlgorithm(digest: Digest): "sha256" | "sha512" {
  return digest.startsWith("sha512:") ? "sha512" : "sha256";
}

/** The part after the colon. */
export function digestHex(digest: Digest): string {
  return digest.slice(7);
}
