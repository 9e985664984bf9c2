import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { CliError } from "../../src/cli/cli-error.ts";
import { isLayout, parseLayout } from "../../src/cli/layout-image.ts";
import { digest, reports, signed, unsigned } from "./fixtures.ts";
import { FakeError, run } from "./session.ts";

describe("parseLayout()", () => {
  const rows: readonly (readonly [image: string, directory: string, digest: string | undefined, why: string])[] = [
    ["oci:build/web", "build/web", undefined, "a directory"],
    [`oci:build/web@${digest("a")}`, "build/web", digest("a"), "a directory and a digest"],
    [`oci:/abs/me@home@${digest("a")}`, "/abs/me@home", digest("a"), "a directory with @ in its name"],
    ["oci:me@home", "me@home", undefined, "what does not look like a digest belongs to the directory"],
    ["oci:sha256:a", "sha256:a", undefined, "a directory that is called like a digest"],
    ["oci:@sha256:a/b", "@sha256:a/b", undefined, "a directory below one that is"],
    ["oci:oci:x", "oci:x", undefined, "the scheme counts once"],
  ];
  for (const [image, directory, wanted, why] of rows)
    it(`reads ${image}: ${why}`, () =>
      assert.deepEqual(parseLayout(image), { directory, ...(wanted !== undefined && { digest: wanted }) }));

  for (const [image, message] of [
    ["oci:", '"oci:" names no directory'],
    [`oci:@${digest("a")}`, `"oci:@${digest("a")}" names no directory`],
    ["oci:web@sha256:", '"oci:web@sha256:" has "@" that no sha256 or sha512 digest in lower case follows'],
    [
      `oci:web@${digest("a").toUpperCase().replace("SHA", "sha")}`,
      `"oci:web@${digest("a").toUpperCase().replace("SHA", "sha")}" has "@" that no sha256 or sha512 digest in lower case follows`,
    ],
    ["oci:web@sha1:abc", '"oci:web@sha1:abc" has "@" that no sha256 or sha512 digest in lower case follows'],
  ] as const)
    it(`refuses ${image}`, () => assert.throws(() => parseLayout(image), { name: "CliError", code: "CLI_USAGE", message }));

  it("gives a directory back or refuses with CLI_USAGE, whatever it is given", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), (text) => {
        try {
          const { directory, digest: found } = parseLayout(`oci:${text}`);
          assert.equal(`${directory}${found === undefined ? "" : `@${found}`}`, text);
        } catch (error) {
          assert.ok(error instanceof CliError && error.code === "CLI_USAGE");
        }
      }),
    );
  });

  it("is asked only about what begins with oci:", () =>
    assert.deepEqual([isLayout("oci:x"), isLayout("docker.io/library/oci:x"), isLayout("OCI:x")], [true, false, false]));
});

describe("the command line", () => {
  it("asks for images as a pod's namespace would, and for directories as what they are called", async () => {
    const verify = async () => reports.get(signed) ?? assert.fail();
    const argv = ["verify", signed, "oci:web", "--in-namespace", "team-a", "--as", "acme.azurecr.io/prod/web"];
    const { requests, exit } = await run(argv, { answers: { verify } });
    assert.deepEqual(
      { exit, requests },
      {
        exit: 0,
        requests: [
          { image: signed, inNamespace: "team-a" },
          { image: "oci:web", inNamespace: "team-a", as: "acme.azurecr.io/prod/web" },
        ],
      },
    );
  });

  const refused: readonly (readonly [argv: readonly string[], message: string])[] = [
    [["verify", "oci:"], '"oci:" names no directory'],
    [["resolve", "oci:web@sha256:x"], '"oci:web@sha256:x" has "@" that no sha256 or sha512 digest in lower case follows'],
    [["discover", "oci:"], '"oci:" names no directory'],
    [["verify", signed, "--as", "acme.io/a"], "--as works with oci:DIR only: an image of a registry has its own name"],
    [["verify", "oci:web", "--as", "oci:web"], '--as: "oci:web" is no image reference'],
    [["verify", "oci:web", "--as", "nothing"], '"nothing" is no image reference: no repository after the registry'],
    [["verify", "oci:web", "--as", ""], "--as is empty"],
    [["verify", signed, "--in-namespace", "A"], '--in-namespace: "A" cannot be a namespace'],
    [
      ["verify", "oci:web", "--record", "f"],
      "--record takes an image of a registry: a directory holds what its verdict is made of already",
    ],
    [["explain", "oci:web"], '"oci:web" is a directory: no store and no credential is chosen for it'],
  ];
  for (const [argv, message] of refused)
    it(`exits 64 for ${argv.join(" ")}`, async () => {
      const { exit, stdout, stderr, requests } = await run(argv);
      assert.deepEqual(
        { exit, stdout, requests, first: stderr.split("\n")[0] },
        { exit: 64, stdout: "", requests: [], first: `error: ${message} (CLI_USAGE)` },
      );
    });

  it("exits 64 where nothing failed but a directory that cannot be used, 70 where more did, and 1 where an image is denied", async () => {
    const layout = async (image: string): Promise<never> => {
      throw new CliError("CLI_LAYOUT", `${image} cannot be read`, { advice: "name another" });
    };
    const verify = async (image: string) => {
      if (image.startsWith("oci:")) return await layout(image);
      return reports.get(image) ?? Promise.reject(new FakeError("FAKE_UNREADABLE", "gone"));
    };
    const exitOf = async (...images: readonly string[]): Promise<number> =>
      (await run(["verify", ...images], { answers: { verify } })).exit;
    assert.deepEqual(
      [await exitOf("oci:a"), await exitOf(signed, "oci:a"), await exitOf("oci:a", "acme.io/gone/a"), await exitOf("oci:a", unsigned)],
      [64, 64, 70, 1],
    );
    const { stderr } = await run(["verify", "oci:a"], { answers: { verify } });
    assert.equal(stderr, "error: oci:a cannot be read (CLI_LAYOUT)\nwhat to do: name another\n");
  });
});
