import { defaultLimits, type RegistryStoreConfig, type StoreLimits } from "../../src/api/store.ts";
import { type EndpointObservation, type Store, StoreError } from "../../src/engine/store.ts";
import { type Clock, systemClock } from "../../src/kernel/clock.ts";
import { Secret } from "../../src/kernel/secret.ts";
import { createKeychain, type KeychainProvider } from "../../src/keychain/keychain.ts";
import type { AuthProvider, Keychain, MaterialReader } from "../../src/keychain/ports.ts";
import type { Credential } from "../../src/oci/credential.ts";
import type { Descriptor } from "../../src/oci/descriptor.ts";
import { type Digest, parseDigest } from "../../src/oci/digest.ts";
import { parsePattern, parseScope } from "../../src/oci/pattern.ts";
import { parseReference } from "../../src/oci/reference.ts";
import type { Repository } from "../../src/oci/repository.ts";
import { buildStore } from "../../src/store/catalog.ts";
import { Contents } from "../../src/store/registry/contents.ts";
import type { Network } from "../../src/transport/network.ts";
import { Transport } from "../../src/transport/transport.ts";
import { createAuthority } from "../support/certificates.ts";
import type { Pushed } from "../support/registry.ts";
import { trustAuthority } from "../support/registry/network.ts";

export const authority = createAuthority({ commonName: "store test authority" });
const leaf = authority.issue({
  dnsNames: ["localhost", "registry.acme.io", "mirror.acme.io", "signatures.acme.io"],
  ipAddresses: ["127.0.0.1"],
});
export const tls = { key: leaf.keyPem, cert: leaf.pem };
trustAuthority(authority.pem);
export const never = new AbortController().signal;
/** A password that must never be seen again. */
export const canary = "canary-pa55word-91c3";

function parsed<T>(result: { readonly ok: true; readonly value: T } | { readonly ok: false; readonly message: string }): T {
  if (result.ok) return result.value;
  throw new TypeError(result.message);
}
export const image = (text: string): Repository => parsed(parseReference(text)).repository;
export const pattern = (text: string): KeychainProvider["patterns"][number] => parsed(parsePattern(text));
export const digest = (text: string): Digest => {
  const found = parseDigest(text);
  if (found === undefined) throw new TypeError(text);
  return found;
};
export const descriptor = ({ mediaType, digest: text, size }: Pushed): Descriptor => ({ mediaType, digest: digest(text), size });

/** An AuthProvider that answers for `patterns` with these users, in their order. */
export function provider(
  name: string,
  patterns: readonly string[],
  users: readonly (readonly [string, string])[],
  more: Partial<KeychainProvider> = {},
): KeychainProvider {
  const credentials = users.map(
    ([user, password], at): Credential => ({
      scheme: "basic",
      username: new Secret(user),
      secret: new Secret(password),
      revision: `${name}/${at}`,
    }),
  );
  const own: AuthProvider = {
    credentials: () => Promise.resolve(credentials),
    state: () => ({ ready: true, reason: "Resolved", message: "", warnings: [] }),
  };
  return {
    name,
    uid: `uid-${name}`,
    creationTime: 0,
    revision: "1",
    patterns: patterns.map(pattern),
    tokenHosts: [],
    plainHTTPHosts: [],
    allowCredentialsOverHTTP: false,
    provider: own,
    ...more,
  };
}

export interface SceneOptions {
  readonly scopes?: readonly string[];
  readonly config?: Partial<RegistryStoreConfig>;
  readonly providers?: readonly KeychainProvider[];
  readonly keychain?: Keychain;
  readonly network?: Network;
  readonly clock?: Clock;
  readonly configMaps?: Readonly<Record<string, Readonly<Record<string, string>>>>;
  readonly limits?: Partial<StoreLimits>;
  readonly transport?: Transport;
  readonly contents?: Contents;
  /** Of the Store; absent: cluster-scoped. */
  readonly namespace?: string;
}
export interface Scene extends AsyncDisposable {
  readonly store: Store;
  readonly seen: EndpointObservation[];
}

/** A Store of type `registry` as the composition builds it, with the real keychain and the real transport. */
export function registryScene(options: SceneOptions = {}): Scene {
  const clock = options.clock ?? systemClock;
  const own = options.transport === undefined;
  const transport =
    options.transport ?? new Transport({ clock, random: () => 0, ...(options.network !== undefined && { network: options.network }) });
  const unmatched = options.config?.unmatched ?? "Anonymous";
  const seen: EndpointObservation[] = [];
  const material: MaterialReader = {
    secret: () => undefined,
    serviceAccount: () => undefined,
    configMap: (name) => {
      const data = options.configMaps?.[name];
      return data === undefined ? undefined : { name, uid: `uid-${name}`, resourceVersion: "1", data: new Map(Object.entries(data)) };
    },
  };
  const store = buildStore(
    {
      type: "registry",
      scopes: (options.scopes ?? ["*"]).map((text) => parsed(parseScope(text))),
      evidence: "Required",
      timeoutMs: 2000,
      healthCheck: { intervalMs: 300_000, failureThreshold: 3 },
      limits: { ...defaultLimits, ...options.limits },
      suspend: false,
      config: { rewrite: [], unmatched, ...options.config },
    },
    {
      name: "production",
      ...(options.namespace !== undefined && { namespace: options.namespace }),
      keychain: options.keychain ?? createKeychain({ providers: options.providers ?? [], unmatched }),
      transport,
      material,
      observe: (observation) => seen.push(observation),
      clock,
      contents: options.contents ?? new Contents(),
    },
  );
  return {
    store,
    seen,
    [Symbol.asyncDispose]: async () => {
      if (own) await transport.close();
    },
  };
}

export async function collect<T>(items: AsyncIterable<T>): Promise<readonly T[]> {
  const all: T[] = [];
  for await (const item of items) all.push(item);
  return all;
}

/** The StoreError that `work` ends in. */
export async function failureOf(work: Promise<unknown>): Promise<StoreError> {
  try {
    await work;
  } catch (error) {
    if (error instanceof StoreError) return error;
    throw error;
  }
  throw new TypeError("nothing failed");
}
