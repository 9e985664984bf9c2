import type { KeyProviderConfigs } from "../../api/key-provider.ts";
import { keepLastGood } from "../../trust/last-good.ts";
import type { KeyProvider, KeyProviderDeps } from "../../trust/ports.ts";
import { readKeys } from "../../trust/read-keys.ts";

/**
 * Keys in a Secret, such as cosign makes. It may hold the private key and its password beside them: no data key but those of the spec is decoded, let alone
 * looked at.
 */
export function secretKeys(config: KeyProviderConfigs["kubernetesSecret"], deps: KeyProviderDeps): KeyProvider {
  const { name } = config.secretRef;
  const label = `Secret/${name}`;
  const secret = deps.material.secret(
    name,
    config.keys.map(({ key }) => key),
  );
  if (secret === undefined) {
    const problem = deps.material.withheld?.("Secret") ?? `${label} does not exist`;
    return keepLastGood({ outcome: "gone", problem }, deps);
  }
  const text = (key: string): string | undefined => {
    const value = secret.data.get(key)?.reveal();
    // PEM is ASCII: whatever else is in there is seen for what it is.
    return value === undefined ? undefined : Buffer.from(value).toString("latin1");
  };
  return keepLastGood(readKeys(config.keys, { label, ...secret, text }, deps.name), deps);
}
