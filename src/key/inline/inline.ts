import type { KeyProviderConfigs } from "../../api/key-provider.ts";
import type { KeyProvider, KeyProviderDeps, TrustedKey } from "../../trust/ports.ts";
import { loadPublicKey } from "../../pki/public-key.ts";

/** Keys that are written into the object. One that cannot be used is the provider's problem; the others are trusted all the same. */
export function inlineKeys(config: KeyProviderConfigs["inline"], deps: Pick<KeyProviderDeps, "name">): KeyProvider {
  const keys: TrustedKey[] = [];
  const problems: string[] = [];
  for (const { name, publicKey } of config.keys) {
    const loaded = loadPublicKey(publicKey);
    if (loaded.ok) keys.push({ name, provider: deps.name, ...loaded.value });
    else problems.push(`key "${name}" ${loaded.problem}`);
  }
  const [problem] = problems;
  const others = problems.length > 1 ? ` (and ${problems.length - 1} more)` : "";
  return { keys: () => keys, ...(problem !== undefined && { problem: `${problem}${others}` }) };
}
