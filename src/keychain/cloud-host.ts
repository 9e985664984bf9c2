import type { Repository } from "../oci/repository.ts";

/**
 * The part of a registry's host that stands left of one of `suffixes` (each with its leading dot, lower case), or undefined where none ends the host, or the
 * host has a port: no cloud's registry has one, and another port is another server. Whole labels: `.azurecr.io` is no end of `evilazurecr.io`, and nothing
 * may stand right of it. A host is canonical by the time it is here (lower case, LDH labels, no trailing dot: `oci/`).
 */
export function leftOfSuffix({ host, port }: Pick<Repository, "host" | "port">, suffixes: readonly string[]): string | undefined {
  if (port !== undefined) return undefined;
  for (const suffix of suffixes) {
    if (suffix.startsWith(".") && host.length > suffix.length && host.endsWith(suffix)) return host.slice(0, -suffix.length);
  }
  return undefined;
}
