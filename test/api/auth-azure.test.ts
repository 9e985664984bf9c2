import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { managedIdentity, uuid } from "./accepted-cluster.ts";
import { refusals } from "./objects.ts";

type Kind = "AuthProvider" | "NamespacedAuthProvider";

function said(kind: Kind, type: "azureWorkloadIdentity" | "azureManagedIdentity", config?: object): readonly string[] {
  return refusals(kind, { registries: ["*.azurecr.io"], type, ...(config !== undefined && { [type]: config }) });
}

describe("azureWorkloadIdentity", () => {
  const at = "spec.azureWorkloadIdentity";
  const good = { clientID: uuid, tenantID: uuid };
  const refused: readonly (readonly [string, Kind, object | undefined, readonly string[]])[] = [
    ["nothing", "AuthProvider", undefined, [`${at}: Required value: type is "azureWorkloadIdentity"`]],
    ["no tenant", "AuthProvider", { clientID: uuid }, [`${at}.tenantID: Required value`]],
    ["no client", "AuthProvider", { tenantID: uuid }, [`${at}.clientID: Required value`]],
    [
      "the name of a tenant: it becomes a part of a URL",
      "AuthProvider",
      { ...good, tenantID: "acme.onmicrosoft.com" },
      [`${at}.tenantID: "acme.onmicrosoft.com" is not a UUID, as 12345678-9abc-def0-1234-56789abcdef0`],
    ],
    [
      "a path in the place of a tenant",
      "AuthProvider",
      { ...good, tenantID: "../common" },
      [`${at}.tenantID: "../common" is not a UUID, as 12345678-9abc-def0-1234-56789abcdef0`],
    ],
    [
      "a cloud that is none",
      "AuthProvider",
      { ...good, cloud: "AzureGermany" },
      [`${at}.cloud: Unsupported value: "AzureGermany": supported values: "AzurePublic", "AzureUSGovernment", "AzureChina"`],
    ],
    [
      "an authority of one's own",
      "AuthProvider",
      { ...good, authorityHost: "https://evil.example" },
      [`${at}.authorityHost: unknown field "${at}.authorityHost"`],
    ],
    ["a client secret", "AuthProvider", { ...good, clientSecret: "x" }, [`${at}.clientSecret: unknown field "${at}.clientSecret"`]],
    ["a tenant's object without a ServiceAccount", "NamespacedAuthProvider", good, [`${at}.serviceAccountRef: Required value`]],
    [
      "a tenant's object with a cloud",
      "NamespacedAuthProvider",
      { ...good, serviceAccountRef: { name: "puller" }, cloud: "AzurePublic" },
      [`${at}.cloud: unknown field "${at}.cloud"`],
    ],
    [
      "a tenant's object with hosts that it trusts",
      "NamespacedAuthProvider",
      { ...good, serviceAccountRef: { name: "puller" }, trustedHostSuffixes: [".evil.example"] },
      [`${at}.trustedHostSuffixes: unknown field "${at}.trustedHostSuffixes"`],
    ],
    [
      "a tenant's object with a ServiceAccount of another namespace",
      "NamespacedAuthProvider",
      { ...good, serviceAccountRef: { name: "puller", namespace: "countersign-system" } },
      [`${at}.serviceAccountRef.namespace: unknown field "${at}.serviceAccountRef.namespace"`],
    ],
  ];
  for (const [what, kind, config, expected] of refused) {
    it(`refuses ${what}`, () => assert.deepEqual(said(kind, "azureWorkloadIdentity", config), expected));
  }
});

describe("azureManagedIdentity", () => {
  const at = "spec.azureManagedIdentity";
  const notAnId =
    "is no such resource id: /subscriptions/<id>/resourceGroups/<group>/providers/Microsoft.ManagedIdentity/userAssignedIdentities/<name>";
  const refused: readonly (readonly [string, object | undefined, readonly string[]])[] = [
    ["no tenant", {}, [`${at}.tenantID: Required value`]],
    [
      "two names of the identity",
      { clientID: uuid, resourceID: managedIdentity, tenantID: uuid },
      [`${at}: clientID and resourceID both name the identity; keep one`],
    ],
    [
      "another resource",
      { resourceID: `/subscriptions/${uuid}`, tenantID: uuid },
      [`${at}.resourceID: "/subscriptions/${uuid}" ${notAnId}`],
    ],
    [
      "a resource id that goes on",
      { resourceID: `${managedIdentity}/x`, tenantID: uuid },
      [`${at}.resourceID: "${managedIdentity.slice(0, 97)}..." ${notAnId}`],
    ],
    ["an object id", { objectID: uuid, tenantID: uuid }, [`${at}.objectID: unknown field "${at}.objectID"`]],
  ];
  for (const [what, config, expected] of refused) {
    it(`refuses ${what}`, () => assert.deepEqual(said("AuthProvider", "azureManagedIdentity", config), expected));
  }

  it("is no type of a tenant's", () => {
    const [first = "", second = "", ...more] = said("NamespacedAuthProvider", "azureManagedIdentity", { tenantID: uuid });
    assert.match(`${first}${second}`, /spec.type: Unsupported value: "azureManagedIdentity"/);
    assert.match(`${first}${second}`, /unknown field "spec.azureManagedIdentity"/);
    assert.deepEqual(more, []);
  });
});
