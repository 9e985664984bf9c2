import type { KeyProviderConfigs } from "../../api/key-provider.ts";
import { keepLastGood } from "../../trust/last-good.ts";
import type { KeyProvider, KeyProviderDeps } from "../../trust/ports.ts";
import { readKeys } from "../../trust/read-keys.ts";

/** Keys in a ConfigMap: a public key is no secret, though whoever may write the ConfigMap decides whom to trust. */
export function configMapKeys(config: KeyProviderConfigs["configMap"], deps: KeyProviderDeps): KeyProvider {
  const { name } = config.configMapRef;
  const label = `ConfigMap/${name}`;
  const found = deps.material.configMap(name);
  if (found === undefined) {
    const problem = deps.material.withheld?.("ConfigMap") ?? `${label} does not exist`;
    return keepLastGood({ outcome: "gone", problem }, deps);
  }
  return keepLastGood(readKeys(config.keys, { label, ...found, text: (key) => found.data.get(key) }, deps.name), deps);
}
