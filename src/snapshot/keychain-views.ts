import type { Keychain } from "../keychain/ports.ts";
import { createKeychain, patternConflicts, type KeychainProvider } from "../keychain/keychain.ts";
import type { CompiledAuthProvider, PatternLoss } from "./compiled.ts";
import { HostIndex } from "./host-index.ts";
import { revisionOf } from "./revision.ts";

/** The providers that one Store may use, as its keychain; shared by all Stores with the same refs and the same `unmatched`. */
export interface KeychainView {
  readonly keychain: Keychain;
  readonly providers: readonly CompiledAuthProvider[];
  /** Of the providers; one list for all Stores of the view, or ten thousand Stores would hold as many copies. */
  readonly names: readonly string[];
  readonly hosts: HostIndex;
  readonly losses: ReadonlyMap<string, readonly PatternLoss[]>;
  /** Changes exactly if one of its providers does. */
  readonly revision: string;
}

/** Which Store sees which AuthProviders. A view whose providers are unchanged is taken over from `previous`, keychain and all. */
export class KeychainViews {
  readonly #providers: ReadonlyMap<string, CompiledAuthProvider>;
  readonly #previous: KeychainViews | undefined;
  readonly #views = new Map<string, KeychainView>();

  constructor(providers: ReadonlyMap<string, CompiledAuthProvider>, previous?: KeychainViews) {
    this.#providers = providers;
    this.#previous = previous === undefined ? undefined : previous.#settled();
  }

  /** `refs` absent: every AuthProvider. A name without an object stays in the view as one that answers ProviderNotFound, never as "all". */
  view(options: { readonly unmatched: "Anonymous" | "Deny"; readonly refs?: readonly string[] }): KeychainView {
    const key = `${options.unmatched}|${options.refs === undefined ? "*" : options.refs.toSorted().join(",")}`;
    const known = this.#views.get(key);
    if (known !== undefined) return known;
    const providers =
      options.refs === undefined
        ? [...this.#providers.values()].toSorted((a, b) => (a.meta.name < b.meta.name ? -1 : 1))
        : options.refs.flatMap((name) => this.#providers.get(name) ?? []);
    const missing = options.refs?.filter((name) => !this.#providers.has(name)) ?? [];
    const revision = revisionOf([key, ...providers.map((provider) => `${provider.meta.name}=${provider.revision}`), ...missing]);
    const previous = this.#previous === undefined ? undefined : this.#previous.#views.get(key);
    const view = previous?.revision === revision ? previous : buildView({ providers, missing, unmatched: options.unmatched, revision });
    this.#views.set(key, view);
    return view;
  }

  /** Without the chain of those before it, which would otherwise never be freed. */
  #settled(): KeychainViews {
    const settled = new KeychainViews(this.#providers);
    for (const [key, view] of this.#views) settled.#views.set(key, view);
    return settled;
  }
}

function buildView(input: {
  readonly providers: readonly CompiledAuthProvider[];
  readonly missing: readonly string[];
  readonly unmatched: "Anonymous" | "Deny";
  readonly revision: string;
}): KeychainView {
  const members = input.providers.map(toMember);
  return {
    keychain: createKeychain({ providers: members, unmatched: input.unmatched, missingRefs: input.missing }),
    providers: input.providers,
    names: input.providers.map((provider) => provider.meta.name),
    hosts: new HostIndex(input.providers),
    losses: patternConflicts(members),
    revision: input.revision,
  };
}

function toMember(compiled: CompiledAuthProvider): KeychainProvider {
  return {
    name: compiled.meta.name,
    uid: compiled.meta.uid,
    creationTime: compiled.meta.creationTime,
    revision: compiled.revision,
    patterns: compiled.patterns,
    tokenHosts: compiled.spec?.tokenHosts ?? [],
    plainHTTPHosts: compiled.spec?.plainHTTPHosts ?? [],
    allowCredentialsOverHTTP: compiled.spec?.allowCredentialsOverHTTP ?? false,
    provider: compiled.provider,
    ...(compiled.spec === undefined && { invalid: { reason: "InvalidSpec", message: compiled.provider.state().message } as const }),
  };
}
