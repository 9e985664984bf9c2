import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { parseScheme } from "../../src/transport/realm.ts";
import type { Access } from "../../src/transport/request.ts";
import { TransportError } from "../../src/transport/transport-error.ts";

const at = (origin: string, tokenHosts: readonly string[] = []): Access => ({
  origin,
  credentials: [],
  tokenHosts,
  identity: "x",
  reach: "registry",
});
const bearer = (realm: string): { readonly scheme: string; readonly params: ReadonlyMap<string, string> } => ({
  scheme: "bearer",
  params: new Map([["realm", realm]]),
});

function outcome(access: Access, realm: string): string {
  try {
    const scheme = parseScheme([bearer(realm)], access);
    return scheme?.kind === "bearer" ? (scheme.sameOrigin ? "same" : scheme.declared ? "declared" : "built in") : "none";
  } catch (error) {
    assert.ok(error instanceof TransportError);
    return error.class;
  }
}

describe("parseScheme() (H5)", () => {
  const registry = at("https://registry.acme.io");
  const rows: readonly (readonly [string, Access, string, string])[] = [
    ["takes a realm on the registry's own origin", registry, "https://registry.acme.io/token", "same"],
    ["takes the same origin with its port written out", registry, "https://registry.acme.io:443/token", "same"],
    ["refuses another port of the same host", registry, "https://registry.acme.io:8443/token", "UnsafeEndpoint"],
    ["refuses plain http", registry, "http://registry.acme.io/token", "UnsafeEndpoint"],
    ["refuses another host", registry, "https://evil.example/token", "UnsafeEndpoint"],
    [
      "refuses a sibling under the same zone (the registrable-domain rule is wrong for clouds)",
      at("https://myacr.azurecr.io"),
      "https://evil.azurecr.io/token",
      "UnsafeEndpoint",
    ],
    ["refuses a host that merely begins like the registry", registry, "https://registry.acme.io.evil.example/token", "UnsafeEndpoint"],
    ["refuses userinfo that looks like the registry", registry, "https://registry.acme.io@evil.example/token", "UnsafeEndpoint"],
    ["refuses userinfo on the registry itself", registry, "https://user:pw@registry.acme.io/token", "UnsafeEndpoint"],
    ["refuses a fragment", registry, "https://registry.acme.io/token#x", "UnsafeEndpoint"],
    ["refuses a relative realm", registry, "/token", "UnsafeEndpoint"],
    ["refuses a backslash", registry, "https://registry.acme.io\\@evil.example/token", "UnsafeEndpoint"],
    ["refuses a tab, which URL parsers remove", registry, "https://registry.acme.io\t.evil.example/", "UnsafeEndpoint"],
    ["refuses characters that URL parsers map", registry, "https://registry。acme。io/token", "UnsafeEndpoint"],
    ["refuses other schemes", registry, "file:///etc/passwd", "UnsafeEndpoint"],
    ["refuses an empty realm", registry, "", "ProtocolError"],
    ["takes Docker Hub's token service", at("https://registry-1.docker.io"), "https://auth.docker.io/token", "built in"],
    ["takes GitLab's for its registry", at("https://registry.gitlab.com"), "https://gitlab.com/jwt/auth", "built in"],
    [
      "takes the token service of an Alibaba instance's own region",
      at("https://acme-registry.cn-hangzhou.cr.aliyuncs.com"),
      "https://dockerauth.cn-hangzhou.aliyuncs.com/auth",
      "built in",
    ],
    [
      "takes the other name of it",
      at("https://acme-registry.cn-hangzhou.cr.aliyuncs.com"),
      "https://dockerauth-ee.cn-hangzhou.aliyuncs.com/auth",
      "built in",
    ],
    [
      "takes that of all customers of a region",
      at("https://registry.cn-hangzhou.aliyuncs.com"),
      "https://dockerauth.cn-hangzhou.aliyuncs.com/auth",
      "built in",
    ],
    [
      "refuses it for a name that merely ends so",
      at("https://evil-registry.cn-hangzhou.aliyuncs.com"),
      "https://dockerauth.cn-hangzhou.aliyuncs.com/auth",
      "UnsafeEndpoint",
    ],
    [
      "takes the name that one region has",
      at("https://acme-registry.cn-zhangjiakou.cr.aliyuncs.com"),
      "https://dockerauth-cn-zhangjiakou.aliyuncs.com/auth",
      "built in",
    ],
    [
      "refuses that name for another region",
      at("https://acme-registry.cn-hangzhou.cr.aliyuncs.com"),
      "https://dockerauth-cn-hangzhou.aliyuncs.com/auth",
      "UnsafeEndpoint",
    ],
    [
      "refuses the token service of another region",
      at("https://acme-registry.cn-hangzhou.cr.aliyuncs.com"),
      "https://dockerauth.cn-shanghai.aliyuncs.com/auth",
      "UnsafeEndpoint",
    ],
    [
      "refuses Alibaba's token service for who is no instance",
      at("https://acme-registry.cn-hangzhou.cr.aliyuncs.com.evil.example"),
      "https://dockerauth.cn-hangzhou.aliyuncs.com/auth",
      "UnsafeEndpoint",
    ],
    [
      "refuses another host of an Alibaba instance's zone",
      at("https://acme-registry.cn-hangzhou.cr.aliyuncs.com"),
      "https://evil-registry.cn-hangzhou.cr.aliyuncs.com/auth",
      "UnsafeEndpoint",
    ],
    [
      "has nothing built in for an instance's name in a VPC",
      at("https://acme-registry-vpc.cn-hangzhou.cr.aliyuncs.com"),
      "https://dockerauth-vpc.cn-hangzhou.aliyuncs.com/auth",
      "UnsafeEndpoint",
    ],
    [
      "takes it where it is declared",
      at("https://acme-registry-vpc.cn-hangzhou.cr.aliyuncs.com", ["dockerauth-vpc.cn-hangzhou.aliyuncs.com"]),
      "https://dockerauth-vpc.cn-hangzhou.aliyuncs.com/auth",
      "declared",
    ],
    ["refuses Docker Hub's token service for anybody else: a pair, not a list", registry, "https://auth.docker.io/token", "UnsafeEndpoint"],
    [
      "refuses Docker Hub's token service in plain http",
      at("https://registry-1.docker.io"),
      "http://auth.docker.io/token",
      "UnsafeEndpoint",
    ],
    ["takes a declared token host", at("https://registry.acme.io", ["gitlab.acme.io"]), "https://gitlab.acme.io/jwt/auth", "declared"],
    [
      "refuses another port of a declared token host",
      at("https://registry.acme.io", ["gitlab.acme.io"]),
      "https://gitlab.acme.io:8443/jwt/auth",
      "UnsafeEndpoint",
    ],
    [
      "takes a declared token host with its port",
      at("https://registry.acme.io", ["gitlab.acme.io:8443"]),
      "https://gitlab.acme.io:8443/jwt/auth",
      "declared",
    ],
    [
      "refuses a declared token host in plain http",
      at("https://registry.acme.io", ["gitlab.acme.io"]),
      "http://gitlab.acme.io/jwt/auth",
      "UnsafeEndpoint",
    ],
    ["takes plain http on a registry that is plain http", at("http://localhost:5000"), "http://localhost:5000/token", "same"],
    ["refuses another host in plain http there too", at("http://localhost:5000"), "http://evil.example/token", "UnsafeEndpoint"],
  ];
  for (const [name, access, realm, expected] of rows) it(name, () => assert.equal(outcome(access, realm), expected));

  it("prefers Bearer to Basic, also where its realm is refused", () => {
    const basic = { scheme: "basic", params: new Map([["realm", "r"]]) };
    assert.equal(parseScheme([basic, bearer("https://registry.acme.io/token")], registry)?.kind, "bearer");
    assert.throws(() => parseScheme([basic, bearer("https://evil.example/token")], registry), { code: "TRANSPORT_UNSAFE_ENDPOINT" });
    assert.deepEqual(parseScheme([basic], registry), { kind: "basic" });
    assert.equal(parseScheme([{ scheme: "negotiate", params: new Map() }], registry), undefined);
  });

  it("never takes a realm of another origin, whatever stands in it", () => {
    const piece = fc.constantFrom(
      "https://",
      "http://",
      "registry.acme.io",
      "evil.example",
      "@",
      ":",
      ":443",
      ":8443",
      "/",
      "\\",
      "?",
      "#",
      ".",
      "%2e",
      "//",
      "token",
      " ",
      "\t",
    );
    fc.assert(
      fc.property(fc.array(piece, { minLength: 1, maxLength: 8 }), (pieces) => {
        try {
          const scheme = parseScheme([bearer(pieces.join(""))], registry);
          assert.equal(scheme?.kind === "bearer" && scheme.realm.origin, "https://registry.acme.io");
        } catch (error) {
          assert.ok(error instanceof TransportError);
        }
      }),
      { numRuns: 1000 },
    );
  });
});
