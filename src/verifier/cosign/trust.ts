import type { Signer } from "../../engine/verifier.ts";
import { describeObject } from "../../engine/view.ts";
import type { KeyProvider, TrustedKey } from "../../trust/ports.ts";

/** The keys that a Verifier trusts, and why it may not be relied on to know them all. */
export interface Trust {
  /** Each key once, in the order of the references: a key that two providers have is one signer. */
  readonly keys: readonly TrustedKey[];
  readonly problem?: string;
}

/** Gathers the keys of the providers that `names` lists. A provider that does not exist, or that could not load a key, is a problem, and the others still count. */
export function gatherTrust(names: readonly string[], providers: ReadonlyMap<string, KeyProvider | undefined>): Trust {
  const keys = new Map<string, TrustedKey>();
  const problems: string[] = [];
  for (const name of names) {
    const provider = providers.get(name);
    if (provider === undefined) {
      problems.push(`${describeObject("KeyProvider", name)} does not exist`);
      continue;
    }
    if (provider.problem !== undefined) problems.push(`${describeObject("KeyProvider", name)}: ${provider.problem}`);
    for (const key of provider.keys()) {
      if (!keys.has(key.fingerprint)) keys.set(key.fingerprint, key);
    }
  }
  const [problem] = problems;
  return { keys: [...keys.values()], ...(problem !== undefined && { problem }) };
}

/** How reports name the owner of a key. */
export function toSigner(key: TrustedKey): Signer {
  return { id: `key:${key.fingerprint}`, name: `${describeObject("KeyProvider", key.provider)} key "${key.name}"` };
}
