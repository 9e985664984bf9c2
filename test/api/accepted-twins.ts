import type { Kind } from "../../src/api/object.ts";
import { publicKey } from "./public-key.ts";

type Samples = { readonly [sample: string]: Readonly<Record<string, unknown>> };

/** Accepted specs of the namespaced kinds: as short as they can be, and with every field that a tenant has. */
export const acceptedTwins: { readonly [K in Kind as `Namespaced${K}`]: Samples } = {
  NamespacedStore: {
    "as short as can be": { scopes: ["*"], type: "registry" },
    "with references to both scopes": {
      scopes: ["ghcr.io/acme"],
      evidence: "Optional",
      timeout: "1s",
      healthCheck: { interval: "1h", failureThreshold: 5 },
      suspend: true,
      authProviderRefs: [{ name: "acr" }, { kind: "AuthProvider", name: "acr" }, { kind: "NamespacedAuthProvider", name: "ghcr" }],
      type: "registry",
      registry: {
        evidenceRepository: "signatures.acme.io/evidence",
        rewrite: [{ from: "docker.io/library", to: "mirror.acme.io/hub/library" }],
        caBundleRef: { kind: "ConfigMap", name: "acme-ca", key: "ca.crt" },
        unmatched: "Deny",
      },
    },
  },
  NamespacedAuthProvider: {
    anonymous: { registries: ["ghcr.io"], type: "anonymous" },
    kubernetesSecret: { registries: ["*.azurecr.io"], type: "kubernetesSecret", kubernetesSecret: { secretRef: { name: "acr-pull" } } },
    serviceAccount: { registries: ["quay.io/acme"], type: "serviceAccount", serviceAccount: { serviceAccountRef: { name: "puller" } } },
    awsEcr: {
      registries: ["*.dkr.ecr.*.amazonaws.com"],
      type: "awsEcr",
      awsEcr: { roleARN: "arn:aws:iam::123456789012:role/team-a", serviceAccountRef: { name: "puller" } },
    },
    azureWorkloadIdentity: {
      registries: ["*.azurecr.io"],
      type: "azureWorkloadIdentity",
      azureWorkloadIdentity: {
        clientID: "12345678-9abc-def0-1234-56789abcdef0",
        tenantID: "12345678-9abc-def0-1234-56789abcdef0",
        serviceAccountRef: { name: "puller" },
      },
    },
    googleArtifactRegistry: {
      registries: ["*.pkg.dev"],
      type: "googleArtifactRegistry",
      googleArtifactRegistry: {
        workloadIdentityFederation: { serviceAccountRef: { name: "puller" }, projectNumber: 1, poolID: "pool", providerID: "team-a" },
      },
    },
    alibabaAcr: {
      registries: ["*.cn-hangzhou.cr.aliyuncs.com"],
      type: "alibabaAcr",
      alibabaAcr: {
        serviceAccountRef: { name: "puller" },
        roleARN: "acs:ram::1234567890123456:role/registry-reader",
        oidcProviderARN: "acs:ram::1234567890123456:oidc-provider/ack-rrsa-c1a2b3",
        instances: [{ host: "acme-registry.cn-hangzhou.cr.aliyuncs.com", instanceID: "cri-acme1" }],
      },
    },
  },
  NamespacedVerifier: {
    cosign: {
      scopes: ["ghcr.io"],
      type: "cosign",
      cosign: { keyProviderRefs: [{ name: "release" }], annotations: [{ name: "a", value: "b" }] },
    },
  },
  NamespacedKeyProvider: {
    inline: { type: "inline", inline: { keys: [{ name: "release", publicKey }] } },
    kubernetesSecret: { type: "kubernetesSecret", kubernetesSecret: { secretRef: { name: "keys" }, keys: [{ name: "a", key: "a.pub" }] } },
    configMap: { type: "configMap", configMap: { configMapRef: { name: "keys" }, keys: [{ name: "a", key: "a.pub" }] } },
  },
  NamespacedPolicy: {
    "as short as can be": { scopes: ["*"], require: [{ verifierRef: { name: "release" } }] },
    "with references to both scopes": {
      scopes: ["ghcr.io/acme"],
      excludeScopes: ["ghcr.io/acme/sandbox"],
      enforcement: "Audit",
      onInconclusive: "Warn",
      tags: "Accept",
      platforms: "Named",
      exceptions: [{ scopes: ["ghcr.io/acme/legacy"], expirationTime: "2027-01-31T00:00:00+01:00", reason: "SEC-142" }],
      require: [
        { name: "release", verifierRef: { kind: "Verifier", name: "release" }, atLeast: 2, count: "Artifacts" },
        { anyOf: [{ verifierRef: { kind: "NamespacedVerifier", name: "own" }, every: true }, { expression: "true" }] },
      ],
    },
  },
};
