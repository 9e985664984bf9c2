import { createHash } from "node:crypto";

/**
 * Stands for a CA bundle in keys of caches: equal exactly if the bundles are, and short, for a bundle of all public roots has 220 KiB and a cache
 * thousands of keys. Empty where there is none.
 */
export function rootsKey(caPem: string | undefined): string {
  return caPem === undefined ? "" : createHash("sha256").update(caPem).digest("hex");
}
