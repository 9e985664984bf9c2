import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { azureClouds } from "../../../src/auth/azure/clouds.ts";
import { loginServer } from "../../../src/auth/azure/login-server.ts";
import { parseReference } from "../../../src/oci/reference.ts";

const publicCloud = { registrySuffix: azureClouds.AzurePublic.registrySuffix, trustedHostSuffixes: [] };

/** What `loginServer` says of the registry of an image; `refused` where the image has no name that can be asked for. */
function check(image: string, options: Parameters<typeof loginServer>[1] = publicCloud): string {
  const parsed = parseReference(image);
  return parsed.ok ? (loginServer(parsed.value.repository, options)?.key ?? "none") : "refused";
}

describe("loginServer()", () => {
  const own: readonly (readonly [string, string])[] = [
    ["acmeregistry.azurecr.io/app", "acmeregistry.azurecr.io"],
    ["acme5.azurecr.io/app", "acme5.azurecr.io"],
    [`${"a".repeat(50)}.azurecr.io/app`, `${"a".repeat(50)}.azurecr.io`],
    ["acmeregistry-a1b2c3d4e5f6g7h8.azurecr.io/app", "acmeregistry-a1b2c3d4e5f6g7h8.azurecr.io"],
    ["acmeregistry.westeurope.geo.azurecr.io/app", "acmeregistry.westeurope.geo.azurecr.io"],
    ["acmeregistry-a1b2.westeurope.geo.azurecr.io/app", "acmeregistry-a1b2.westeurope.geo.azurecr.io"],
    ["ACMEREGISTRY.AzureCR.io/app", "acmeregistry.azurecr.io"],
    ["acmeregistry.azurecr.io:443/app", "acmeregistry.azurecr.io"],
  ];
  for (const [image, key] of own) it(`takes ${image}`, () => assert.equal(check(image), key));

  const foreign: readonly (readonly [string, string])[] = [
    ["a name that goes on", "acmeregistry.azurecr.io.evil.example/app"],
    ["a suffix that only looks like it", "acmeregistryazurecr.io/app"],
    ["a suffix within a label", "evil-azurecr.io/app"],
    ["the suffix alone", "azurecr.io/app"],
    ["the suffix as a path", "evil.example/acmeregistry.azurecr.io/app"],
    ["another port", "acmeregistry.azurecr.io:8443/app"],
    ["a dot at the end", "acmeregistry.azurecr.io./app"],
    ["an empty label", "acmeregistry..azurecr.io/app"],
    ["a user", "acmeregistry.azurecr.io@evil.example/app"],
    ["a user in front", "evil.example@acmeregistry.azurecr.io/app"],
    ["a percent sign", "acmeregistry.azurecr.io%2eevil.example/app"],
    ["a back slash", "acmeregistry.azurecr.io\\@evil.example/app"],
    ["a tab", "acmeregistry.azurecr.io\t.evil.example/app"],
    ["a homograph", "acmeregistry.аzurecr.io/app"],
    ["a full-width dot", "acmeregistry。azurecr。io/app"],
    ["a homograph as it is resolved", "acmeregistry.xn--zurecr-2fg.io/app"],
    ["a registry with a name in another script", "xn--acmeregistry-abc.azurecr.io/app"],
    ["a label too many", "evil.acmeregistry.azurecr.io/app"],
    ["a data endpoint", "acmeregistry.westeurope.data.azurecr.io/app"],
    ["a regional host without its region", "acmeregistry.geo.azurecr.io/app"],
    ["a regional host with two regions", "acmeregistry.west.europe.geo.azurecr.io/app"],
    ["a region alone", "westeurope.geo.azurecr.io/app"],
    ["a name that is too short", "acme.azurecr.io/app"],
    ["a name that is too long", `${"a".repeat(51)}.azurecr.io/app`],
    ["a name with two hyphens", "acme-registry-a1b2.azurecr.io/app"],
    ["a name that begins with a hyphen", "-acmeregistry.azurecr.io/app"],
    ["a name that ends with a hyphen", "acmeregistry-.azurecr.io/app"],
    ["a wildcard", "*.azurecr.io/app"],
    ["another cloud's registry", "acmeregistry.azurecr.us/app"],
    ["a third cloud's registry", "acmeregistry.azurecr.cn/app"],
    ["Microsoft's own public registry", "mcr.microsoft.com/app"],
    ["the storage that blobs are redirected to", "acmeregistry.blob.core.windows.net/app"],
    ["Entra itself", "login.microsoftonline.com/app"],
    ["another company's cloud", "123456789012.dkr.ecr.eu-west-1.amazonaws.com/app"],
  ];
  for (const [what, image] of foreign) {
    it(`takes no ${what.replace(/^(an?|the) /, "")}: ${image.slice(0, 60)}`, () => assert.match(check(image), /^(none|refused)$/));
  }

  it("takes the registries of its own cloud only, in each of the clouds", () => {
    for (const [name, { registrySuffix }] of Object.entries(azureClouds)) {
      for (const [other, { registrySuffix: suffix }] of Object.entries(azureClouds)) {
        const image = `acmeregistry${suffix}/app`;
        assert.equal(check(image, { registrySuffix, trustedHostSuffixes: [] }) !== "none", name === other, `${image} in ${name}`);
      }
    }
  });

  it("takes any host below a suffix that an administrator vouches for, by whole labels and without a port", () => {
    const options = { ...publicCloud, trustedHostSuffixes: [".azurecr.acme.example"] };
    assert.equal(check("acr.azurecr.acme.example/app", options), "acr.azurecr.acme.example");
    assert.equal(check("acmeregistry.azurecr.io/app", options), "acmeregistry.azurecr.io");
    for (const image of [
      "azurecr.acme.example/app",
      "evilazurecr.acme.example/app",
      "acr.azurecr.acme.example.evil.example/app",
      "acr.azurecr.acme.example:5000/app",
      "acr.acme.example/app",
    ])
      assert.equal(check(image, options), "none", image);
  });

  it("takes no host but a registry name and the cloud's suffix, however the two are put together", () => {
    const label = fc.stringMatching(/^[a-z0-9]([-a-z0-9]{0,12}[a-z0-9])?$/);
    const piece = fc.oneof(
      label,
      fc.constantFrom(
        "azurecr",
        "io",
        "us",
        "geo",
        "data",
        "azurecr.io",
        ".azurecr.io",
        "evil.example",
        "acmeregistry",
        "acmeregistry.azurecr.io",
      ),
    );
    const joint = fc.constantFrom("", "", ".", "-", "..", "@", ":443", ":80", "%2e", "/", "\\");
    let taken = 0;
    fc.assert(
      fc.property(fc.array(fc.tuple(piece, joint), { minLength: 1, maxLength: 4 }), (parts) => {
        const key = check(`${parts.map(([text, after]) => text + after).join("")}/app`);
        if (key === "none" || key === "refused") return;
        taken += 1;
        const labels = key.split(".");
        assert.deepEqual(labels.slice(-2), ["azurecr", "io"]);
        assert.ok(labels.length === 3 || (labels.length === 5 && labels[2] === "geo"), key);
      }),
      { numRuns: 3000 },
    );
    assert.ok(taken > 0);
  });
});
