import { decodeAuthProvider } from "../api/auth-provider.ts";
import type { Diagnostic } from "../api/diagnostic.ts";
import { decodeKeyProvider } from "../api/key-provider.ts";
import type { ObjectKey } from "../api/object.ts";
import { type AuthProvider, CredentialUnavailableError } from "../keychain/ports.ts";
import type { CompiledAuthProvider, CompiledKeyProvider } from "./compiled.ts";
import type { Factories } from "./factories.ts";
import { firstDefect, type Identified, isSame } from "./identity.ts";
import { isUnchanged, materialParts, RecordingReader, type ReadRaw } from "./material.ts";
import { revisionOf } from "./revision.ts";

/** An entry of which nothing has changed keeps its instance; only its meta is fresh. */
export function compileKeyProvider(
  object: Identified,
  before: CompiledKeyProvider | undefined,
  deps: { readonly factories: Factories; readonly read: ReadRaw },
): CompiledKeyProvider {
  const { meta, id } = object;
  if (before !== undefined && isSame(before, object) && isUnchanged(before.materialVersions, deps.read)) return { ...before, meta };
  const decoded = decodeKeyProvider(object.raw);
  const reader = new RecordingReader(deps.read, meta.namespace);
  const previous = before?.keyProvider;
  const built = decoded.ok && {
    spec: decoded.spec,
    keyProvider: deps.factories.keyProvider(decoded.spec, {
      name: id,
      spec: `${meta.uid}/${meta.generation}`,
      material: reader,
      ...(previous !== undefined && { previous }),
    }),
  };
  return {
    kind: "KeyProvider",
    meta,
    diagnostics: decoded.ok ? [] : decoded.diagnostics,
    revision: revisionOf([meta.uid, String(meta.generation), ...materialParts(reader.versions)]),
    references: [...reader.versions.keys()],
    materialVersions: reader.versions,
    ...built,
  };
}

export function compileAuthProvider(
  object: Identified,
  before: CompiledAuthProvider | undefined,
  deps: { readonly factories: Factories; readonly read: ReadRaw },
): CompiledAuthProvider {
  const { meta, id, key } = object;
  if (before !== undefined && isSame(before, object) && isUnchanged(before.materialVersions, deps.read)) return { ...before, meta };
  const decoded = decodeAuthProvider(object.raw);
  const reader = new RecordingReader(deps.read, meta.namespace);
  const context = { name: id, ...(meta.namespace !== undefined && { namespace: meta.namespace }), material: reader };
  const { registries, allowedNamespaces } = decoded.ok ? decoded.spec : decoded.salvage;
  return {
    kind: "AuthProvider",
    meta,
    diagnostics: decoded.ok ? [] : decoded.diagnostics,
    patterns: registries,
    allowedNamespaces,
    ...(decoded.ok && { spec: decoded.spec }),
    provider: decoded.ok ? deps.factories.authProvider(decoded.spec, context) : invalidProvider(key, decoded.diagnostics),
    // After the factory has read what it needs.
    revision: revisionOf([meta.uid, String(meta.generation), ...materialParts(reader.versions)]),
    references: [...reader.versions.keys()],
    materialVersions: reader.versions,
  };
}

/** An invalid AuthProvider keeps its patterns: if it vanished, a wider one, or none, would answer in its place (design 2.1). */
function invalidProvider(key: ObjectKey, diagnostics: readonly Diagnostic[]): AuthProvider {
  const message = `${key} is invalid: ${firstDefect(diagnostics)}`;
  return {
    credentials: () => Promise.reject(new CredentialUnavailableError("InvalidSpec", message)),
    state: () => ({ ready: false, reason: "InvalidSpec", message, warnings: [] }),
    unavailable: () => ({ reason: "InvalidSpec", message }),
  };
}
