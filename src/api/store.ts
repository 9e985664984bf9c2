import type { Pattern, Scope } from "../oci/pattern.ts";
import type { Repository } from "../oci/repository.ts";
import { decodeObject } from "./decode.ts";
import type { Decoded } from "./diagnostic.ts";
import { durationField } from "./duration.ts";
import { dataKeyField, exactPatternField, maxItems, nameField, refsField, repositoryField, scopeField } from "./fields.ts";
import { filePathField } from "./file-path.ts";
import { choice, clusterOnly, converted, flag, integer, list, optional, type Schema, struct } from "./schema.ts";
import { member, type Members, union } from "./union.ts";
import { type SpecSchemas, withTwin } from "./twin.ts";
import { Findings, ownValue, walk } from "./walk.ts";

/** May a verdict stand while this store is down? (design 6) */
export type Evidence = "Required" | "Optional";

export interface ConfigMapKeyRef {
  readonly kind: "ConfigMap";
  readonly name: string;
  readonly key: string;
}

/** By whole segments: an image below `from` is read below `to`; scopes and policies see the original name, requests and credentials the rewritten one. */
export interface Rewrite {
  readonly from: Pattern;
  readonly to: Repository;
}

export interface RegistryStoreConfig {
  /** Absent: the image's own repository. */
  readonly evidenceRepository?: Repository;
  /** The longest matching `from` wins. */
  readonly rewrite: readonly Rewrite[];
  readonly caBundleRef?: ConfigMapKeyRef;
  readonly unmatched: "Anonymous" | "Deny";
}

export interface OciLayoutStoreConfig {
  /** Below `--file-root`. */
  readonly path: string;
}

export interface StoreConfigs {
  readonly registry: RegistryStoreConfig;
  readonly ociLayout: OciLayoutStoreConfig;
}
export type StoreType = keyof StoreConfigs;

/** What is read for one image; docs/reference/store.md. Bytes are of the content, not of the wire. */
export interface StoreLimits {
  /** Referrers that a Verifier could judge, of one subject. */
  readonly artifacts: number;
  /** Pages of one listing of referrers. */
  readonly pages: number;
  /** Of one artifact's manifest. */
  readonly manifestBytes: number;
  /** Of one layer of an artifact. */
  readonly blobBytes: number;
  /** Of all artifacts' manifests and layers together. */
  readonly totalBytes: number;
  /** How far referrers of referrers are followed: the image is 1, an SBOM of it 2, a signature on that SBOM 3. */
  readonly depth: number;
}

/** A manifest of 512 KiB costs the event loop some 10 ms however it is made; a signature's has 2 KiB. */
export const defaultLimits: StoreLimits = {
  artifacts: 64,
  pages: 100,
  manifestBytes: 524_288,
  blobBytes: 16_777_216,
  totalBytes: 67_108_864,
  depth: 3,
};

export interface StoreSpecCommon {
  readonly scopes: readonly Scope[];
  readonly evidence: Evidence;
  /** Default 2000. */
  readonly timeoutMs: number;
  /** Default 5 min and 3. */
  readonly healthCheck: { readonly intervalMs: number; readonly failureThreshold: number };
  readonly limits: StoreLimits;
  readonly suspend: boolean;
  /** Absent: every AuthProvider. Names only narrow. */
  readonly authProviderRefs?: readonly string[];
}
export type StoreSpec<T extends StoreType = StoreType> = {
  readonly [K in T]: StoreSpecCommon & { readonly type: K; readonly config: StoreConfigs[K] };
}[T];

/** Of an invalid Store: the scopes that parsed; `everything` if any did not, so that a typo cannot take the Store out of a verdict. */
export interface StoreSalvage {
  readonly scopes: readonly Scope[];
  readonly evidence: Evidence;
}

const scopes = list(
  'Images that this Store is asked about: each a registry host, optionally with a port and a path below which everything matches, or "*" for every image.',
  scopeField(
    'host, host:port or host/path. The path is compared by whole segments. "*" as one whole label of the host stands for exactly one label, never for one of the last two; "*" alone matches every image.',
  ),
  { minItems: 1, maxItems, listType: "set" },
);
const evidence = choice(
  "Whether a verdict may stand while this Store cannot be read. Required: what it might hold could still change the outcome, so the verdict is inconclusive. Optional: the verdict stands on what other Stores hold.",
  ["Required", "Optional"],
  { default: "Required" },
);

