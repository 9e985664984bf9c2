import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, renameSync, rmSync, symlinkSync, utimesSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, beforeEach, describe, it } from "node:test";
import type { AuthProvider } from "../../src/keychain/ports.ts";
import { image } from "../oci/support.ts";
import { build, canary, dockerConfig, sent } from "./support.ts";

describe("dockerConfigAuth()", () => {
  let work = "";
  let root = "";
  before(() => {
    work = mkdtempSync(join(tmpdir(), "countersign-auth-"));
  });
  after(() => rmSync(work, { recursive: true, force: true }));
  beforeEach(() => {
    root = join(work, "root");
    rmSync(work, { recursive: true, force: true });
    mkdirSync(root, { recursive: true });
    write("config.json", { "ghcr.io": "me" });
    writeFileSync(join(work, "outside.json"), dockerConfig({ "ghcr.io": "outsider" }));
  });
  const write = (name: string, users: Readonly<Record<string, string>>): void => writeFileSync(join(root, name), dockerConfig(users));
  const provider = (path: string, fileRoot: string | undefined = root): AuthProvider =>
    build("dockerConfig", { path }, { registries: ["ghcr.io"], ...(fileRoot !== undefined && { fileRoot }) });
  /** Users that would be sent, or the reason for none. */
  const users = async (auth: AuthProvider): Promise<readonly (string | undefined)[]> =>
    (await sent(auth, "ghcr.io/app")).map((text) => (text.startsWith("basic ") ? text.split(" ")[1] : text));

  it("reads a file below the root, relative or absolute", async () => {
    assert.deepEqual(await users(provider("config.json")), ["me"]);
    assert.deepEqual(await users(provider(join(root, "config.json"))), ["me"]);
  });

  it("reads nothing before it is asked, and then says what it found", async () => {
    const auth = provider("config.json");
    assert.equal(auth.state().message, "The file of AuthProvider/acme is read when a credential is first needed");
    await users(auth);
    assert.deepEqual(auth.state(), {
      ready: true,
      reason: "Resolved",
      message: "The file of AuthProvider/acme has credentials",
      warnings: [],
    });
  });

  it("reads the file again when it has changed, and when it was replaced", async () => {
    const auth = provider("config.json");
    const first = await sent(auth, "ghcr.io/app");
    write("config.json", { "ghcr.io": "you" });
    const second = await sent(auth, "ghcr.io/app");
    assert.deepEqual(
      [first, second].map(([text]) => text?.split(" ")[1]),
      ["me", "you"],
    );
    assert.notEqual(first[0]?.split(" ")[2], second[0]?.split(" ")[2]);
    write("next.json", { "ghcr.io": "new" });
    utimesSync(join(root, "next.json"), 1, 1);
    renameSync(join(root, "next.json"), join(root, "config.json"));
    assert.deepEqual(await users(auth), ["new"]);
  });

  it("does not serve what it read once the file is gone, and recovers when it is back", async () => {
    const auth = provider("config.json");
    await users(auth);
    rmSync(join(root, "config.json"));
    assert.deepEqual(await sent(auth, "ghcr.io/app"), ["RefNotFound", "The file of AuthProvider/acme does not exist"]);
    assert.equal(auth.state().reason, "RefNotFound");
    write("config.json", { "ghcr.io": "back" });
    assert.deepEqual(await users(auth), ["back"]);
    assert.equal(auth.state().ready, true);
  });

  it("follows links within the root, as a mounted Secret has them", async () => {
    mkdirSync(join(root, "..data"));
    writeFileSync(join(root, "..data", "mounted.json"), dockerConfig({ "ghcr.io": "mounted" }));
    symlinkSync("..data/mounted.json", join(root, "link.json"));
    assert.deepEqual(await users(provider("link.json")), ["mounted"]);
  });

  it("takes a root that is a link itself", async () => {
    symlinkSync(root, join(work, "alias"));
    assert.deepEqual(await users(provider("config.json", join(work, "alias"))), ["me"]);
  });

  const escapes: readonly (readonly [why: string, prepare: () => string])[] = [
    ["a path with ..", () => "../outside.json"],
    ["an absolute path", () => join(work, "outside.json")],
    ["a path that leaves and comes back by another name", () => "../root/../outside.json"],
    ["a link to a file outside", () => link("../outside.json", "out.json")],
    ["a link to a directory outside", () => `${link("..", "up")}/outside.json`],
    ["a link to a link outside", () => (link("../outside.json", "hop"), link("hop", "hops"))],
    ["the root itself", () => "."],
    [
      "a directory whose name begins like the root's",
      () => {
        mkdirSync(join(work, "root-evil"));
        writeFileSync(join(work, "root-evil", "c.json"), dockerConfig({ "ghcr.io": "outsider" }));
        return "../root-evil/c.json";
      },
    ],
    ["a file of the system", () => "/dev/null"],
  ];
  const link = (to: string, name: string): string => (symlinkSync(to, join(root, name)), name);
  for (const [why, prepare] of escapes) {
    it(`refuses ${why}`, async () => {
      assert.deepEqual(await sent(provider(prepare()), "ghcr.io/app"), [
        "InvalidSpec",
        "The file of AuthProvider/acme is not below --file-root",
      ]);
    });
  }

  it("reads no file at all without a root, and says so before anyone asks", async () => {
    const auth = build("dockerConfig", { path: join(root, "config.json") }, { registries: ["ghcr.io"] });
    const refusal = { reason: "InvalidSpec", message: "The file of AuthProvider/acme cannot be read: --file-root is not set" };
    assert.deepEqual(auth.state(), { ready: false, ...refusal, warnings: [] });
    assert.deepEqual(auth.unavailable?.(image("ghcr.io/app")), refusal);
    assert.deepEqual(await sent(auth, "ghcr.io/app"), [refusal.reason, refusal.message]);
  });

  it("knows without reading that a repository is none of its own, and nothing of the file", () => {
    const auth = provider("config.json");
    assert.equal(auth.unavailable?.(image("quay.io/app"))?.reason, "HostNotAllowed");
    assert.equal(auth.unavailable?.(image("ghcr.io/app")), undefined);
  });

  it("refuses what is no regular file, and does not wait for a named pipe", async () => {
    mkdirSync(join(root, "directory"));
    execFileSync("mkfifo", [join(root, "pipe")]);
    for (const name of ["directory", "pipe"])
      assert.deepEqual(await sent(provider(name), "ghcr.io/app"), [
        "CredentialInvalid",
        "The file of AuthProvider/acme is not a regular file",
      ]);
  });

  it("refuses more than 1 MiB", async () => {
    writeFileSync(join(root, "config.json"), dockerConfig({ "ghcr.io": "x".repeat(1024 * 1024) }));
    assert.deepEqual(await sent(provider("config.json"), "ghcr.io/app"), [
      "CredentialInvalid",
      "The file of AuthProvider/acme is larger than 1048576 bytes",
    ]);
  });

  it("refuses credential helpers in so many words", async () => {
    writeFileSync(join(root, "config.json"), JSON.stringify({ auths: { "ghcr.io": {} }, credsStore: "desktop" }));
    assert.deepEqual(await sent(provider("config.json"), "ghcr.io/app"), [
      "CredentialInvalid",
      'The file of AuthProvider/acme has "credsStore": credential helpers are never run; put the credential itself into "auths"',
    ]);
  });

  it("does not repeat the content of a file that is no JSON, nor the path", async () => {
    writeFileSync(join(root, "config.json"), `${canary}{`);
    assert.deepEqual(await sent(provider("config.json"), "ghcr.io/app"), [
      "CredentialInvalid",
      "The file of AuthProvider/acme is not JSON",
    ]);
  });

  it("gives nothing for a repository that no own pattern matches, without reading", async () => {
    const auth = provider("gone.json");
    assert.equal((await sent(auth, "quay.io/app"))[0], "HostNotAllowed");
    assert.equal(auth.state().ready, true);
  });

  it("stops when its caller does", async () => {
    const controller = new AbortController();
    controller.abort(new DOMException("gone", "AbortError"));
    await assert.rejects(provider("config.json").credentials(image("ghcr.io/app"), controller.signal), { name: "AbortError" });
  });
});
