import type { Pattern } from "../oci/pattern.ts";
import { alibabaAcr, type AlibabaAcrConfig } from "./auth-alibaba.ts";
import { googleArtifactRegistry, type GoogleArtifactRegistryConfig } from "./auth-google.ts";
import {
  type AzureManagedIdentityConfig,
  azureManagedIdentitySchema,
  type AzureWorkloadIdentityConfig,
  azureWorkloadIdentitySchema,
} from "./auth-azure.ts";
import { type AwsEcrConfig, awsEcrSchema } from "./auth-aws.ts";
import { decodeObject } from "./decode.ts";
import type { Decoded } from "./diagnostic.ts";
import { hostField, maxItems, namespaceField, patternField, refField } from "./fields.ts";
import { filePathField } from "./file-path.ts";
import { clusterOnly, flag, list, type Schema, struct, type TypeOf } from "./schema.ts";
import { type SpecSchemas, withTwin } from "./twin.ts";
import { member, type Members, union } from "./union.ts";
import { Findings, ownValue, walk } from "./walk.ts";

export interface TokenHost {
  /** Exact `host[:port]`, canonical. */
  readonly registry: string;
  readonly tokenHost: string;
}

export interface AuthProviderConfigs {
  readonly anonymous: Readonly<Record<string, never>>;
  readonly kubernetesSecret: { readonly secretRef: { readonly name: string } };
  readonly serviceAccount: { readonly serviceAccountRef: { readonly name: string } };
  /** A file below `--file-root`; credential helpers in it are refused. */
  readonly dockerConfig: { readonly path: string };
  readonly googleArtifactRegistry: GoogleArtifactRegistryConfig;
  readonly alibabaAcr: AlibabaAcrConfig;
  readonly azureWorkloadIdentity: AzureWorkloadIdentityConfig;
  readonly azureManagedIdentity: AzureManagedIdentityConfig;
  readonly awsEcr: AwsEcrConfig;
}
export type AuthProviderType = keyof AuthProviderConfigs;

export interface AuthProviderSpecCommon {
  readonly registries: readonly Pattern[];
  readonly tokenHosts: readonly TokenHost[];
  /** Exact canonical `host[:port]`. */
  readonly plainHTTPHosts: readonly string[];
  readonly allowCredentialsOverHTTP: boolean;
  /** Whose NamespacedStores may use it; none of a NamespacedAuthProvider, which serves its own namespace. */
  readonly allowedNamespaces: readonly string[];
}
export type AuthProviderSpec<T extends AuthProviderType = AuthProviderType> = {
  readonly [K in T]: AuthProviderSpecCommon & { readonly type: K; readonly config: AuthProviderConfigs[K] };
}[T];

/** Of an invalid AuthProvider: the patterns that parsed. It keeps them and answers `CredentialUnavailable`. */
export interface AuthProviderSalvage {
  readonly registries: readonly Pattern[];
  /** Those that are names of namespaces: it keeps its patterns for them as well. */
  readonly allowedNamespaces: readonly string[];
}

const registry = patternField(
  'host, host:port or host/path. The path is compared by whole segments. "*" as one whole label of the host stands for exactly one label, never for one of the last two, and allows no path.',
);

const allowedNamespace = namespaceField("Name of a namespace, exactly.");
/** One for every namespace is an AuthProvider for each, not a longer list. */
const mostNamespaces = 256;

