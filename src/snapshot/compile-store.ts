import type { Failure } from "../api/error-class.ts";
import { resolveRef } from "../api/object.ts";
import { decodeStore, type StoreSpec } from "../api/store.ts";
import type { Scope } from "../oci/pattern.ts";
import type { CompiledStore } from "./compiled.ts";
import type { Factories } from "./factories.ts";
import { firstDefect, type Identified, isSame } from "./identity.ts";
import type { KeychainView } from "./keychain-view.ts";
import type { KeychainViews, ViewRequest } from "./keychain-views.ts";
import { isUnchanged, materialParts, type ReadRaw, RecordingReader } from "./material.ts";
import { revisionOf } from "./revision.ts";

interface Deps {
  readonly factories: Factories;
  readonly read: ReadRaw;
  readonly views: KeychainViews;
}

/** An invalid Store becomes a failed location on its scopes, or on every image if one of them is unreadable. */
export function compileStore(object: Identified, before: CompiledStore | undefined, deps: Deps): CompiledStore {
  const { meta, id, key } = object;
  const isKnown = before !== undefined && isSame(before, object);
  const decoded = isKnown && before.spec !== undefined ? ({ ok: true, spec: before.spec } as const) : decodeStore(object.raw);
  const view = deps.views.view(viewRequest(decoded.ok ? decoded.spec : undefined, meta.namespace));
  if (isKnown && before.view === view && isUnchanged(before.materialVersions, deps.read)) return { ...before, meta };
  const shared = { kind: "Store", meta, view, keychain: view.keychain } as const;
  if (!decoded.ok) {
    const { scopes, evidence } = decoded.salvage;
    const revision = revisionOf([meta.uid, String(meta.generation)]);
    const problem: Failure = { class: "Internal", message: `${key} is invalid: ${firstDefect(decoded.diagnostics)}` };
    return {
      ...shared,
      diagnostics: decoded.diagnostics,
      revision,
      ownRevision: revision,
      probeRevision: revision,
      references: [],
      materialVersions: new Map(),
      scopes,
      everything: hasAll(scopes),
      evidence,
      problem,
    };
  }
  const { spec } = decoded;
  const reader = new RecordingReader(deps.read, meta.namespace);
  const store = deps.factories.store(spec, {
    name: id,
    ...(meta.namespace !== undefined && { namespace: meta.namespace }),
    keychain: view.keychain,
    material: reader,
  });
  const ownRevision = revisionOf([meta.uid, String(meta.generation), ...materialParts(reader.versions)]);
  return {
    ...shared,
    diagnostics: [],
    spec,
    store,
    scopes: spec.scopes,
    everything: hasAll(spec.scopes),
    evidence: spec.evidence,
    ...(spec.authProviderRefs !== undefined && { authProviderRefs: spec.authProviderRefs.map((ref) => resolveRef(ref, meta.namespace)) }),
    ownRevision,
    revision: revisionOf([ownRevision, view.revision]),
    probeRevision: revisionOf([ownRevision, ...store.endpoints().map((endpoint) => endpointRevision(endpoint, view))]),
    references: [...reader.versions.keys()],
    materialVersions: reader.versions,
  };
}

/** An invalid Store asks nothing, so it uses no AuthProvider: with every one of them it would make two conflict that no Store holds together. */
function viewRequest(spec: StoreSpec | undefined, namespace: string | undefined): ViewRequest {
  if (spec === undefined) return { unmatched: "Deny", refs: [], namespace };
  return {
    // A layout asks nobody: what its keychain would answer never matters.
    unmatched: spec.type === "registry" ? spec.config.unmatched : "Deny",
    ...(spec.authProviderRefs !== undefined && { refs: spec.authProviderRefs.map((ref) => resolveRef(ref, namespace)) }),
    namespace,
  };
}

/** Every AuthProvider of the view with a pattern for this host: a probe is due when one of them changes, and only then. */
function endpointRevision(endpoint: string, view: KeychainView): string {
  const concerned = view.hosts.find(endpoint).map((provider) => `${provider.name}=${provider.revision}`);
  return revisionOf([endpoint, ...concerned.toSorted()]);
}

function hasAll(scopes: readonly Scope[]): boolean {
  return scopes.some((scope) => scope.kind === "all");
}
