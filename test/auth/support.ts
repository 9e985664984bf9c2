import assert from "node:assert/strict";
import { inspect } from "node:util";
import { authProviders, buildAuthProvider } from "../../src/auth/catalog.ts";
import type { AuthProviderConfigs, AuthProviderSpec, AuthProviderType } from "../../src/api/auth-provider.ts";
import type { CloudAccess } from "../../src/keychain/cloud.ts";
import { silentLogger } from "../../src/kernel/logger.ts";
import { Secret } from "../../src/kernel/secret.ts";
import { type AuthProvider, CredentialUnavailableError, type MaterialReader, type SecretMaterial } from "../../src/keychain/ports.ts";
import { image, pattern } from "../oci/support.ts";
import { ManualClock } from "../support/clock.ts";

export const canary = "hunter2-canary";
export const base64 = (text: string): string => Buffer.from(text).toString("base64");

/** A Secret as Kubernetes has it, with `data` in plain text. */
export function secret(name: string, type: string, data: Readonly<Record<string, string>>): SecretMaterial {
  return {
    name,
    uid: `uid-${name}`,
    resourceVersion: "7",
    type,
    data: new Map(Object.entries(data).map(([key, text]) => [key, new Secret(new TextEncoder().encode(text))])),
  };
}

/** A pull secret with one user for each registry, all with the canary as password. */
export function pullSecret(name: string, users: Readonly<Record<string, string>>): SecretMaterial {
  return secret(name, "kubernetes.io/dockerconfigjson", { ".dockerconfigjson": dockerConfig(users) });
}
export function dockerConfig(users: Readonly<Record<string, string>>): string {
  return JSON.stringify({
    auths: Object.fromEntries(Object.entries(users).map(([key, user]) => [key, { auth: base64(`${user}:${canary}`) }])),
  });
}

/** The own namespace: these Secrets, and ServiceAccounts with their imagePullSecrets. */
export function material(secrets: readonly SecretMaterial[], accounts: Readonly<Record<string, readonly string[]>> = {}): MaterialReader {
  return {
    secret: (name) => secrets.find((each) => each.name === name),
    configMap: () => undefined,
    serviceAccount: (name) => {
      const imagePullSecrets = accounts[name];
      return imagePullSecrets === undefined ? undefined : { name, uid: `uid-${name}`, resourceVersion: "1", imagePullSecrets };
    },
  };
}

/** Nothing can be reached, and there is no identity: for the types that need neither. */
export const noCloud: CloudAccess = {
  http: { send: () => Promise.reject(Object.assign(new Error("nothing may be asked"), { class: "ConnectionRefused" })) },
  ambient: { azure: {}, aws: {}, alibaba: {} },
  readFile: () => Promise.reject(new Error("nothing may be read")),
};

export function build<T extends AuthProviderType>(
  type: T,
  config: AuthProviderConfigs[T],
  options: { readonly registries: readonly string[]; readonly material?: MaterialReader; readonly fileRoot?: string },
): AuthProvider {
  const registries = options.registries.map(pattern);
  // One member of the union, which a generic T cannot spell.
  const spec = {
    type,
    config,
    registries,
    tokenHosts: [],
    plainHTTPHosts: [],
    allowCredentialsOverHTTP: false,
  } as unknown as AuthProviderSpec;
  assert.ok(type in authProviders);
  return buildAuthProvider(spec, {
    name: "acme",
    patterns: registries,
    material: options.material ?? material([]),
    clock: new ManualClock(),
    random: () => 0,
    logger: silentLogger,
    cloud: noCloud,
    changed: () => {},
    ...(options.fileRoot !== undefined && { fileRoot: options.fileRoot }),
  });
}

/** What would be sent for an image: `scheme user` each, or reason and message; and nowhere the canary. */
export async function sent(provider: AuthProvider, name: string): Promise<readonly string[]> {
  const signal = new AbortController().signal;
  const answer: unknown = await provider.credentials(image(name), signal).catch((error: unknown) => error);
  for (const value of [answer, provider, provider.state(), provider.unavailable?.(image(name))]) assertSilent(value);
  if (answer instanceof CredentialUnavailableError) return [answer.reason, answer.message];
  assert.ok(Array.isArray(answer), inspect(answer));
  return (await provider.credentials(image(name), signal)).map(
    (each) => `${each.scheme} ${each.username?.reveal() ?? ""} ${each.revision}`,
  );
}

/** No way to print a value shows the canary. */
export function assertSilent(value: unknown): void {
  const texts = [
    inspect(value, { depth: 20, showHidden: true }),
    JSON.stringify(value),
    value instanceof Error ? `${value.stack}${String(value.cause)}` : "",
  ];
  for (const text of texts) assert.ok(text === undefined || (!text.includes(canary) && !text.includes(base64(canary).slice(0, 12))), text);
}
