import type { Kind } from "../../src/api/object.ts";
import { publicKey } from "./public-key.ts";

export const uuid = "12345678-9abc-def0-1234-56789abcdef0";
export const managedIdentity = `/subscriptions/${uuid}/resourcegroups/acme-rg/providers/Microsoft.ManagedIdentity/userAssignedIdentities/puller`;

/** Accepted specs of the cluster-scoped kinds: for each every type alone, as short as it can be, and with every field. */
export const acceptedCluster: { readonly [K in Kind]: { readonly [sample: string]: Readonly<Record<string, unknown>> } } = {
  Store: {
    "registry, as short as can be": { scopes: ["*"], type: "registry" },
    "registry, with every field": {
      scopes: ["acme.azurecr.io", "*.dkr.ecr.*.amazonaws.com", "ghcr.io/acme", "docker.io"],
      evidence: "Optional",
      timeout: "1s500ms",
      healthCheck: { interval: "1h", failureThreshold: 5 },
      limits: { artifacts: 8, pages: 20, manifestBytes: 65_536, blobBytes: 1_048_576, totalBytes: 8_388_608, depth: 2 },
      suspend: true,
      authProviderRefs: [{ name: "acr" }, { name: "ghcr" }],
      type: "registry",
      registry: {
        evidenceRepository: "signatures.acme.io/evidence",
        rewrite: [{ from: "docker.io/library", to: "mirror.acme.io/hub/library" }],
        caBundleRef: { kind: "ConfigMap", name: "acme-ca", key: "ca.crt" },
        unmatched: "Deny",
      },
    },
    ociLayout: { scopes: ["ghcr.io/acme"], type: "ociLayout", ociLayout: { path: "evidence/layout" } },
  },
  AuthProvider: {
    anonymous: { registries: ["ghcr.io"], type: "anonymous" },
    "anonymous, with its empty field": { registries: ["ghcr.io"], type: "anonymous", anonymous: {} },
    "kubernetesSecret, with every field": {
      registries: ["*.azurecr.io", "registry.acme.io:5000/team"],
      tokenHosts: [{ registry: "registry.acme.io:5000", tokenHost: "gitlab.acme.io" }],
      plainHTTPHosts: ["registry.acme.io:5000"],
      allowCredentialsOverHTTP: true,
      allowedNamespaces: ["team-a", "team-b"],
      type: "kubernetesSecret",
      kubernetesSecret: { secretRef: { name: "acr-pull" } },
    },
    serviceAccount: { registries: ["quay.io/acme"], type: "serviceAccount", serviceAccount: { serviceAccountRef: { name: "puller" } } },
    dockerConfig: { registries: ["localhost:5000"], type: "dockerConfig", dockerConfig: { path: "docker/config.json" } },
    "googleArtifactRegistry, as short as can be": { registries: ["gcr.io"], type: "googleArtifactRegistry" },
    "googleArtifactRegistry, with every field": {
      registries: ["*.pkg.dev"],
      type: "googleArtifactRegistry",
      googleArtifactRegistry: {
        workloadIdentityFederation: {
          serviceAccountRef: { name: "registry-reader" },
          projectNumber: 123_456_789_012,
          poolID: "countersign",
          providerID: "cluster-a",
        },
        serviceAccountEmail: "reader@acme-prod.iam.gserviceaccount.com",
      },
    },
    "alibabaAcr, as short as can be": {
      registries: ["*.cn-hangzhou.cr.aliyuncs.com"],
      type: "alibabaAcr",
      alibabaAcr: { instances: [{ host: "acme-registry.cn-hangzhou.cr.aliyuncs.com", instanceID: "cri-acme1" }] },
    },
    "alibabaAcr, with every field": {
      registries: ["*.cn-hangzhou.cr.aliyuncs.com"],
      type: "alibabaAcr",
      alibabaAcr: {
        serviceAccountRef: { name: "registry-reader" },
        roleARN: "acs:ram::1234567890123456:role/registry-reader",
        oidcProviderARN: "acs:ram::1234567890123456:oidc-provider/ack-rrsa-c1a2b3",
        instances: [{ host: "acme-registry-vpc.cn-hangzhou.cr.aliyuncs.com", instanceID: "cri-acme1" }],
        endpoints: "VPC",
      },
    },
    "azureWorkloadIdentity, as short as can be": {
      registries: ["*.azurecr.io"],
      type: "azureWorkloadIdentity",
      azureWorkloadIdentity: { clientID: uuid, tenantID: uuid },
    },
    "azureWorkloadIdentity, with every field": {
      registries: ["acme.azurecr.us", "registry.acme.example"],
      type: "azureWorkloadIdentity",
      azureWorkloadIdentity: {
        clientID: uuid,
        tenantID: uuid.toUpperCase(),
        serviceAccountRef: { name: "puller" },
        cloud: "AzureUSGovernment",
        trustedHostSuffixes: [".acme.example"],
      },
    },
    "azureManagedIdentity, the node's own": {
      registries: ["*.azurecr.io"],
      type: "azureManagedIdentity",
      azureManagedIdentity: { tenantID: uuid },
    },
    "azureManagedIdentity, by client id, with every field": {
      registries: ["*.azurecr.cn"],
      type: "azureManagedIdentity",
      azureManagedIdentity: { clientID: uuid, tenantID: uuid, cloud: "AzureChina", trustedHostSuffixes: [".acme.example"] },
    },
    "azureManagedIdentity, by resource id": {
      registries: ["*.azurecr.io"],
      type: "azureManagedIdentity",
      azureManagedIdentity: { resourceID: managedIdentity, tenantID: uuid },
    },
    "awsEcr, as short as can be": { registries: ["*.dkr.ecr.*.amazonaws.com"], type: "awsEcr" },
    "awsEcr, with a ServiceAccount": {
      registries: ["123456789012.dkr.ecr.eu-west-1.amazonaws.com", "public.ecr.aws"],
      type: "awsEcr",
      awsEcr: {
        roleARN: "arn:aws:iam::123456789012:role/teams/countersign",
        serviceAccountRef: { name: "puller" },
        stsRegion: "eu-west-1",
        trustedHostSuffixes: [".ecr.acme.example"],
      },
    },
    "awsEcr, with the pod's identity": {
      registries: ["*.dkr.ecr.*.amazonaws.com.cn"],
      type: "awsEcr",
      awsEcr: { roleARN: "arn:aws-cn:iam::123456789012:role/countersign", source: "WebIdentity" },
    },
  },
  Verifier: {
    cosign: { type: "cosign", cosign: { keyProviderRefs: [{ name: "release" }, { name: "nightly" }] } },
    "cosign, with every field": {
      scopes: ["acme.azurecr.io/prod", "*.dkr.ecr.*.amazonaws.com"],
      type: "cosign",
      cosign: {
        keyProviderRefs: [{ name: "release" }],
        annotations: [
          { name: "env", value: "prod" },
          { name: "dev.acme/pipeline", value: "" },
        ],
      },
    },
  },
  KeyProvider: {
    inline: { type: "inline", inline: { keys: [{ name: "release", publicKey }] } },
    kubernetesSecret: {
      type: "kubernetesSecret",
      kubernetesSecret: { secretRef: { name: "signing" }, keys: [{ name: "release", key: "cosign.pub" }] },
    },
    configMap: {
      type: "configMap",
      configMap: {
        configMapRef: { name: "build-keys" },
        keys: [
          { name: "build-2026", key: "build_2026.pub" },
          { name: "build-2027", key: "build_2027.pub" },
        ],
      },
    },
  },
  Policy: {
    "as short as can be": { scopes: ["*"], require: [{ verifierRef: { name: "release" } }] },
    "with every field": {
      scopes: ["acme.azurecr.io/prod"],
      excludeScopes: ["acme.azurecr.io/prod/sandbox"],
      namespaceSelector: {
        matchLabels: { "acme.io/stage": "prod", team: "" },
        matchExpressions: [
          { key: "kubernetes.io/metadata.name", operator: "NotIn", values: ["kube-system", "default"] },
          { key: "acme.io/legacy", operator: "DoesNotExist" },
        ],
      },
      enforcement: "Warn",
      onInconclusive: "Allow",
      tags: "Refuse",
      platforms: "Named",
      exceptions: [{ scopes: ["acme.azurecr.io/prod/legacy"], expirationTime: "2027-01-31T00:00:00Z", reason: "SEC-142" }],
      require: [
        { name: "release", verifierRef: { name: "release-signature" }, atLeast: 2, count: "Signers", every: true },
        {
          name: "bill-of-materials",
          anyOf: [
            { verifierRef: { name: "sbom" }, atLeast: 1, count: "Artifacts" },
            { expression: "evidence.exists(e, e.artifactType == 'application/vnd.cyclonedx+json' && e.verified)" },
          ],
        },
        { expression: "image.registry == 'acme.azurecr.io'" },
      ],
    },
  },
};