/** The schema of each type; a new one is an entry here and in {@link AuthProviderConfigs}. */
const members: Members<AuthProviderConfigs> = {
  anonymous: member(
    struct(
      "The registries are asked without a credential, even where another AuthProvider would match them less specifically. May be left out.",
      {},
    ),
  ),
  kubernetesSecret: member(
    struct("A Secret in the operator's namespace.", {
      secretRef: refField(
        "The Secret; its type must be kubernetes.io/dockerconfigjson, kubernetes.io/dockercfg or kubernetes.io/basic-auth.",
        "Name of the Secret.",
      ),
    }),
  ),
  serviceAccount: member(
    struct("The imagePullSecrets of a ServiceAccount in the operator's namespace.", {
      serviceAccountRef: refField("The ServiceAccount.", "Name of the ServiceAccount."),
    }),
  ),
  dockerConfig: member(
    clusterOnly(
      struct("A Docker configuration file, as `docker login` writes it. Credential helpers in it are refused.", {
        path: filePathField("The file, below the operator's --file-root."),
      }),
    ),
  ),
  googleArtifactRegistry: member(googleArtifactRegistry),
  alibabaAcr: member(alibabaAcr),
  azureWorkloadIdentity: member(azureWorkloadIdentitySchema),
  azureManagedIdentity: member(azureManagedIdentitySchema),
  awsEcr: member(awsEcrSchema),
};

/** `spec` of an AuthProvider. */
export const authProviderSpec: SpecSchemas<AuthProviderSpec> = withTwin(
  union(
    "Credentials for the registries that match.",
    {
      registries: list(
        "Registries that the credential is for and, with a path, the part of each that it is sent to. Of all AuthProviders that match a repository the one with the fewest wildcards, then the longest path answers; there is no falling through to another.",
        registry,
        { minItems: 1, maxItems, listType: "set" },
      ),
      tokenHosts: clusterOnly(
        list(
          "Token services on another host than their registry. A registry that names any other host is not followed.",
          struct("A registry and the host of its token service.", {
            registry: hostField("Exact host or host:port of the registry."),
            tokenHost: hostField("Exact host or host:port of the token service that may see the credential."),
          }),
          { maxItems, listType: { keys: ["registry"] }, default: [] },
        ),
      ),
      plainHTTPHosts: clusterOnly(
        list(
          "Hosts that are spoken to in plain HTTP, and only so: never a fallback from HTTPS. Counts where this provider is the one selected for the host.",
          hostField("Exact host or host:port."),
          { maxItems, listType: "set", default: [] },
        ),
      ),
      allowCredentialsOverHTTP: clusterOnly(
        flag("Whether the credential may be sent to a plainHTTPHosts host, where anyone on the way can read it.", {
          default: false,
        }),
      ),
      allowedNamespaces: clusterOnly(
        list(
          "Namespaces whose NamespacedStores may use the credential too, and reach the registries where they lie in a private network. Whoever writes NamespacedStores there can read what the credential reads.",
          allowedNamespace,
          { maxItems: mostNamespaces, listType: "set", default: [] },
        ),
      ),
    },
    { typeDescription: "Where the credential comes from; the field of the same name configures it.", members },
  ),
);

/** Far above the 64 that pass, so that an invalid object from a file keeps what it claims; a bound, because every list has one. */
const mostSalvaged = 1024;

/** Decodes an AuthProvider as it came from the API server or a file. Never throws. */
export function decodeAuthProvider(raw: unknown): Decoded<AuthProviderSpec, AuthProviderSalvage> {
  return decodeObject(authProviderSpec, raw, (spec, scope) => {
    const patterns = salvaged(registry, ownValue(spec, "registries"));
    return {
      registries: [...new Map(patterns.map((pattern) => [pattern.text, pattern])).values()],
      // What a tenant writes lets nobody else in.
      allowedNamespaces: scope === "Cluster" ? [...new Set(salvaged(allowedNamespace, ownValue(spec, "allowedNamespaces")))] : [],
    };
  });
}

/** The items of a list that pass by themselves. */
function salvaged<S extends Schema>(items: S, written: unknown): readonly TypeOf<S>[] {
  const raw: readonly unknown[] = Array.isArray(written) ? written.slice(0, mostSalvaged) : [];
  return raw.flatMap((item) => {
    const value = walk(items, item, "", new Findings());
    return value === undefined ? [] : [value];
  });
}
