import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { SeenRequest, SiteAnswer } from "../../support/cloud/internet.ts";
import { type AttackScene, attack, carried, evil } from "./scene.ts";
import { secretTypes, subjects } from "./subjects.ts";

const metadata = "169.254.169.254:80";
const isManifest = ({ path }: SeenRequest): boolean => path.includes("/manifests/");
const redirect = (location: string, status = 307): SiteAnswer => ({ status, headers: { location } });
const challenge = (realm: string, more = ""): SiteAnswer => ({
  status: 401,
  headers: { "www-authenticate": `Bearer realm="${realm}",service="x"${more}` },
});

/** How the registry, or whoever has taken it over, tries to have the credential sent to somebody else. */
const misleadings: readonly {
  readonly id: string;
  readonly what: string;
  readonly trick: (host: string) => (request: SeenRequest) => SiteAnswer | undefined;
  readonly outcome: RegExp;
}[] = [
  {
    id: "CVE-2026-33540 GHSA-3p65-76g6-3w7r",
    what: "a realm on another host, in every answer",
    trick: () => (request) =>
      request.path.startsWith("/v2/") && request.method === "GET" ? challenge(`https://${evil}/token`) : undefined,
    outcome: /^UnsafeEndpoint$|^AuthenticationFailed$/,
  },
  {
    id: "CVE-2019-10214",
    what: "a realm in plain http",
    trick: (host) => (request) =>
      request.path.startsWith("/v2/") && request.method === "GET" ? challenge(`http://${host}/token`) : undefined,
    outcome: /^UnsafeEndpoint$|^AuthenticationFailed$/,
  },
  {
    id: "go-containerregistry #2193",
    what: "a realm that is the metadata service",
    trick: () => (request) =>
      request.path.startsWith("/v2/") && request.method === "GET" ? challenge("https://169.254.169.254/latest") : undefined,
    outcome: /^UnsafeEndpoint$|^AuthenticationFailed$/,
  },
  {
    id: "devcontainers/cli #1276 #1278",
    what: "a realm with a user, and a service and a scope with more in them",
    trick: (host) => (request) =>
      request.path.startsWith("/v2/") && request.method === "GET"
        ? challenge(`https://${host}@${evil}/token`, ',scope="repository:other/app:pull,push&service=y#"')
        : undefined,
    outcome: /^UnsafeEndpoint$|^AuthenticationFailed$/,
  },
  ...(
    [
      ["CVE-2026-48978 GHSA-xf85-363p-868w", "to another host", `https://${evil}/v2/acme/app/manifests/1`],
      ["GHSA-28r5-37g7-p6mp", "to another host by a path without a scheme", `//${evil}/v2/acme/app/manifests/1`],
      ["GHSA-vh4v-2xq2-g5cg CVE-2020-15157", "to storage, which asks for a password", `https://${evil}/signed?signature=abc`],
      ["CVE-2024-30260 CVE-2024-24758 CVE-2023-45143", "to another host with the same path", `https://${evil}/v2/acme/app/manifests/1`],
    ] as const
  ).map(([id, where, location]) => ({
    id,
    what: `a redirect ${where}`,
    trick: () => (request: SeenRequest) => (isManifest(request) ? redirect(location) : undefined),
    outcome: /^200$|^AuthenticationFailed$/,
  })),
  {
    id: "GHSA-jxpm-75mh-9fp7",
    what: "a redirect to the metadata service",
    trick: () => (request) => (isManifest(request) ? redirect("http://169.254.169.254/latest/meta-data") : undefined),
    outcome: /^UnsafeEndpoint$/,
  },
  {
    id: "CVE-2021-32690",
    what: "a next page on another host",
    trick: () => (request) =>
      isManifest(request) ? { status: 200, headers: { link: `<https://${evil}/v2/acme/app/manifests/2>; rel="next"` } } : undefined,
    outcome: /^UnsafeEndpoint$|^200$/,
  },
];

/** Everything of a scene whose image was read, and the attacker's part of it. */
async function withTrick(type: (typeof secretTypes)[number], row: (typeof misleadings)[number], warm: boolean): Promise<void> {
  await using scene = await attack(type);
  const name = `${scene.host}/acme/app`;
  // A registry that was honest for long is believed no more than one that never was.
  if (warm) assert.equal(await scene.read(name), "200");
  const honest = metadataAsked(scene);
  scene.mislead(row.trick(scene.host));
  assert.match(await scene.read(name), row.outcome);
  assert.deepEqual(carried(scene.internet.at(evil)), [], "nothing of worth reached the attacker");
  assert.deepEqual(plainly(scene), [], "nothing of worth went in plain http");
  if (warm) assert.equal(metadataAsked(scene), honest, "the metadata service is not asked for a registry");
}

const metadataAsked = ({ internet }: AttackScene): number => internet.at(metadata).length;
/** What arrived in plain HTTP anywhere but at a metadata service. */
const plainly = ({ internet }: AttackScene): readonly string[] =>
  internet.requests.filter(({ site }) => site.endsWith(":80") && site !== metadata).map(({ site }) => site);

describe("a registry that sends its callers elsewhere", () => {
  for (const row of misleadings)
    for (const type of secretTypes)
      it(`${row.id}, ${type}: ${row.what} gets nobody the credential`, async () => {
        await withTrick(type, row, false);
        await withTrick(type, row, true);
      });

  for (const type of secretTypes)
    it(`go-containerregistry #2193, ${type}: a token service is not followed to the metadata service`, async () => {
      await using scene = await attack(type);
      const tokenSites = new Set([scene.host, "dockerauth.cn-hangzhou.aliyuncs.com"]);
      for (const site of tokenSites) {
        const isTokenPath = ({ path }: SeenRequest): boolean => site !== scene.host || /^\/(v2\/token|token|oauth2)/.test(path);
        if (site === scene.host) scene.mislead((request) => (isTokenPath(request) ? redirect(`https://${evil}/latest`) : undefined));
        else scene.internet.set(site, () => redirect(`https://${evil}/latest`));
      }
      const outcome = await scene.read(`${scene.host}/acme/app`);
      assert.match(outcome, subjects[type].wants === "basic" ? /^200$/ : /^UnsafeEndpoint$|^CredentialUnavailable RegistryRefused$/);
      assert.deepEqual(scene.internet.at(evil), []);
    });

  for (const type of secretTypes)
    it(`CVE-2024-3727, ${type}: a digest that is a path makes no request`, async () => {
      await using scene = await attack(type);
      for (const digest of ["../../x", "sha256:..%2f..%2fx", "sha256:a/../../../../other/app/manifests/1"])
        assert.equal(await scene.read(`${scene.host}/acme/app`, ["manifests", digest]), "Internal");
      assert.ok(scene.internet.at(scene.host).every(({ path }) => !/[.]{2}|%/.test(path.split("?")[0] ?? "")));
    });
});