/** The schema of each type; a new one is an entry here and in {@link StoreConfigs}. */
const members: Members<StoreConfigs> = {
  registry: member(
    struct("Artifacts and their referrers are read from OCI registries. May be left out: every field has a default.", {
      evidenceRepository: optional(
        repositoryField("Repository where evidence is looked for, host/path, instead of the image's own repository."),
      ),
      rewrite: list(
        "Where images are read from instead, by whole path segments: an image below `from` is read below `to`, and the longest matching `from` wins. Scopes see the original name; requests and credentials use the rewritten one.",
        struct("One prefix and what stands in for it.", {
          from: exactPatternField("Prefix as it stands in image names: host or host/path, without wildcards."),
          to: repositoryField("Repository that takes its place: host/path."),
        }),
        { maxItems, listType: { keys: ["from"] }, default: [] },
      ),
      caBundleRef: optional(
        struct("Certificates that the registry's TLS certificate may be issued by, besides the system's.", {
          kind: choice("Kind of the object that holds the bundle.", ["ConfigMap"]),
          name: nameField("Name of the object, in the operator's namespace."),
          key: dataKeyField("Key of the PEM bundle in the object's data."),
        }),
      ),
      unmatched: choice(
        "What happens to a registry host that no AuthProvider matches. Anonymous: it is asked without a credential. Deny: it is not asked at all.",
        ["Anonymous", "Deny"],
        { default: "Anonymous" },
      ),
    }),
  ),
  ociLayout: member(
    clusterOnly(
      struct("Artifacts and their referrers are read from an OCI image layout on disk.", {
        path: filePathField("Directory of the layout (the one that holds oci-layout), below the operator's --file-root."),
      }),
    ),
  ),
};

/** A namespace may only lower it: what is read is kept in the memory that all share. */
function limit(
  description: string,
  name: keyof StoreLimits,
  bounds: { readonly minimum: number; readonly maximum: number },
): Schema<number, "present"> {
  const written = { ...bounds, default: defaultLimits[name] };
  return { ...integer(description, written), twin: integer(description, { ...written, maximum: defaultLimits[name] }) };
}

const written = union(
  "Where artifacts and their referrers are read.",
  {
    scopes,
    evidence,
    timeout: durationField(
      'Longest time one listing of this Store may take, such as "2s"; never more than 60 % of what is left of the request.',
      {
        atLeast: "100ms",
        atMost: "30s",
        default: "2s",
      },
    ),
    healthCheck: struct(
      "When this Store is probed, and when a probe that fails makes it unready.",
      {
        interval: durationField("Time between two probes.", { atLeast: "10s", atMost: "24h", default: "5m" }),
        failureThreshold: integer("Probes that have to fail in a row before the Store is unready.", {
          minimum: 1,
          maximum: 100,
          default: 3,
        }),
      },
      { default: {} },
    ),
    limits: struct(
      "What is read for one image. Whatever exceeds a limit makes the verdict inconclusive, never allowed.",
      {
        artifacts: limit(
          "Most artifacts (signatures, attestations) that are considered; what no Verifier could judge does not count.",
          "artifacts",
          { minimum: 1, maximum: 1024 },
        ),
        pages: limit("Most pages of one list of referrers that are followed.", "pages", { minimum: 1, maximum: 1000 }),
        manifestBytes: limit("Most bytes of the manifest of one artifact.", "manifestBytes", { minimum: 1024, maximum: 4_194_304 }),
        blobBytes: limit("Most bytes of one layer of an artifact.", "blobBytes", { minimum: 1024, maximum: 268_435_456 }),
        totalBytes: limit("Most bytes of the manifests and layers of all artifacts together.", "totalBytes", {
          minimum: 1024,
          maximum: 1_073_741_824,
        }),
        depth: limit("How far referrers of referrers are followed: the image is 1, an SBOM of it 2, a signature on that SBOM 3.", "depth", {
          minimum: 1,
          maximum: 8,
        }),
      },
      { default: {} },
    ),
    suspend: flag("Stops probing; the status stays as it is. Verification still asks the Store.", { default: false }),
    authProviderRefs: optional(
      refsField(
        "AuthProviders that this Store may use; absent: every one. A named provider still answers only for what its own registries match, and a name that does not exist answers CredentialUnavailable.",
        "Name of an AuthProvider.",
        {
          either: "AuthProvider",
          twin: "AuthProviders that this Store may use; absent: every NamespacedAuthProvider of the namespace, and every AuthProvider whose allowedNamespaces has it. A named provider still answers only for what its own registries match; a name that does not exist, or does not allow the namespace, answers CredentialUnavailable.",
        },
      ),
    ),
  },
  { typeDescription: "Which kind of store this is; the field of the same name configures it.", members },
);

/** `spec` of a Store. */
export const storeSpec: SpecSchemas<StoreSpec> = withTwin(
  converted(written, ({ timeout, healthCheck: { interval, failureThreshold }, ...rest }) => ({
    ...rest,
    timeoutMs: timeout,
    healthCheck: { intervalMs: interval, failureThreshold },
  })),
);

/** Decodes a Store as it came from the API server or a file. Never throws. */
export function decodeStore(raw: unknown): Decoded<StoreSpec, StoreSalvage> {
  return decodeObject(storeSpec, raw, (spec) => ({
    scopes: walk(scopes, ownValue(spec, "scopes"), "", new Findings()) ?? [{ kind: "all" }],
    evidence: walk(evidence, ownValue(spec, "evidence"), "", new Findings()) ?? "Required",
  }));
}
