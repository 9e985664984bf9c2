import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { isServerAudience } from "../../src/kube/token-audience.ts";

const own = {
  server: "https://10.96.0.1:6443",
  claims: {
    issuer: "https://container.googleapis.com/v1/projects/p/locations/l/clusters/c",
    audiences: ["https://api.acme.example", '"acme.hcp.westeurope.azmk8s.io"'],
  },
};

for (const audience of [
  "https://kubernetes.default.svc",
  "https://kubernetes.default.svc.cluster.local",
  "https://kubernetes.default.svc.corp.example/",
  "https://kubernetes.default.svc:443",
  "https://kubernetes.default.svc./",
  "HTTPS://Kubernetes.Default.SVC",
  "kubernetes.default.svc",
  "http://kubernetes.default",
  "kubernetes",
  "https://user@kubernetes.default.svc/path",
  " https://kubernetes.default.svc",
  "https://10.96.0.1:6443",
  "https://10.96.0.1:6443/",
  "10.96.0.1:6443",
  "https://10.96.0.1:6443/any?path",
  "https://container.googleapis.com/v1/projects/p/locations/l/clusters/c",
  "https://container.googleapis.com/v1/projects/p/locations/l/clusters/c/",
  "https://api.acme.example",
  "https://api.acme.example:443/",
  '"acme.hcp.westeurope.azmk8s.io"',
  "acme.hcp.westeurope.azmk8s.io",
]) {
  test(`isServerAudience() knows the API server in ${audience}`, () => assert.equal(isServerAudience(audience, own), true));
}

for (const audience of [
  "api://AzureADTokenExchange",
  "api://AzureADTokenExchangeUSGov",
  "sts.amazonaws.com",
  "sts.amazonaws.com.cn",
  "//iam.googleapis.com/projects/1/locations/global/workloadIdentityPools/pool/providers/cluster",
  "sts.aliyuncs.com",
  "vault",
  "https://vault.kubernetes.example",
  "https://container.googleapis.com/v1/projects/p/locations/l/clusters/other",
  "https://10.96.0.1:8443",
  "https://kubernetes.defaults.example",
]) {
  test(`isServerAudience() lets ${audience} be somebody else`, () => assert.equal(isServerAudience(audience, own), false));
}

test("isServerAudience() needs no token of ours: the names in the cluster and the address are enough", () => {
  const bare = { server: own.server, claims: undefined };
  assert.equal(isServerAudience("https://kubernetes.default.svc", bare), true);
  assert.equal(isServerAudience(own.server, bare), true);
  assert.equal(isServerAudience("sts.amazonaws.com", bare), false);
});

test("isServerAudience() refuses whatever our own token says, exactly as it says it", () => {
  fc.assert(
    fc.property(fc.string({ minLength: 1 }), (audience) => {
      assert.equal(isServerAudience(audience, { server: "https://a.example", claims: { audiences: [audience] } }), true);
      assert.equal(isServerAudience(audience, { server: "https://a.example", claims: { issuer: audience, audiences: [] } }), true);
    }),
    { numRuns: 300, interruptAfterTimeLimit: 2000 },
  );
});
