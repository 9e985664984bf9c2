import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { decodeAuthProvider } from "../../src/api/auth-provider.ts";
import { managedIdentity, uuid } from "./accepted-cluster.ts";
import { accepted, object, refusals } from "./objects.ts";

const short = { registries: ["ghcr.io"], type: "anonymous" } as const;

describe("decodeAuthProvider()", () => {
  it("fills in every default of `type: anonymous` alone", () => {
    assert.deepEqual(decodeAuthProvider(object("AuthProvider", short)), {
      ok: true,
      spec: {
        registries: [{ text: "ghcr.io", labels: ["ghcr", "io"], port: undefined, segments: [], wildcards: 0 }],
        tokenHosts: [],
        plainHTTPHosts: [],
        allowCredentialsOverHTTP: false,
        allowedNamespaces: [],
        type: "anonymous",
        config: {},
      },
    });
  });

  it("makes hosts canonical", () => {
    const decoded = decodeAuthProvider(
      object("AuthProvider", {
        ...short,
        plainHTTPHosts: ["LOCALHOST:5000"],
        tokenHosts: [{ registry: "Index.Docker.io", tokenHost: "auth.docker.io:443" }],
      }),
    );
    assert.deepEqual(decoded.ok && [decoded.spec.plainHTTPHosts, decoded.spec.tokenHosts], [
      ["localhost:5000"],
      [{ registry: "docker.io", tokenHost: "auth.docker.io" }],
    ]);
  });

  it("lifts the member that type names to `config`", () => {
    const configs = Object.values(accepted.AuthProvider).map((spec) => {
      const decoded = decodeAuthProvider(object("AuthProvider", spec));
      return decoded.ok ? decoded.spec.config : undefined;
    });
    assert.deepEqual(configs, [
      {},
      {},
      { secretRef: { name: "acr-pull" } },
      { serviceAccountRef: { name: "puller" } },
      { path: "docker/config.json" },
      {},
      {
        workloadIdentityFederation: {
          serviceAccountRef: { name: "registry-reader" },
          projectNumber: 123_456_789_012,
          poolID: "countersign",
          providerID: "cluster-a",
        },
        serviceAccountEmail: "reader@acme-prod.iam.gserviceaccount.com",
      },
      { instances: [{ host: "acme-registry.cn-hangzhou.cr.aliyuncs.com", instanceID: "cri-acme1" }], endpoints: "Public" },
      {
        serviceAccountRef: { name: "registry-reader" },
        roleARN: "acs:ram::1234567890123456:role/registry-reader",
        oidcProviderARN: "acs:ram::1234567890123456:oidc-provider/ack-rrsa-c1a2b3",
        instances: [{ host: "acme-registry-vpc.cn-hangzhou.cr.aliyuncs.com", instanceID: "cri-acme1" }],
        endpoints: "VPC",
      },
      { clientID: uuid, tenantID: uuid, cloud: "AzurePublic", trustedHostSuffixes: [] },
      {
        clientID: uuid,
        tenantID: uuid.toUpperCase(),
        serviceAccountRef: { name: "puller" },
        cloud: "AzureUSGovernment",
        trustedHostSuffixes: [".acme.example"],
      },
      { tenantID: uuid, cloud: "AzurePublic", trustedHostSuffixes: [] },
      { clientID: uuid, tenantID: uuid, cloud: "AzureChina", trustedHostSuffixes: [".acme.example"] },
      { resourceID: managedIdentity, tenantID: uuid, cloud: "AzurePublic", trustedHostSuffixes: [] },
      { source: "Auto", trustedHostSuffixes: [] },
      {
        roleARN: "arn:aws:iam::123456789012:role/teams/countersign",
        serviceAccountRef: { name: "puller" },
        source: "Auto",
        stsRegion: "eu-west-1",
        trustedHostSuffixes: [".ecr.acme.example"],
      },
      { roleARN: "arn:aws-cn:iam::123456789012:role/countersign", source: "WebIdentity", trustedHostSuffixes: [] },
    ]);
  });

  const refused: readonly (readonly [string, object, readonly string[]])[] = [
    [
      "a pattern that is too wide",
      { ...short, registries: ["*.io"] },
      ['spec.registries[0]: "*.io" is too wide: "*" may not stand for one of the last two labels'],
    ],
    [
      "a pattern for everything: that is for scopes",
      { ...short, registries: ["*"] },
      ['spec.registries[0]: "*" is too wide: "*" may not stand for one of the last two labels'],
    ],
    [
      "a member of another type",
      { ...short, kubernetesSecret: { secretRef: { name: "a" } } },
      ['spec: type is "anonymous" but "kubernetesSecret" is set; remove it or change type'],
    ],
    [
      "two members of other types, naming both",
      { ...short, dockerConfig: { path: "a" }, serviceAccount: { serviceAccountRef: { name: "a" } } },
      [
        'spec: type is "anonymous" but "serviceAccount" is set; remove it or change type',
        'spec: type is "anonymous" but "dockerConfig" is set; remove it or change type',
      ],
    ],
    [
      "a Secret without a name",
      { ...short, type: "kubernetesSecret", kubernetesSecret: { secretRef: {} } },
      ["spec.kubernetesSecret.secretRef.name: Required value"],
    ],
    [
      "a name that no Secret can have",
      { ...short, type: "kubernetesSecret", kubernetesSecret: { secretRef: { name: "../etc" } } },
      [
        'spec.kubernetesSecret.secretRef.name: "../etc" is not an object name: lower-case letters, digits, "-" and ".", a letter or digit at both ends',
      ],
    ],
    [
      "a token host with a path",
      { ...short, tokenHosts: [{ registry: "registry.acme.io", tokenHost: "gitlab.acme.io/jwt" }] },
      ['spec.tokenHosts[0].tokenHost: "gitlab.acme.io/jwt" has a path; write "host" or "host:port"'],
    ],
    [
      "a wildcard for plain HTTP",
      { ...short, plainHTTPHosts: ["*.acme.io"] },
      ['spec.plainHTTPHosts[0]: "*.acme.io" has "*" in it; an exact host is needed here'],
    ],
    [
      "two token hosts of one registry",
      {
        ...short,
        tokenHosts: [
          { registry: "a.acme.io", tokenHost: "b.acme.io" },
          { registry: "a.acme.io", tokenHost: "c.acme.io" },
        ],
      },
      ['spec.tokenHosts[1]: Duplicate value: {"registry":"a.acme.io"}'],
    ],
  ];
  for (const [name, spec, said] of refused) it(`refuses ${name}`, () => assert.deepEqual(refusals("AuthProvider", spec), said));

  it("refuses what is not the exact name of a namespace", () => {
    assert.deepEqual(refusals("AuthProvider", { ...short, allowedNamespaces: ["team-a", "team-*", "a.b"] }), [
      'spec.allowedNamespaces[1]: "team-*" is not the name of a namespace: lower-case letters, digits and "-", a letter or digit at both ends',
      'spec.allowedNamespaces[2]: "a.b" is not the name of a namespace: lower-case letters, digits and "-", a letter or digit at both ends',
    ]);
  });

  it("salvages the patterns that parse, each once", () => {
    const decoded = decodeAuthProvider(
      object("AuthProvider", { ...short, registries: ["ghcr.io", "*.io", 7, "GHCR.io:443", "quay.io/acme"] }),
    );
    assert.deepEqual(!decoded.ok && decoded.salvage.registries.map(({ text }) => text), ["ghcr.io", "quay.io/acme"]);
  });

  it("salvages patterns beyond the bound that made it invalid", () => {
    const registries = Array.from({ length: 70 }, (_, at) => `r${at}.acme.io`);
    const decoded = decodeAuthProvider(object("AuthProvider", { ...short, registries }));
    assert.deepEqual(!decoded.ok && decoded.salvage.registries.map(({ text }) => text), registries);
  });

  it("salvages nothing of what is no list", () => {
    const decoded = decodeAuthProvider(object("AuthProvider", { ...short, registries: "ghcr.io" }));
    assert.deepEqual(!decoded.ok && decoded.salvage, { registries: [], allowedNamespaces: [] });
  });

  it("salvages the namespaces that may use it: it keeps its patterns there too", () => {
    const decoded = decodeAuthProvider(
      object("AuthProvider", { registries: ["ghcr.io"], allowedNamespaces: ["team-a", "Team", "team-a", 1] }),
    );
    assert.deepEqual(!decoded.ok && decoded.salvage.allowedNamespaces, ["team-a"]);
    const tenants = decodeAuthProvider(object("NamespacedAuthProvider", { ...short, allowedNamespaces: ["team-b"] }));
    assert.deepEqual(!tenants.ok && tenants.salvage.allowedNamespaces, []);
  });
});
